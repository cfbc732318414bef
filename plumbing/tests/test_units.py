"""Units of work on the real MongoDB."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest
from given import ServerUrls
from pymongo.errors import PyMongoError, ServerSelectionTimeoutError

from postroom_plumbing.mongo import unreachable
from postroom_plumbing.service import Service
from postroom_plumbing.testing import stated
from postroom_plumbing.unit import Unit
from postroom_plumbing.wakeup import Wakeup

from .conftest import MakeSettings
from .toy import ToySettings, decision

pytestmark = pytest.mark.connected


@pytest.fixture
async def service(make_settings: MakeSettings) -> AsyncIterator[Service[ToySettings]]:
    service = Service("toy", make_settings())
    yield service
    await service.stop()


async def test_state_and_events_are_committed_together_or_not_at_all(service: Service[ToySettings]) -> None:
    async def work(unit: Unit) -> None:
        await service.database["state"].insert_one({"_id": 1}, session=unit.session)
        unit.emit(decision("k"))
        if failing:
            raise ValueError("half way")

    failing = True
    with pytest.raises(ValueError, match="half way"):
        await service.units.run(work)
    assert await service.database["state"].count_documents({}) == 0
    assert await stated(service.database) == []
    failing = False
    await service.units.run(work)
    assert [one.key for one in await stated(service.database)] == ["k"]


async def test_rivals_for_one_document_all_succeed(service: Service[ToySettings]) -> None:
    counters = service.database["counters"]
    await counters.insert_one({"_id": 1, "n": 0})
    tried: list[int] = []
    counted: list[int] = []

    async def work(unit: Unit) -> None:
        (found,) = [one["n"] async for one in counters.find(session=unit.session)]
        tried.append(found)
        unit.after(lambda: counted.append(found))
        await counters.update_one({"_id": 1}, {"$set": {"n": found + 1}}, session=unit.session)
        unit.emit(decision("k", found + 1))

    await asyncio.gather(*(service.units.run(work) for _ in range(20)))
    assert await counters.count_documents({"n": 20}) == 1
    numbers = [one.sequence for one in await stated(service.database)]
    assert numbers == list(range(1, 21))
    assert sorted(counted) == list(range(20)), "what is done afterwards is done once"
    assert len(tried) > 20, "however often it was tried"


async def test_a_cancelled_unit_leaves_nothing_behind_and_holds_nobody_up(service: Service[ToySettings]) -> None:
    counters = service.database["counters"]
    await counters.insert_one({"_id": 1, "n": 0})
    under_way = asyncio.Event()

    async def count(unit: Unit) -> None:
        await counters.update_one({"_id": 1}, {"$inc": {"n": 1}}, session=unit.session)

    async def linger(unit: Unit) -> None:
        await count(unit)
        under_way.set()
        await asyncio.sleep(30)

    lingering = asyncio.create_task(service.units.run(linger))
    await under_way.wait()
    lingering.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await lingering
    async with asyncio.timeout(2):
        await service.units.run(count)
    assert await counters.count_documents({"n": 1}) == 1


@pytest.fixture
async def frozen_redis() -> AsyncIterator[str]:
    """A Redis that takes connections and never answers."""
    held = []
    server = await asyncio.start_server(lambda *ends: held.append(ends), "127.0.0.1", 0)
    yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    server.close()


@pytest.mark.parametrize("redis", ["frozen", "gone"])
async def test_without_redis_units_go_on(make_settings: MakeSettings, frozen_redis: str, redis: str) -> None:
    url = frozen_redis if redis == "frozen" else "redis://127.0.0.1:1/0"
    service = Service("toy", make_settings(redis_url=url))

    async def work(unit: Unit) -> None:
        unit.emit(decision("k"))

    began = time.monotonic()
    for _ in range(3):
        await service.units.run(work)
    assert time.monotonic() - began < 3
    await service.stop()


async def test_a_wake_up_reaches_other_processes_also_after_redis_had_gone(
    make_settings: MakeSettings, servers: ServerUrls
) -> None:
    here, there = (Service("toy", make_settings()) for _ in range(2))
    listener = asyncio.create_task(there.wakeup.listen())
    try:
        for _ in range(2):
            async with asyncio.timeout(5):
                while not await _woken(here.wakeup, there.wakeup):
                    pass
            await there.redis.connection_pool.disconnect()
    finally:
        listener.cancel()
        await here.stop()
        await there.stop()


async def _woken(here: Wakeup, there: Wakeup) -> bool:
    there.clear()
    await here.set_everywhere()
    await there.wait(0.1)
    return there._event.is_set()


async def test_a_wrong_request_is_no_unreachable_store(service: Service[ToySettings]) -> None:
    with pytest.raises(PyMongoError) as wrong:
        await service.client.admin.command("no such command")
    assert not unreachable(wrong.value)
    assert unreachable(ServerSelectionTimeoutError("away"))
    assert not unreachable(ValueError())
