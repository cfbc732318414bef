"""Helps tests of services: a process that is built but not started, fed by hand, and a look at what it stated."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from postroom_contracts import Event, event_types, headers
from postroom_contracts.config import SettingChanged
from postroom_plumbing.consume import Handler
from postroom_plumbing.mongo import Database
from postroom_plumbing.outbox import COLLECTION
from postroom_plumbing.service import Service
from postroom_plumbing.settings import ServiceSettings
from postroom_plumbing.unit import Unit
from postroom_plumbing.wire import Received

S = TypeVar("S", bound=ServiceSettings)
T = TypeVar("T")
SECRET = "a secret for tests only"  # noqa: S105 - it keeps nothing secret
TOKEN = "an internal token for tests only"  # noqa: S105 - see above
BEARER = {"Authorization": f"Bearer {TOKEN}"}


class Servers(Protocol):
    """Where the real servers of a test answer."""

    @property
    def kafka_url(self) -> str: ...
    @property
    def mongo_url(self) -> str: ...
    @property
    def redis_url(self) -> str: ...


def settings_for(model: type[S], servers: Servers, namespace: str, **other: Any) -> S:
    """`model` with what every service needs, and `other` fields on top."""
    given = {
        "kafka_url": servers.kafka_url,
        "mongo_url": servers.mongo_url,
        "redis_url": servers.redis_url,
        "namespace": namespace,
        "http_port": 1,
        "secret": SECRET,
        "internal_token": TOKEN,
    }
    return model.model_validate(given | other)


async def feed(service: Service[Any], handle: Handler, *events: Event) -> None:
    """Have these events handled as one batch in one transaction; settings go into the service's view, as ever."""
    changed = [event for event in events if isinstance(event, SettingChanged)]
    rest = [event for event in events if not isinstance(event, SettingChanged)]

    async def work(unit: Unit) -> None:
        if changed:
            await service.view.apply(changed, unit)
        if rest:
            await handle([Received(event, f"e{index}", None) for index, event in enumerate(rest)], unit)

    await service.units.run(work)
    if changed:
        await service.view.refresh()


async def stated(database: Database) -> list[Event]:
    """Every event in the outbox of a service's database, in the order in which they were stated."""
    types = event_types()
    records = [record async for document in database[COLLECTION].find() for record in document["events"]]
    return [
        types[dict(record["headers"])[headers.TYPE].decode()].model_validate_json(record["value"])
        for record in sorted(records, key=lambda record: str(record["id"]))
    ]


async def until(ask: Callable[[], Awaitable[T]], good: Callable[[T], bool], what: str, seconds: float = 20.0) -> T:
    """Ask again and again until the answer is good; the failure names `what` was waited for and the last answer."""
    deadline = time.monotonic() + seconds
    while not good(answer := await ask()):
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds:g} s still no {what}; last seen: {answer!r}"[:2000])
        await asyncio.sleep(0.05)
    return answer


async def let_go(service: Service[Any]) -> None:
    """Drop the database of a service that was never started, and close its clients."""
    await service.client.drop_database(service.database.name)
    await service.stop()
