"""The outbox: events written in the transaction that made them true.

A document is one Kafka record: `_id` (the event's id, which sorts by time), `shard`, `topic`, `key`, `headers`,
`value`, `at`, `pending`, and once published `cluster`, the id of the Kafka cluster that acknowledged it. Those of
compacted topics are kept for ever, the others are forgotten some days after `forget_from`.
"""

from datetime import datetime
from typing import Any
from zlib import crc32

from pymongo import ASCENDING, IndexModel

from postroom_contracts import Event, Topic
from postroom_plumbing.mongo import Database, Document
from postroom_plumbing.settings import ServiceSettings, physical_topic
from postroom_plumbing.wire import Headers, encode

COLLECTION = "outbox"
SHARDS = 8


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
        """Create the indexes: one for what is pending, one that forgets what was published days ago."""
        await self._collection.create_indexes(
            [
                IndexModel(
                    [("shard", ASCENDING), ("_id", ASCENDING)],
                    name="pending",
                    partialFilterExpression={"pending": True},
                ),
                IndexModel(
                    [("forget_from", ASCENDING)],
                    name="forget",
                    expireAfterSeconds=self._days * 86_400,
                    partialFilterExpression={"pending": False},
                ),
            ]
        )

    def document(self, event: Event, at: datetime, traceparent: str | None) -> Document:
        """The outbox document of an event."""
        event_id, headers, value = encode(event, source=self._service, at=at, traceparent=traceparent)
        topic = physical_topic(self._namespace, event.topic)
        return self.record(event_id, topic, event.key, headers, value, at)

    def record(self, event_id: str, topic: str, key: str, headers: Headers, value: bytes, at: datetime) -> Document:
        """The outbox document of any record; `topic` is the physical name."""
        document: Document = {
            "_id": event_id,
            "shard": shard_of(key),
            "topic": topic,
            "key": key,
            "headers": [[name, content] for name, content in headers],
            "value": value,
            "at": at,
            "pending": True,
        }
        if topic not in self._kept_for_ever:
            document["forget_from"] = at
        return document

    async def write(self, documents: list[Document], session: Any) -> None:
        """Add documents inside the caller's transaction."""
        if documents:
            await self._collection.insert_many(documents, ordered=False, session=session)
