"""How far a group has come in each partition, kept in the same transactions as what it did.

Documents of `positions`: `_id` is `cluster/group/topic/partition`, `next` the offset to read next. A transaction moves
`next` only from where this process believes it is: a partition that somebody else goes on with is refused.
"""

import logging
from collections.abc import Iterable, Sequence
from typing import Any

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from pymongo import InsertOne, UpdateOne

from postroom_plumbing import measures
from postroom_plumbing.errors import StaleError
from postroom_plumbing.mongo import Database, Document

log = logging.getLogger(__name__)


class Positions:
    """The positions of one group."""

    def __init__(self, database: Database, group: str) -> None:
        self._collection = database["positions"]
        self._group = group
        self.cluster = ""
        self._stored: dict[TopicPartition, int | None] = {}
        self._next: dict[TopicPartition, int] = {}
        self._measured: set[TopicPartition] = set()
        self.known = False

    def _id(self, partition: TopicPartition) -> str:
        return f"{self.cluster}/{self._group}/{partition.topic}/{partition.partition}"

    async def load(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Read the positions of the partitions given to us; those never worked on are left out."""
        held = set(partitions)
        found = await self._find(held)
        self._stored = {partition: found.get(partition) for partition in held}
        self._next = dict(found)
        self.known = True
        return found

    async def _find(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        ids = {self._id(partition): partition for partition in partitions}
        documents = self._collection.find({"_id": {"$in": list(ids)}})
        return {ids[document["_id"]]: int(document["next"]) async for document in documents}

    async def reload(self) -> None:
        """Read again what we hold, after an error that leaves open whether a transaction was committed."""
        held = set(self._stored)
        try:
            found = await self._find(held)
        except Exception as error:  # noqa: BLE001 - the caller goes on trying, and loads again
            log.debug("positions not read", extra={"error": type(error).__name__})
            return
        for partition in held & self._stored.keys():  # Kafka may have given us others while we read
            self._stored[partition] = found.get(partition)
        self._next.update((partition, offset) for partition, offset in found.items() if partition in self._stored)

    def fresh(self, records: Iterable[ConsumerRecord]) -> list[ConsumerRecord]:
        """The records not handled before, of partitions that are ours."""
        fresh = []
        for record in records:
            partition = TopicPartition(record.topic, record.partition)
            if partition in self._stored and record.offset >= self._next.get(partition, 0):
                fresh.append(record)
        return fresh

    async def move(self, batch: Sequence[ConsumerRecord], session: Any) -> None:
        """Move the stored positions behind `batch`, inside the caller's transaction.

        Raises:
            StaleError: somebody else has moved one of them, or works on its partition now.
        """
        following = _following(batch)
        believed = {partition: self._stored.get(partition) for partition in following}
        for record in batch:  # the transaction may be run again after Kafka took the partition and gave it back
            partition = TopicPartition(record.topic, record.partition)
            if partition not in self._stored or record.offset < (believed[partition] or 0):
                raise StaleError("a partition was worked on elsewhere")
        new = [partition for partition, offset in believed.items() if offset is None]
        if new and await self._collection.find_one({"_id": {"$in": [self._id(p) for p in new]}}, session=session):
            raise StaleError("a partition is worked on elsewhere")
        writes: list[InsertOne[Document] | UpdateOne] = [
            InsertOne({"_id": self._id(partition), "next": offset})
            if partition in new
            else UpdateOne({"_id": self._id(partition), "next": believed[partition]}, {"$set": {"next": offset}})
            for partition, offset in following.items()
        ]
        result = await self._collection.bulk_write(writes, ordered=False, session=session)
        if result.matched_count + result.inserted_count != len(following):
            raise StaleError("a partition is worked on elsewhere")

    def committed(self, batch: Iterable[ConsumerRecord]) -> None:
        """The transaction that moved behind `batch` was committed."""
        self._stored.update(_following(batch))

    def reached(self, batch: Iterable[ConsumerRecord]) -> None:
        """Nothing of `batch` needs to be read again by this process."""
        self._next.update(_following(batch))

    async def report(self, kafka: Any, group: str) -> None:
        """Commit to Kafka what is stored here, and measure the lag. Nothing depends on it, so errors only log."""
        mine = kafka.assignment()
        ends = {partition: kafka.highwater(partition) for partition in mine}
        for partition in self._measured | mine:
            end, reached = ends.get(partition), self._next.get(partition, 0)
            if end is not None and 0 <= end < reached:
                log.error("kafka has lost events of a partition", extra={"topic": partition.topic, "end": end})
            measures.consumer_lag.set(
                max(0, end - reached) if end is not None else 0,
                {"group": group, "topic": partition.topic, "partition": str(partition.partition)},
            )
        self._measured = set(mine)
        offsets = {partition: offset for partition, offset in self._next.items() if partition in mine}
        try:
            if offsets:
                await kafka.commit(offsets)
        except KafkaError as error:
            log.debug("offsets not reported", extra={"error": type(error).__name__})


def _following(batch: Iterable[ConsumerRecord]) -> dict[TopicPartition, int]:
    following: dict[TopicPartition, int] = {}
    for record in batch:
        following[TopicPartition(record.topic, record.partition)] = record.offset + 1
    return following
