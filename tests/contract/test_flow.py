"""The map of who publishes and who consumes what, held against the services themselves."""

import importlib
import inspect
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, get_args, get_type_hints

import pytest
from contract.examples import TYPES, event, record

from postroom_contracts import Event, Topic, event_types
from postroom_contracts.flow import PARTS, TOPICS, by_topic
from postroom_plumbing.consume import Handler
from postroom_plumbing.service import Service
from postroom_plumbing.settings import ServiceSettings
from postroom_plumbing.wire import decode

GIVEN: dict[str, Any] = {
    "mongo_url": "mongodb://127.0.0.1:1/?directConnection=true",
    "http_port": 1,
    "secret": "a secret of sixteen and more",
    "internal_token": "a token of sixteen and more",
    "admin_password": "a password",
    "admin_token": "a token of sixteen and more",
    "portal_url": "https://help.example.com",
    "smarthost_url": "smtp://127.0.0.1:1",
}
Build = Callable[[Service[Any]], Coroutine[Any, Any, None]]


class Listed(Service[ServiceSettings]):
    """A process that is only built, never started, and says what it would consume."""

    def __init__(self, name: str, settings: ServiceSettings) -> None:
        super().__init__(name, settings)
        self.consumed: list[type[Event]] = []

    def consume(self, group: str, types: Sequence[type[Event]], handle: Handler) -> None:  # noqa: ARG002 - as its base
        self.consumed += types

    async def close(self) -> None:
        """Let go of the clients."""
        self.client.close()
        await self.redis.aclose()
        await self._cluster.close()


def builds(service: str) -> list[Build]:
    """The functions of a service's app.py that wire its processes."""
    app = importlib.import_module(f"postroom_{service}.app")
    return [
        function
        for name, function in vars(app).items()
        if name.startswith("build") and inspect.iscoroutinefunction(function) and function.__module__ == app.__name__
    ]


async def consumed(service: str) -> set[type[Event]]:
    """The events that a service's processes register for."""
    found: set[type[Event]] = set()
    for build in builds(service):
        (settings,) = get_args(get_type_hints(build)["service"])
        process = Listed(service, settings(**{key: GIVEN[key] for key in GIVEN if key in settings.model_fields}))
        try:
            await build(process)
        finally:
            await process.close()
        found |= set(process.consumed)
    return found


@pytest.mark.parametrize("service", PARTS)
async def test_a_service_consumes_what_the_map_says(service: str) -> None:
    assert {one.type for one in await consumed(service)} == {one.type for one in PARTS[service].receives}


@pytest.mark.parametrize("service", PARTS)
async def test_every_example_reaches_its_consumers_and_no_others(service: str) -> None:
    models = {model.type: model for model in await consumed(service)}
    assert models.keys() <= event_types().keys()
    for name in TYPES:
        received = decode(record(name), models)
        if name in models:
            assert received is not None
            assert received.event == event(name)
        else:
            assert received is None


def test_every_event_has_one_publisher() -> None:
    publishers = {name: [one for one, part in PARTS.items() if event_types()[name] in part.sends] for name in TYPES}
    assert {name: len(found) for name, found in publishers.items()} == dict.fromkeys(TYPES, 1)


def test_every_topic_is_described_and_read() -> None:
    assert set(TOPICS) == set(Topic)
    assert set(by_topic(tuple(one for part in PARTS.values() for one in part.receives))) == set(Topic)
