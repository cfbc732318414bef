"""Dead letters as they lie in Kafka: read, and put back to where they came from.

A dead letter is a record of `<topic>.dlq` with the key, value and headers of the event that could not be handled, and
headers dlq_* that say why and whence. That one was replayed is noted in the same topic: by an empty record whose header
dlq_replayed names it.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from aiokafka.errors import KafkaError

from postroom_contracts import Topic, headers
from postroom_contracts.topics import DEAD_LETTER_SUFFIX
from postroom_local.errors import StackError
from postroom_plumbing.cluster import MAX_EVENT_BYTES
from postroom_plumbing.settings import physical_topic

_OURS = "dlq_"
_REQUEST_MS = 10_000
_POLL_MS = 200
_READ_S = 120.0
_ADDRESS = re.compile(r"([^\s@<>\"'(),;:=])[^\s@<>\"'(),;:=]*@([\w.-]+)")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A dead letter; `reference` is its own `<topic>.dlq/<partition>/<offset>`, without the namespace."""

    reference: str
    key: bytes | None
    value: bytes
    pairs: tuple[tuple[str, bytes], ...]

    @property
    def topic(self) -> Topic:
        """Where the event came from."""
        return Topic(self.reference.partition("/")[0].removesuffix(DEAD_LETTER_SUFFIX))

    def header(self, name: str) -> str:
        """A header's text, or "" where there is none."""
        return next((value.decode("utf-8", "replace") for found, value in self.pairs if found == name), "")

    @property
    def origin(self) -> tuple[str, ...]:
        """Which record it was; letters of several groups about the same one share it."""
        names = (headers.DEAD_TOPIC, headers.DEAD_PARTITION, headers.DEAD_OFFSET, headers.ID)
        named = tuple(self.header(name) for name in names)
        return named if named[0] else (self.reference,)

    @property
    def original(self) -> list[tuple[str, bytes]]:
        """The headers that the event came with."""
        return [(name, value) for name, value in self.pairs if not name.startswith(_OURS)]


@dataclass(frozen=True, slots=True)
class Log:
    """The dead letters of some topics, oldest first within a topic, and the references of those replayed."""

    letters: tuple[DeadLetter, ...]
    replayed: frozenset[str]

    def waiting(self) -> list[DeadLetter]:
        """Those that nobody has replayed."""
        return [letter for letter in self.letters if letter.reference not in self.replayed]

    def find(self, reference: str) -> DeadLetter:
        """The dead letter with this reference; raises StackError when there is none."""
        for letter in self.letters:
            if letter.reference == reference:
                return letter
        raise StackError(f"there is no dead letter {reference} (postroom dlq list --all shows them)")


def redact(text: str) -> str:
    """`text` with only the first character and the domain of each e-mail address in it."""
    return _ADDRESS.sub(r"\1…@\2", text)


def make_log(records: Iterable[ConsumerRecord], namespace: str) -> Log:
    """Tell the dead letters among `records` from the notes that one was replayed."""
    letters, replayed = [], set()
    for record in records:
        topic = record.topic.removeprefix(physical_topic(namespace, ""))
        reference = f"{topic}/{record.partition}/{record.offset}"
        letter = DeadLetter(reference, record.key, record.value or b"", tuple(record.headers))
        if letter.header(headers.DEAD_REPLAYED):
            replayed.add(letter.header(headers.DEAD_REPLAYED))
        else:
            letters.append(letter)
    return Log(tuple(letters), frozenset(replayed))


async def read_log(kafka_url: str, namespace: str, topics: Iterable[Topic]) -> Log:
    """All dead letters of `topics` that Kafka holds now; raises StackError when it does not answer."""
    wanted = [physical_topic(namespace, topic) + DEAD_LETTER_SUFFIX for topic in topics]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka_url,
        group_id=None,
        auto_offset_reset="earliest",
        request_timeout_ms=_REQUEST_MS,
        max_partition_fetch_bytes=MAX_EVENT_BYTES,
    )
    async with _answering(kafka_url):
        try:
            async with asyncio.timeout(_READ_S):
                await consumer.start()
                existing = await consumer.topics()
                there = [name for name in wanted if name in existing]
                records = await _read_to_the_end(consumer, there) if there else []
        finally:
            await consumer.stop()
    return make_log(sorted(records, key=lambda record: (record.topic, record.partition, record.offset)), namespace)


async def _read_to_the_end(consumer: AIOKafkaConsumer, topics: Sequence[str]) -> list[ConsumerRecord]:
    records: list[ConsumerRecord] = []
    consumer.subscribe(topics)
    while {partition.topic for partition in consumer.assignment()} != {*topics}:
        await consumer.getmany(timeout_ms=_POLL_MS, max_records=1)
    partitions = consumer.assignment()
    await consumer.seek_to_beginning(*partitions)
    ends = await consumer.end_offsets(partitions)
    while any([await consumer.position(partition) < end for partition, end in ends.items()]):
        for found in (await consumer.getmany(timeout_ms=_POLL_MS)).values():
            records += found
    return records


async def replay(kafka_url: str, letters: Sequence[DeadLetter], namespace: str) -> AsyncIterator[tuple[str, str]]:
    """Put events back at the end of their topics, as they were; the reference of each, and where it is now.

    An event that several groups gave up is put back once, since all of them read it again. A note that it was replayed
    follows each letter. Raises StackError when Kafka does not answer.
    """
    again: dict[tuple[str, ...], str] = {}
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka_url, acks="all", max_request_size=MAX_EVENT_BYTES, request_timeout_ms=_REQUEST_MS
    )
    async with _answering(kafka_url):
        try:
            await producer.start()
            for letter in letters:
                topic = physical_topic(namespace, letter.topic)
                if letter.origin not in again:
                    sent = await producer.send_and_wait(
                        topic, letter.value, letter.key or None, headers=letter.original
                    )
                    again[letter.origin] = f"{topic}/{sent.partition}/{sent.offset}"
                await producer.send_and_wait(
                    topic + DEAD_LETTER_SUFFIX, b"", headers=[(headers.DEAD_REPLAYED, letter.reference.encode())]
                )
                yield letter.reference, again[letter.origin]
        finally:
            await producer.stop()


@asynccontextmanager
async def _answering(kafka_url: str) -> AsyncIterator[None]:
    try:
        yield
    except (KafkaError, OSError) as error:
        raise StackError(f"Kafka at {kafka_url} does not answer: {type(error).__name__}") from None
