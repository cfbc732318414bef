"""Leases on the real MongoDB: shared fairly, never held twice, taken over from the dead."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence

import pytest

from postroom_plumbing.leases import LEASE_SECONDS, RENEW_SECONDS, Leases
from postroom_plumbing.mongo import Database, connect, database

from .conftest import MakeSettings

pytestmark = pytest.mark.connected

NAMES = ("a", "b", "c", "d", "e")


@pytest.fixture
async def store(make_settings: MakeSettings) -> AsyncIterator[Database]:
    client = connect(make_settings())
    yield database(client, make_settings(), "leases")
    client.close()


async def rounds(members: Sequence[Leases], count: int = 3) -> list[int]:
    """Let everybody renew so often; how many each then holds. No lease is ever held twice."""
    for _ in range(count):
        for one in members:
            await one.renew()
            held = Counter(name for member in members for name in member.held())
            assert max(held.values(), default=0) <= 1
    return [len(one.held()) for one in members]


async def test_they_are_shared_when_somebody_joins_and_taken_when_somebody_leaves(store: Database) -> None:
    first, second, third = (Leases(store, "work", NAMES) for _ in range(3))
    assert await rounds([first]) == [5]
    assert await rounds([first, second]) == [3, 2]
    assert sorted(await rounds([first, second, third])) == [1, 2, 2]
    await first.release()
    assert first.held() == []
    assert await rounds([second, third]) == [3, 2]


async def test_more_processes_than_leases(store: Database) -> None:
    members = [Leases(store, "work", ["only"]) for _ in range(4)]
    assert sum(await rounds(members)) == 1


async def test_kinds_have_nothing_to_do_with_each_other(store: Database) -> None:
    assert await rounds([Leases(store, "work", NAMES)]) == [5]
    assert await rounds([Leases(store, "play", NAMES)]) == [5]


async def test_those_who_begin_at_once_never_hold_the_same(store: Database) -> None:
    members = [Leases(store, "work", NAMES) for _ in range(4)]
    for _ in range(6):
        await asyncio.gather(*(one.renew() for one in members))
        assert max(Counter(name for one in members for name in one.held()).values()) == 1
    assert sum(len(one.held()) for one in members) == 5


async def test_those_of_a_dead_process_are_taken_over_and_it_knows_first(store: Database) -> None:
    """The dead one trusts its leases no longer by its own clock before anybody else can have them."""
    dead, heir = Leases(store, "work", NAMES), Leases(store, "work", NAMES)
    await rounds([dead])
    killed = time.monotonic()
    keeper = asyncio.create_task(heir.keep())
    try:
        async with asyncio.timeout(LEASE_SECONDS + 2 * RENEW_SECONDS):
            while len(heir.held()) < len(NAMES):
                assert not (heir.held() and dead.held())
                await asyncio.sleep(0.02)
    finally:
        keeper.cancel()
    assert LEASE_SECONDS - 0.5 < time.monotonic() - killed < LEASE_SECONDS + RENEW_SECONDS + 1
    assert dead.held() == []
