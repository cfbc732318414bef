"""How services consume: FastStream's defaults would acknowledge an event before it was handled."""

from typing import Any, get_args, get_type_hints

import pytest
from contract.test_flow import GIVEN, Build, builds
from faststream import AckPolicy

from postroom_contracts.flow import PARTS
from postroom_plumbing.service import Service


async def subscribers(service: str, build: Build) -> list[Any]:
    """The subscribers of one process of a service, which is built and never started."""
    (settings,) = get_args(get_type_hints(build)["service"])
    process = Service(service, settings(**{key: GIVEN[key] for key in GIVEN if key in settings.model_fields}))
    try:
        await build(process)
        return list(process._broker.subscribers)
    finally:
        await process.stop()


@pytest.mark.parametrize("service", PARTS)
async def test_every_subscriber_names_its_group_and_acknowledges_nothing_by_itself(service: str) -> None:
    found = [one for build in builds(service) for one in await subscribers(service, build)]
    groups = [one.group_id for one in found]
    assert all(group and group.startswith(f"postroom-{service}") for group in groups)
    assert len(groups) == len(set(groups))
    for one in found:
        assert one.ack_policy is AckPolicy.MANUAL
        assert one._connection_args["enable_auto_commit"] is False
        assert one._connection_args["auto_offset_reset"] == "earliest"
        assert one._no_reply
        assert one._listener is not None


async def test_every_service_but_none_too_few_consumes() -> None:
    consuming = {service for service in PARTS for build in builds(service) if await subscribers(service, build)}
    assert consuming == {service for service, part in PARTS.items() if part.receives}
