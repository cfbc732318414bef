"""Positions on the real MongoDB: they only ever move on from where they are."""

from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from postroom_plumbing.errors import StaleError
from postroom_plumbing.mongo import Database, connect, database
from postroom_plumbing.positions import Positions

from .conftest import MakeSettings

P0, P1 = TopicPartition("t", 0), TopicPartition("t", 1)


def records(*offsets: int, partition: TopicPartition = P0) -> list[Any]:
    return [SimpleNamespace(topic=partition.topic, partition=partition.partition, offset=one) for one in offsets]


@pytest.fixture
async def store(make_settings: MakeSettings) -> AsyncIterator[Database]:
    client = connect(make_settings())
    yield database(client, make_settings(), "positions")
    client.close()


async def work(positions: Positions, batch: Sequence[Any]) -> None:
    """What a consumer does with a batch once it is committed."""
    await positions.move(batch, None)
    positions.committed(batch)
    positions.reached(batch)


async def one(store: Database, *partitions: TopicPartition) -> Positions:
    """A process that was given these partitions."""
    positions = Positions(store, "g")
    positions.cluster = "c"
    await positions.load(partitions)
    return positions


def in_memory(stored: dict[TopicPartition, int | None]) -> Positions:
    positions = Positions({"positions": None}, "g")  # type: ignore[arg-type]
    positions._stored = stored
    positions._next = {partition: offset for partition, offset in stored.items() if offset is not None}
    return positions


@given(st.lists(st.integers(0, 50), unique=True), st.lists(st.integers(1, 20), max_size=8))
def test_every_record_is_fresh_once_however_the_batches_fall(offsets: list[int], sizes: list[int]) -> None:
    log = records(*sorted(offsets))
    positions = in_memory({P0: None})
    taken: list[int] = []
    start = 0
    for size in [*sizes, 60]:
        batch = positions.fresh(log[max(0, start - 3) : start + size])  # some are read again
        taken += [record.offset for record in batch]
        positions.reached(batch)
        start += size
    assert taken == sorted(offsets)


@given(st.integers(0, 30), st.lists(st.integers(0, 40)))
def test_nothing_before_the_position_and_nothing_of_another_partition_is_fresh(at: int, offsets: list[int]) -> None:
    positions = in_memory({P0: at})
    batch = positions.fresh([*records(*offsets), *records(*offsets, partition=P1)])
    assert [record.offset for record in batch] == [offset for offset in offsets if offset >= at]
    assert {record.partition for record in batch} <= {0}


@pytest.mark.connected
async def test_a_process_goes_on_where_the_last_one_was(store: Database) -> None:
    first = await one(store, P0)
    await work(first, records(0, 1, 5))
    second = await one(store, P0, P1)
    assert [record.offset for record in second.fresh(records(4, 5, 6, 7))] == [6, 7]
    assert second.fresh(records(0, partition=P1))


@pytest.mark.connected
async def test_of_two_that_believe_a_partition_theirs_one_is_refused(store: Database) -> None:
    for start in (0, 10):  # where nothing is stored yet, and where something is
        first, second = await one(store, P0), await one(store, P0)
        await work(first, records(start, start + 1))
        with pytest.raises(StaleError):
            await second.move(records(start, start + 1, start + 2), None)
        await second.reload()
        left = second.fresh(records(start, start + 1, start + 2))
        assert [record.offset for record in left] == [start + 2]
        await work(second, left)


@pytest.mark.connected
async def test_a_transaction_run_again_does_not_move_a_position_back(store: Database) -> None:
    """Its partition went away, was worked on by somebody else, and came back while the transaction was under way."""
    slow, other = await one(store, P0), await one(store, P0)
    batch = slow.fresh(records(0, 1, 2))
    await work(other, records(0, 1, 2, 3, 4))
    await slow.load([P0])
    with pytest.raises(StaleError):
        await slow.move(batch, None)
    assert slow.fresh(batch) == []


@pytest.mark.connected
async def test_a_partition_taken_away_is_refused(store: Database) -> None:
    positions = await one(store, P0)
    await positions.load([P1])
    with pytest.raises(StaleError):
        await positions.move(records(0), None)


@pytest.mark.connected
async def test_reading_again_keeps_the_partitions_given_meanwhile(
    store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    positions = await one(store, P0)
    find = Positions._find

    async def while_others_are_given(self: Positions, partitions: Any) -> dict[TopicPartition, int]:
        found = await find(self, partitions)
        monkeypatch.undo()
        await self.load([P1])
        return found

    monkeypatch.setattr(Positions, "_find", while_others_are_given)
    await positions.reload()
    assert positions.fresh(records(0, partition=P1))
    assert not positions.fresh(records(0))


@pytest.mark.connected
async def test_another_cluster_begins_at_the_beginning(store: Database) -> None:
    await work(await one(store, P0), records(0, 1, 2))
    elsewhere = Positions(store, "g")
    elsewhere.cluster = "another"
    assert await elsewhere.load([P0]) == {}
    assert len(elsewhere.fresh(records(0, 1))) == 2
