"""The outbox: events written in the transaction that made them true.

A document holds what one transaction stated for one shard: `_id` (sorts by time), `shard`, `at`, `pending`, `events`
(each with `id`, `topic`, `key`, `headers`, `value`: a Kafka record), and once published `cluster`, the id of the Kafka
cluster that acknowledged it. What was stated on compacted topics is kept for ever, the rest is forgotten some days
after `forget_from`.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zlib import crc32

from pymongo import ASCENDING, IndexModel
from pymongo.errors import OperationFailure

from postroom_contracts import Event, Topic
from postroom_plumbing.ids import new_id
from postroom_plumbing.mongo import Database, Document
from postroom_plumbing.settings import ServiceSettings, physical_topic
from postroom_plumbing.wire import Headers, encode

COLLECTION = "outbox"
SHARDS = 4
DOCUMENT_BYTES = 4_000_000
_INDEX_OPTIONS_CONFLICT = 85
"""MongoDB's answer to an index that is there with another time to live."""


def shard_of(key: str) -> int:
    """Events with the same key are published by the same relay, so in order."""
    return crc32(key.encode()) % SHARDS


class Outbox:
    """Turns events into documents and writes them; `relay` publishes them."""

    def __init__(self, database: Database, settings: ServiceSettings, service: str) -> None:
        self._collection = database[COLLECTION]
        self._namespace = settings.namespace
        self._service = service
        self._days = settings.outbox_days
        self._kept_for_ever = {physical_topic(settings.namespace, topic) for topic in Topic if topic.compacted}

    async def prepare(self) -> None:
        """Create the indexes: what is pending, who took what is not, and one that forgets that days later."""
        pending = IndexModel(
            [("shard", ASCENDING), ("_id", ASCENDING)], name="pending", partialFilterExpression={"pending": True}
        )
        forget = IndexModel(
            [("forget_from", ASCENDING)],
            name="forget",
            expireAfterSeconds=self._days * 86_400,
            partialFilterExpression={"pending": False},
        )
        taken = IndexModel([("cluster", ASCENDING)], name="taken", partialFilterExpression={"pending": False})
        await self._collection.create_indexes([pending, taken])
        try:
            await self._collection.create_indexes([forget])
        except OperationFailure as error:
            if error.code != _INDEX_OPTIONS_CONFLICT:
                raise
            changed = {"name": "forget", "expireAfterSeconds": self._days * 86_400}
            await self._collection.database.command("collMod", COLLECTION, index=changed)

    def record(self, event: Event, at: datetime, traceparent: str | None) -> Document:
        """An event as a Kafka record."""
        event_id, headers, value = encode(event, source=self._service, at=at, traceparent=traceparent)
        return as_record(event_id, physical_topic(self._namespace, event.topic), event.key, headers, value)

    async def write(self, records: list[Document], at: datetime, session: Any) -> None:
        """Add records inside the caller's transaction."""
        documents = list(self._documents(records, at))
        if documents:
            await self._collection.insert_many(documents, ordered=False, session=session)

    def _documents(self, records: list[Document], at: datetime) -> Iterator[Document]:
        groups: dict[tuple[int, bool], list[Document]] = {}
        for record in records:
            for_ever = record["topic"] in self._kept_for_ever
            groups.setdefault((shard_of(record["key"]), for_ever), []).append(record)
        for (shard, for_ever), group in groups.items():
            for events in _portions(group):
                document = {"_id": new_id(), "shard": shard, "at": at, "pending": True, "events": events}
                yield document if for_ever else {**document, "forget_from": at}


def as_record(event_id: str, topic: str, key: str, headers: Headers, value: bytes) -> Document:
    """A Kafka record as the outbox keeps it; `topic` is the physical name."""
    return {"id": event_id, "topic": topic, "key": key, "headers": [list(pair) for pair in headers], "value": value}


def _portions(records: list[Document]) -> Iterator[list[Document]]:
    """Parts that stay well below MongoDB's limit for a document."""
    portion: list[Document] = []
    size = 0
    for record in records:
        if portion and size + len(record["value"]) > DOCUMENT_BYTES:
            yield portion
            portion, size = [], 0
        portion.append(record)
        size += len(record["value"])
    yield portion
