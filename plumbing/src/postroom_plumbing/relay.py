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


class Relay:
    """Publishes the shards this process holds the leases of."""

    def __init__(self, database: Database, settings: ServiceSettings, wakeup: Wakeup) -> None:
        self._outbox = database[COLLECTION]
        self._leases = Leases(database, "relay", (str(shard) for shard in range(SHARDS)))
        self._wakeup = wakeup
        self._partition = DefaultPartitioner()
        self._cluster = ""
        self._shards: list[int] = []
        self._look_back_at = 0.0
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
        result = await self._outbox.update_many(
            {"pending": False, "cluster": {"$nin": [cluster, None]}}, {"$set": {"pending": True}}
        )
        if result.modified_count:
            log.warning(
                "kafka is another cluster: publishing the kept log again",
                extra={"events": result.modified_count, "cluster": cluster},
            )

    async def run(self) -> None:
        """Publish until cancelled."""
        keeper = asyncio.create_task(self._leases.keep())
        try:
            while True:
                began = time.monotonic()
                try:
                    busy = await self._round()
                except (KafkaError, PyMongoError, OSError) as error:
                    log.warning("outbox not relayed, trying again", extra={"error": type(error).__name__})
                    await asyncio.sleep(0.5)
                    continue
                if not busy:
                    await self._wakeup.wait(IDLE_SECONDS)
                await asyncio.sleep(max(0.0, began + ROUND_SECONDS - time.monotonic()))
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
        documents = await self._pending()
        measures.outbox_age.set(_age(documents, utc_now()))
        if not documents:
            return False
        published = await self._publish(documents)
        if published:
            await self._outbox.update_many(
                {"_id": {"$in": sorted(published)}}, {"$set": {"pending": False, "cluster": self._cluster}}
            )
            measures.outbox_published.add(sum(len(one["events"]) for one in documents if one["_id"] in published))
        return True

    async def _pending(self) -> list[Document]:
        """The oldest events waiting in our shards.

        MongoDB keeps what left an index for minutes and walks over it, so most looks begin a few seconds back. A look
        from the very beginning, now and then and whenever our shards change, finds what was committed late.
        """
        shards = sorted(int(name) for name in self._leases.held())
        if not shards:
            return []
        query: Document = {"pending": True, "shard": {"$in": shards}}
        now = time.monotonic()
        from_the_beginning = shards != self._shards or now > self._look_back_at
        if not from_the_beginning:
            query["_id"] = {"$gte": ids_since(int((time.time() - RECENT_SECONDS) * 1000))}
        documents = await self._find(query)
        if from_the_beginning and len(documents) < BATCH:
            self._shards, self._look_back_at = shards, now + LOOK_BACK_SECONDS
        return documents

    async def _find(self, query: Document) -> list[Document]:
        cursor = self._outbox.find(query, {"events": 1, "at": 1})
        documents: list[Document] = []
        size = 0
        async for document in cursor.sort("_id", ASCENDING).limit(BATCH):
            documents.append(document)
            size += sum(len(event["value"]) for event in document["events"])
            if size > FETCH_BYTES:
                break
        return documents

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
        if failure is not None and not published:
            raise failure
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
        waiting = events
        while waiting:
            batch = self._producer.create_batch()
            count = 0
            for event in waiting:
                if not event.append_to(batch):
                    break
                count += 1
            try:
                if count:
                    await (await self._producer.send_batch(batch, topic, partition=partition))
            except MessageSizeTooLargeError as error:
                if count > 1:
                    raise _NotSentError(waiting) from error
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
