"""The relay: publishes the outbox to Kafka, in order per key, and marks what Kafka acknowledged."""

import asyncio
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from aiokafka.partitioner import DefaultPartitioner
from pymongo import ASCENDING
from pymongo.errors import PyMongoError

from postroom_plumbing import measures
from postroom_plumbing.clock import utc_now
from postroom_plumbing.cluster import MAX_EVENT_BYTES
from postroom_plumbing.ids import ids_since
from postroom_plumbing.leases import Leases
from postroom_plumbing.mongo import Database, Document
from postroom_plumbing.outbox import COLLECTION, SHARDS
from postroom_plumbing.settings import ServiceSettings
from postroom_plumbing.wakeup import Wakeup

log = logging.getLogger(__name__)

BATCH = 1000
AGAIN = 5000
FETCH_BYTES = 8_000_000
IDLE_SECONDS = 1.0
"""How long an event can lie when the wake-up for it was lost."""
ROUND_SECONDS = 0.08
"""Rounds begin at most this often: under load a round takes more events at once, a single event never waits."""
RECENT_SECONDS = 5.0
LOOK_BACK_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class _Sending:
    """An event on its way, and the document it came from."""

    document: Document
    key: bytes
    event: Document

    def append_to(self, batch: Any) -> bool:
        """Add it to a producer's batch; False when that is full."""
        appended = batch.append(
            key=self.key,
            value=self.event["value"],
            timestamp=int(self.document["at"].timestamp() * 1000),
            headers=[(name, content) for name, content in self.event["headers"]],
        )
        return appended is not None


class _NotSentError(Exception):
    """Kafka did not take these events; the cause says why."""

    def __init__(self, events: Iterable[_Sending]) -> None:
        super().__init__("not sent")
        self.documents: set[str] = {event.document["_id"] for event in events}


class Horizon:
    """From where in the outbox to look.

    MongoDB keeps what left an index for minutes and walks over it, so most looks begin a little before the last one
    that left nothing behind. A look from the very beginning, now and then and whenever our shards change, finds what
    was committed late. An older event must never wait while a newer one of its key goes, so whatever was found and not
    published, or not even read, is found again by the next look.
    """

    def __init__(self) -> None:
        self._shards: list[int] = []
        self._clear_at = 0.0
        self._look_back_at = 0.0

    def since(self, shards: list[int], uptime: float) -> float | None:
        """Seconds since 1970 before which nothing waits in these shards, or None to look from the very beginning."""
        if shards != self._shards or uptime >= self._look_back_at:
            return None
        return self._clear_at - RECENT_SECONDS

    def cleared(self, shards: list[int], since: float | None, at: float, uptime: float) -> None:
        """A look from `since`, begun at `at` (seconds since 1970), found all there was, and all of it was published."""
        self._clear_at = at
        if since is None:
            self._shards, self._look_back_at = shards, uptime + LOOK_BACK_SECONDS

    def forget(self) -> None:
        """Something failed; who knows what was committed meanwhile."""
        self._shards = []


