"""A consumer on real servers: every event once, whatever fails, and nothing passed over."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiokafka import TopicPartition
from given import ServerUrls
from kafka_log import LoggedRecord, read_topics

from postroom_contracts import Event, headers
from postroom_plumbing.positions import Positions
from postroom_plumbing.service import Service

from .conftest import MakeSettings
from .support import Cable, Raw, as_raw, produce, until
from .toy import Toy, decision, running

pytestmark = pytest.mark.connected

Seen = list[tuple[str, int]]


@pytest.fixture
async def toy(make_settings: MakeSettings) -> Toy:
    return Toy(Service("toy", make_settings()))


@pytest.fixture
def cable(servers: ServerUrls) -> Iterator[Cable]:
    """A connection to MongoDB that can be cut."""
    address = urlsplit(servers.mongo_url)
    cable = Cable(address.hostname or "127.0.0.1", address.port or 27017)
    cable.join()
    yield cable
    cable.end()


async def ready(*toys: Toy) -> None:
    """Wait until their consumers have partitions."""
    for toy in toys:
        await until(toy.service.health.report, lambda report: set(report.values()) == {"ok"}, "healthy toy")


async def seen(toy: Toy, count: int, seconds: float = 20.0) -> Seen:
    """What the toy keeps, once that is so much."""
    return await until(toy.seen, lambda found: len(found) >= count, f"{count} effects", seconds)


async def dead(servers: ServerUrls, namespace: str, count: int) -> list[LoggedRecord]:
    """The dead letters, once they are so many."""

    async def ask() -> list[LoggedRecord]:
        return await read_topics(servers.kafka_url, [f"{namespace}.routing.dlq"])

    return await until(ask, lambda found: len(found) >= count, f"{count} dead letters")


def tickets(found: Iterable[tuple[str, int]]) -> list[str]:
    return [ticket for ticket, _ in found]


def garbage(key: str, value: bytes = b"\xff{", **changed: bytes | None) -> Raw:
    """A record of the right type that nobody can read, or one with these headers changed."""
    _, pairs, _ = as_raw(decision(key))
    kept: dict[str, Any] = {**dict(pairs), **changed}
    return key, list(kept.items()), value


async def test_what_was_read_again_is_not_handled_again(
    servers: ServerUrls, make_settings: MakeSettings, namespace: str, toy: Toy
) -> None:
    await toy.service.outbox.prepare()
    async with running(toy.service):
        await ready(toy)
        await produce(servers.kafka_url, f"{namespace}.routing", [decision(f"t{n}") for n in range(50)])
        await seen(toy, 50)
        kafka = toy.service._consumer._kafka  # type: ignore[union-attr]
        for partition in kafka.assignment():
            kafka.seek(partition, 0)
        await produce(
            servers.kafka_url, f"{namespace}.routing", [decision("last-of-the-first", n) for n in range(1, 3)]
        )
        await seen(toy, 52)
    again = Toy(Service("toy", make_settings()))
    async with running(again.service):
        await ready(again)
        await produce(servers.kafka_url, f"{namespace}.routing", [decision("after"), decision("after", 2)])
        found = await seen(again, 54)
    assert Counter(found) == Counter(
        [(f"t{n}", 1) for n in range(50)]
        + [("last-of-the-first", 1), ("last-of-the-first", 2), ("after", 1), ("after", 2)]
    )


async def test_poison_becomes_dead_letters_and_the_partition_goes_on(
    servers: ServerUrls, namespace: str, toy: Toy
) -> None:
    toy.poisoned = {"poison"}
    records: list[Event | Raw] = [
        decision("a"),
        garbage("unreadable"),
        decision("b"),
        decision("poison"),
        decision("permanent"),
        decision("c"),
    ]
    async with running(toy.service):
        await ready(toy)
        await produce(servers.kafka_url, f"{namespace}.routing", records, partition=0)
        found = await seen(toy, 3)
        letters = {letter.key: letter for letter in await dead(servers, namespace, 3)}
        await produce(servers.kafka_url, f"{namespace}.routing", [decision("d")], partition=0)
        assert tickets(await seen(toy, 4)) == [*tickets(found), "d"]
    assert tickets(found) == ["a", "b", "c"]
    assert letters.keys() == {"unreadable", "poison", "permanent"}
    poison = letters["poison"]
    said = {name: poison.headers[name] for name in (headers.DEAD_TOPIC, headers.DEAD_PARTITION, headers.DEAD_OFFSET)}
    assert said == {"dlq_topic": f"{namespace}.routing", "dlq_partition": "0", "dlq_offset": "3"}
    assert poison.headers[headers.DEAD_GROUP] == f"{namespace}-toy"
    assert poison.headers[headers.DEAD_ERROR] == "RuntimeError"
    assert poison.headers[headers.DEAD_REASON] == "cannot be handled"
    assert "toy.py" in poison.headers[headers.DEAD_STACK]
    assert poison.headers[headers.TYPE] == "postroom.routing.decided.v1"
    attempts = {key: letter.headers[headers.DEAD_ATTEMPTS] for key, letter in letters.items()}
    assert attempts == {"unreadable": "1", "poison": "3", "permanent": "1"}


@pytest.mark.parametrize(
    "changed", [{"x": b"\xff\xfe"}, {"x": None}, {"ce_type": None}, {"reply_to": b"nowhere"}], ids=str
)
async def test_a_header_that_cannot_be_read_costs_nobody_else_anything(
    servers: ServerUrls, namespace: str, toy: Toy, changed: dict[str, bytes | None]
) -> None:
    key, pairs, value = as_raw(decision("odd"))
    odd: Raw = (key, [*[pair for pair in pairs if pair[0] not in changed], *changed.items()], value)  # type: ignore[list-item]
    async with running(toy.service):
        await ready(toy)
        await produce(servers.kafka_url, f"{namespace}.routing", [decision("a"), odd, decision("b")], partition=0)
        found = tickets(await seen(toy, 2))
        await produce(servers.kafka_url, f"{namespace}.routing", [decision("c")], partition=0)
        await until(toy.seen, lambda now: "c" in tickets(now), "the next event")
    assert [one for one in found if one != "odd"] == ["a", "b"]


async def test_a_handler_that_fails_twice_is_asked_a_third_time(servers: ServerUrls, namespace: str, toy: Toy) -> None:
    toy.flaky = {"flaky": 2}
    async with running(toy.service):
        await ready(toy)
        await produce(servers.kafka_url, f"{namespace}.routing", [decision("flaky"), decision("b")], partition=0)
        assert tickets(await seen(toy, 2)) == ["flaky", "b"]
        await toy.service._relay.stop()
        assert await read_topics(servers.kafka_url, [f"{namespace}.routing.dlq"]) == []


async def test_what_can_neither_be_handled_nor_buried_waits(servers: ServerUrls, namespace: str, toy: Toy) -> None:
    """Such as while MongoDB refuses every write: the disk is full, a right is missing."""
    async with running(toy.service):
        await ready(toy)
        await toy.service.database.command("collMod", "outbox", validator={"_id": "nobody"})
        await produce(servers.kafka_url, f"{namespace}.routing", [decision("a"), decision("b")], partition=0)
        await until(_value(lambda: len(toy.batches)), lambda tried: tried > 6, "tries")
        await produce(servers.kafka_url, f"{namespace}.routing", [decision("c")], partition=0)
        await toy.service.database.command("collMod", "outbox", validator={})
        await until(toy.seen, lambda found: "c" in tickets(found), "last event")
        assert await toy.seen() == [("a", 1), ("b", 1), ("c", 1)]


async def test_while_mongodb_cannot_be_reached_events_wait(
    servers: ServerUrls, make_settings: MakeSettings, namespace: str, cable: Cable
) -> None:
    toy = Toy(Service("toy", make_settings(mongo_url=f"mongodb://127.0.0.1:{cable.port}/?directConnection=true")))
    async with running(toy.service):
        await ready(toy)
        topic = f"{namespace}.routing"
        await produce(servers.kafka_url, topic, [decision(f"before{n}") for n in range(20)])
        await seen(toy, 20)
        toy.service.settings.__dict__["toy_pause"] = 0.3
        await produce(servers.kafka_url, topic, [decision(f"during{n}") for n in range(20)])
        await asyncio.sleep(0.2)  # the transaction is under way
        cable.cut()
        await produce(servers.kafka_url, topic, [decision(f"later{n}") for n in range(20)])
        await asyncio.sleep(4)  # longer than the driver looks for a server
        cable.join()
        found = await seen(toy, 60)
        await ready(toy)
    assert Counter(found) == {(f"{when}{n}", 1): 1 for when in ("before", "during", "later") for n in range(20)}


async def test_positions_read_late_cost_no_event(
    servers: ServerUrls, make_settings: MakeSettings, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kafka gives the partitions, and records, before the positions are known."""
    load = Positions.load

    async def slowly(self: Positions, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        await asyncio.sleep(1.0)
        return await load(self, partitions)

    first = Toy(Service("toy", make_settings()))
    await first.service._cluster.connect()
    await produce(servers.kafka_url, f"{namespace}.routing", [decision(f"t{n}") for n in range(30)])
    monkeypatch.setattr(Positions, "load", slowly)
    async with running(first.service):
        await ready(first)
        await produce(servers.kafka_url, f"{namespace}.routing", [decision(f"u{n}") for n in range(30)])
        found = await seen(first, 60)
    assert len(set(found)) == len(found) == 60


@pytest.mark.parametrize("end", ["loop", "membership", "batch"])
async def test_a_consumer_that_ended_ends_the_process_and_passes_nothing_over(
    servers: ServerUrls, namespace: str, toy: Toy, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """Neither library says so: the process would be ready, and do nothing, for ever."""
    service, consumer = toy.service, toy.service._consumer
    assert consumer is not None
    service.life = asyncio.create_task(service.start())
    await ready(toy)
    if end == "loop":
        consumer._subscriber.tasks[0].cancel()
    elif end == "membership":
        consumer._kafka._coordinator._coordination_task.cancel()
    else:
        monkeypatch.setattr(Positions, "fresh", lambda *_: 1 / 0)
    await produce(servers.kafka_url, f"{namespace}.routing", [decision("a")])
    await asyncio.wait([service.life], timeout=10)
    monkeypatch.undo()
    await produce(servers.kafka_url, f"{namespace}.routing", [decision("b")])
    kept = tickets(await toy.seen())
    await service.stop()
    error = service.life.exception()
    assert isinstance(error, ExceptionGroup)
    assert [str(one) for one in error.exceptions] == ["the consumer has ended"]
    assert "b" not in kept


async def test_a_second_replica_shares_the_work_and_nothing_is_done_twice(
    servers: ServerUrls, make_settings: MakeSettings, namespace: str
) -> None:
    first, second = (Toy(Service("toy", make_settings(batch_events=40))) for _ in range(2))
    topic = f"{namespace}.routing"
    async with running(first.service):
        await ready(first)
        await produce(servers.kafka_url, topic, [decision(f"t{n % 20}", n // 20 + 1) for n in range(200)])
        await seen(first, 20)
        async with running(second.service):
            await ready(second)
            await produce(servers.kafka_url, topic, [decision(f"t{n % 20}", n // 20 + 1) for n in range(200, 400)])
            await seen(first, 400)
            assert second.batches
        await produce(servers.kafka_url, topic, [decision(f"t{n % 20}", n // 20 + 1) for n in range(400, 500)])
        found = await seen(first, 500)
    assert len(found) == len(set(found)) == 500
    for ticket in {one for one, _ in found}:
        numbers = [number for one, number in found if one == ticket]
        assert numbers == list(range(1, 26))


def _value(read: Any) -> Any:
    async def ask() -> Any:
        return read()

    return ask
