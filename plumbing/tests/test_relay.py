"""The relay on real servers: everything stated is published, in order per key, whatever fails in between."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError
from given import ServerUrls
from kafka_log import LoggedRecord, read_topics

from postroom_contracts import Event, headers
from postroom_contracts.config import SettingChanged
from postroom_plumbing import relay as relay_module
from postroom_plumbing.clock import utc_now
from postroom_plumbing.cluster import Cluster
from postroom_plumbing.ids import ids_since
from postroom_plumbing.outbox import as_record, shard_of
from postroom_plumbing.relay import Relay
from postroom_plumbing.service import Service

from .conftest import MakeSettings
from .support import in_order, until
from .toy import ToySettings, decision

pytestmark = pytest.mark.connected


class Outpost:
    """A service that only states, and as many relays as a test wants, each as if in a process of its own."""

    def __init__(self, settings: ToySettings, servers: ServerUrls) -> None:
        self.service = Service("toy", settings)
        self.outbox: Any = self.service.database["outbox"]
        self.cluster = ""
        self._servers = servers
        self._topic = f"{settings.namespace}.routing"
        self._relays: dict[Relay, asyncio.Task[None]] = {}

    async def prepare(self) -> None:
        cluster = Cluster(self.service.settings)
        self.cluster = await cluster.connect()
        await cluster.close()
        await self.service.outbox.prepare()

    async def relay(self, cluster: str = "") -> Relay:
        """Another relay, running."""
        relay = Relay(self.service.database, self.service.settings, self.service.wakeup)
        await relay.start(cluster or self.cluster)
        self._relays[relay] = asyncio.create_task(relay.run())
        return relay

    async def kill(self, relay: Relay) -> None:
        """End it without a word: its leases stay."""
        task = self._relays.pop(relay)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await relay._producer.stop()

    async def state(self, *events: Event) -> None:
        """State these in one transaction."""

        async def work(unit: Any) -> None:
            for event in events:
                unit.emit(event)

        await self.service.units.run(work)

    async def write(self, key: str, event_id: str, value: bytes = b"{}", document: str = "") -> None:
        """Put a record into the outbox as some transaction would have."""
        record = as_record(event_id, self._topic, key, [(headers.ID, event_id.encode())], value)
        fields = {
            "shard": shard_of(key),
            "at": utc_now(),
            "pending": True,
            "events": [record],
            "forget_from": utc_now(),
        }
        await self.outbox.insert_one({"_id": document or event_id, **fields})

    async def pending(self) -> int:
        return int(await self.outbox.count_documents({"pending": True}))

    async def published(self, topic: str = "") -> list[LoggedRecord]:
        """What lies in Kafka, once nothing waits any more."""
        await until(self.pending, lambda count: count == 0, "empty outbox")
        return await read_topics(self._servers.kafka_url, [topic or self._topic])

    async def close(self) -> None:
        for relay in list(self._relays):
            await relay.stop()
            await self.kill(relay)
        await self.service.stop()


@pytest.fixture
async def outpost(make_settings: MakeSettings, servers: ServerUrls) -> AsyncIterator[Outpost]:
    outpost = Outpost(make_settings(), servers)
    await outpost.prepare()
    yield outpost
    await outpost.close()


def numbers(records: Sequence[LoggedRecord]) -> dict[str, list[int]]:
    """By key, the sequence numbers in the order in which Kafka has them."""
    found = defaultdict(list)
    for record in records:
        found[record.key].append(int(record.headers[headers.SEQUENCE]))
    return dict(found)


async def test_two_relays_share_the_shards_and_keep_the_order_of_every_key(outpost: Outpost) -> None:
    relays = [await outpost.relay(), await outpost.relay()]
    held = [relay._leases.held for relay in relays]
    await until(_value(lambda: [len(one()) for one in held]), lambda shares: shares == [2, 2], "two shards each")

    async def write(writer: int) -> None:
        for number in range(1, 26):
            await outpost.state(*(decision(f"{writer}-{key}", number) for key in range(5)))

    await asyncio.gather(*(write(writer) for writer in range(4)))
    found = numbers(await outpost.published())
    assert found == {f"{writer}-{key}": list(range(1, 26)) for writer in range(4) for key in range(5)}


async def test_a_relay_killed_before_it_marked_what_kafka_took_repeats_it_under_the_same_ids(outpost: Outpost) -> None:
    killed = await outpost.relay()
    await outpost.state(*(decision("k", number) for number in range(1, 11)))
    before = await outpost.published()
    await outpost.kill(killed)
    await outpost.outbox.update_many({}, {"$set": {"pending": True}, "$unset": {"cluster": ""}})
    await outpost.service.database["leases"].delete_many({})
    await outpost.relay()
    after = await outpost.published()
    ids = [record.headers[headers.ID] for record in after]
    assert ids[:10] == [record.headers[headers.ID] for record in before]
    assert ids[10:] == ids[:10]


async def test_another_cluster_gets_the_whole_log_again(outpost: Outpost) -> None:
    first = await outpost.relay("the cluster that was lost")
    for number in range(1, 11):
        await outpost.state(decision("k", number))
    assert numbers(await outpost.published()) == {"k": list(range(1, 11))}
    await outpost.kill(first)
    await outpost.service.database["leases"].delete_many({})
    second = await outpost.relay()
    assert numbers(await outpost.published()) == {"k": [*range(1, 11), *range(1, 11)]}
    await outpost.kill(second)
    await outpost.relay()
    await asyncio.sleep(0.3)
    assert len(await outpost.published()) == 20


async def test_what_a_straggler_still_gave_to_the_old_cluster_is_published_again(outpost: Outpost) -> None:
    """A rolling restart with a new address: one replica has moved on, another has not yet."""
    straggler = await outpost.relay("the old cluster")
    moved_on = await outpost.relay()
    await outpost.kill(moved_on)
    await outpost.service.database["leases"].delete_many({"owner": moved_on._leases._me})
    await straggler._leases.renew()
    await outpost.state(decision("k", 1))
    assert numbers(await outpost.published()) == {"k": [1]}
    await outpost.kill(straggler)
    await outpost.service.database["leases"].delete_many({})
    await outpost.relay()
    found = await until(outpost.published, lambda records: len(records) >= 2, "the event in the new cluster", 5)
    assert numbers(found) == {"k": [1, 1]}


async def test_a_start_does_not_read_the_whole_log(outpost: Outpost) -> None:
    relay = await outpost.relay()
    for number in range(1, 21):
        await outpost.state(decision("k", number))
    await outpost.published()
    database = outpost.service.database
    await database.command("profile", 2)
    await outpost.kill(relay)
    await outpost.relay()
    await database.command("profile", 0)
    looked = [one async for one in database["system.profile"].find({"command.filter.cluster": {"$exists": True}})]
    assert [(one["docsExamined"], one["nreturned"]) for one in looked] == [(0, 0)]


async def test_an_event_too_large_is_set_aside_and_the_rest_goes_on(outpost: Outpost) -> None:
    await outpost.write("k", "1", b"first")
    await outpost.write("k", "2", b"x" * 4_100_000)
    await outpost.write("k", "3", b"third")
    await outpost.relay()
    assert [record.value for record in await outpost.published()] == [b"first", b"third"]
    large = await outpost.outbox.find_one({"_id": "2"})
    assert large["rejected"] == ["2"]


async def test_what_was_committed_long_after_it_was_written_is_found(
    outpost: Outpost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "LOOK_BACK_SECONDS", 1.0)
    await outpost.relay()
    await outpost.state(decision("k", 1))
    await outpost.published()
    await outpost.write("late", "late", document=ids_since(1_700_000_000_000) + "-7000-8000-000000000000")
    assert {record.key for record in await outpost.published()} == {"k", "late"}


async def test_after_kafka_was_away_older_events_go_before_newer_ones(
    outpost: Outpost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "RECENT_SECONDS", 0.2)
    relay = await outpost.relay()
    await outpost.state(decision("k", 1))
    await outpost.published()
    away = _unreachable(relay)
    for number in range(2, 6):
        await outpost.state(decision("k", number))
        await asyncio.sleep(0.3)
    away()
    for number in range(6, 10):
        await outpost.state(decision("k", number))
    assert numbers(await outpost.published()) == {"k": list(range(1, 10))}


async def test_a_backlog_larger_than_one_look_goes_before_newer_events(
    outpost: Outpost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "FETCH_BYTES", 1000)
    monkeypatch.setattr(relay_module, "RECENT_SECONDS", 0.2)
    for number in range(1, 31):
        await outpost.state(decision("k", number))
    await asyncio.sleep(0.5)
    await outpost.relay()
    for number in range(31, 41):
        await outpost.state(decision("k", number))
    assert numbers(await outpost.published()) == {"k": list(range(1, 41))}


async def test_one_partition_that_kafka_refuses_holds_up_no_other(outpost: Outpost) -> None:
    relay = await outpost.relay()
    refused = _unreachable(relay, partition=0)
    await outpost.state(*(decision(f"k{number}") for number in range(20)), decision("both", 1))
    await outpost.state(*(decision(f"l{number}") for number in range(20)))

    async def keys() -> set[str]:
        return {one.key for one in await read_topics(outpost._servers.kafka_url, [outpost._topic])}

    assert len(await until(keys, lambda found: len(found) > 10, "other partition's events")) < 41
    refused()
    found = numbers(await outpost.published())
    assert len(found) == 41
    assert all(in_order(one) for one in found.values())


async def test_a_producer_that_has_ended_ends_the_relay(outpost: Outpost) -> None:
    relay = await outpost.relay()
    task = outpost._relays[relay]

    def broken(**_: Any) -> None:
        raise RuntimeError("a mistake within the library")

    relay._producer._message_accumulator.drain_by_nodes = broken
    await outpost.state(decision("k", 1))
    done, _ = await asyncio.wait([task], timeout=10)
    assert done
    assert task.exception() is not None
    del relay._producer._message_accumulator.drain_by_nodes


async def test_settings_are_kept_for_ever_and_the_rest_as_long_as_is_said(
    outpost: Outpost, make_settings: MakeSettings
) -> None:
    setting = SettingChanged(kind="queue", id="q", version=1, value={"name": "Q"}, at=utc_now())
    await outpost.state(decision("k"), setting)
    kept = {one["events"][0]["topic"].rpartition(".")[2]: "forget_from" in one async for one in outpost.outbox.find()}
    assert kept == {"routing": True, "config": False}
    changed = Service("toy", make_settings(outbox_days=30))
    await changed.outbox.prepare()
    assert (await outpost.outbox.index_information())["forget"]["expireAfterSeconds"] == 30 * 86_400
    await changed.stop()


def _unreachable(relay: Relay, partition: int | None = None) -> Callable[[], None]:
    """Let this relay's producer fail, for one partition or all; what is returned ends that."""
    producer = relay._producer
    send_batch = producer.send_batch

    async def fail(batch: Any, topic: str, *, partition: int) -> Any:
        if only is None or partition == only:
            raise KafkaConnectionError("away")
        return await send_batch(batch, topic, partition=partition)

    only = partition
    producer.send_batch = fail

    def again() -> None:
        producer.send_batch = send_batch

    return again


def _value(read: Callable[[], Any]) -> Callable[[], Awaitable[Any]]:
    async def ask() -> Any:
        return read()

    return ask