class Relay:
    """Publishes the shards this process holds the leases of."""

    def __init__(self, database: Database, settings: ServiceSettings, wakeup: Wakeup) -> None:
        self._outbox = database[COLLECTION]
        self._leases = Leases(database, "relay", (str(shard) for shard in range(SHARDS)))
        self._wakeup = wakeup
        self._partition = DefaultPartitioner()
        self._cluster = ""
        self._horizon = Horizon()
        self._producer = AIOKafkaProducer(
            bootstrap_servers=settings.kafka_url,
            acks="all",
            linger_ms=0,
            max_request_size=MAX_EVENT_BYTES,
            max_batch_size=1_000_000,
            request_timeout_ms=15_000,
        )

    async def start(self, cluster: str) -> None:
        """Connect; whatever `cluster` never acknowledged becomes pending again."""
        self._cluster = cluster
        await self._producer.start()
        await self._publish_again()

    async def _publish_again(self) -> None:
        """Make pending what another cluster acknowledged, some at a time: the kept log can be long.

        Every start looks, since a replica that had not moved on yet may have marked events after the last one looked.
        """
        elsewhere = {"pending": False, "cluster": {"$nin": [self._cluster, None]}}
        count = 0
        while ids := [one["_id"] async for one in self._outbox.find(elsewhere, {"_id": 1}).limit(AGAIN)]:
            result = await self._outbox.update_many({"_id": {"$in": ids}}, {"$set": {"pending": True}})
            count += result.modified_count
        if count:
            log.warning(
                "kafka is another cluster: publishing the kept log again",
                extra={"documents": count, "cluster": self._cluster},
            )

    async def run(self) -> None:
        """Publish until cancelled."""
        keeper = asyncio.create_task(self._leases.keep())
        try:
            while not keeper.done():
                began = time.monotonic()
                try:
                    busy = await self._round()
                except (KafkaError, PyMongoError, OSError) as error:
                    if type(error) is KafkaError:  # aiokafka's sender has ended; this producer will not send again
                        raise
                    self._horizon.forget()
                    log.warning("outbox not relayed, trying again", extra={"error": type(error).__name__})
                    await asyncio.sleep(0.5)
                    continue
                if not busy:
                    await self._wakeup.wait(IDLE_SECONDS)
                await asyncio.sleep(max(0.0, began + ROUND_SECONDS - time.monotonic()))
            await keeper  # it ends only by failing, and without leases nothing would be published ever again
        finally:
            keeper.cancel()

    async def stop(self) -> None:
        """Publish what is left, if Kafka takes it at once, and give the shards back."""
        try:
            async with asyncio.timeout(3):
                while await self._round():
                    pass
        except (TimeoutError, KafkaError, PyMongoError, OSError):
            log.info("leaving the rest of the outbox to the next relay")
        try:
            async with asyncio.timeout(3):
                await self._leases.release()
                await self._producer.stop()
        except (TimeoutError, KafkaError, PyMongoError, OSError):
            log.info("leases run out by themselves")

    async def _round(self) -> bool:
        """Publish one batch; True when there may be more."""
        self._wakeup.clear()
        shards = sorted(int(name) for name in self._leases.held())
        if not shards:
            measures.outbox_age.set(0.0)
            return False
        at, uptime = time.time(), time.monotonic()
        since = self._horizon.since(shards, uptime)
        documents, all_found = await self._find(shards, since)
        measures.outbox_age.set(_age(documents, utc_now()))
        published = await self._publish(documents)
        if published:
            await self._outbox.update_many(
                {"_id": {"$in": sorted(published)}}, {"$set": {"pending": False, "cluster": self._cluster}}
            )
            measures.outbox_published.add(sum(len(one["events"]) for one in documents if one["_id"] in published))
        if all_found and len(published) == len(documents):
            self._horizon.cleared(shards, since, at, uptime)
        return bool(documents)

    async def _find(self, shards: list[int], since: float | None) -> tuple[list[Document], bool]:
        """The oldest events waiting in these shards, and whether these are all of them."""
        query: Document = {"pending": True, "shard": {"$in": shards}}
        if since is not None:
            query["_id"] = {"$gte": ids_since(int(since * 1000))}
        cursor = self._outbox.find(query, {"events": 1, "at": 1})
        documents: list[Document] = []
        size = 0
        async for document in cursor.sort("_id", ASCENDING).limit(BATCH):
            documents.append(document)
            size += sum(len(event["value"]) for event in document["events"])
            if size > FETCH_BYTES:
                return documents, False
        return documents, len(documents) < BATCH

    async def _publish(self, documents: list[Document]) -> set[str]:
        """Send documents in order; the ids of those that Kafka acknowledged in full.

        Raises:
            KafkaError, OSError: it acknowledged none.
        """
        sends = [self._send(*where, events) for where, events in (await self._by_partition(documents)).items()]
        unpublished: set[str] = set()
        failure: BaseException | None = None
        for result in await asyncio.gather(*sends, return_exceptions=True):
            if isinstance(result, _NotSentError):
                unpublished |= result.documents
                failure = result.__cause__
            elif isinstance(result, BaseException):
                raise result
        published = {document["_id"] for document in documents} - unpublished
        if failure is not None:
            if not published:
                raise failure
            log.warning("events not taken by kafka, trying again", extra={"error": type(failure).__name__})
        return published

    async def _by_partition(self, documents: list[Document]) -> dict[tuple[str, int], list[_Sending]]:
        groups: dict[tuple[str, int], list[_Sending]] = {}
        partitions: dict[str, list[int]] = {}
        for document in documents:
            for event in document["events"]:
                topic, key = event["topic"], event["key"].encode()
                if topic not in partitions:
                    partitions[topic] = sorted(await self._producer.partitions_for(topic))
                partition = self._partition(key, partitions[topic], partitions[topic])
                groups.setdefault((topic, partition), []).append(_Sending(document, key, event))
        return groups

    async def _send(self, topic: str, partition: int, events: list[_Sending]) -> None:
        """Send one partition's events as few batches, one after the other so that order holds.

        Raises:
            _NotSentError: Kafka did not take some of them.
        """
        waiting, most = events, len(events)
        while waiting:
            batch = self._producer.create_batch()
            count = 0
            for event in waiting[:most]:
                if not event.append_to(batch):
                    break
                count += 1
            try:
                if count:
                    await (await self._producer.send_batch(batch, topic, partition=partition))
            except MessageSizeTooLargeError:
                if count > 1:  # the topic takes less than ours usually do: find the one that is too large
                    most = 1
                    continue
                count = 0
            except (KafkaError, OSError) as error:
                raise _NotSentError(waiting) from error
            if not count:
                await self._reject(waiting[0])
            waiting = waiting[max(count, 1) :]

    async def _reject(self, event: _Sending) -> None:
        """Set aside an event that Kafka will never take, so that the rest goes on."""
        event_id = event.event["id"]
        log.error("event too large for kafka; kept in the outbox", extra={"event": event_id})
        measures.outbox_rejected.add(1)
        await self._outbox.update_one({"_id": event.document["_id"]}, {"$addToSet": {"rejected": event_id}})


def _age(documents: list[Document], now: datetime) -> float:
    return max(0.0, (now - documents[0]["at"]).total_seconds()) if documents else 0.0
