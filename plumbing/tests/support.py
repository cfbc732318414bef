"""What the plumbing's tests do to real servers: produce, read, cut and wait."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from aiokafka import AIOKafkaProducer

from postroom_contracts import Event
from postroom_plumbing.clock import utc_now
from postroom_plumbing.wire import Headers, encode

T = TypeVar("T")
Raw = tuple[str, Headers, bytes]
"""Key, headers and value of a record."""


def as_raw(event: Event, traceparent: str | None = None) -> Raw:
    """An event as a record."""
    _, headers, value = encode(event, source="test", at=utc_now(), traceparent=traceparent)
    return event.key, headers, value


async def produce(kafka_url: str, topic: str, records: Sequence[Event | Raw], partition: int | None = None) -> None:
    """Put records into a topic, in this order."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka_url, acks="all", max_request_size=8_000_000)
    await producer.start()
    try:
        sent = []
        for record in records:
            key, headers, value = as_raw(record) if isinstance(record, Event) else record
            sent.append(await producer.send(topic, value, key.encode(), partition, headers=headers))
        for one in sent:
            await one
    finally:
        await producer.stop()


async def until(ask: Callable[[], Awaitable[T]], good: Callable[[T], bool], what: str, seconds: float = 20.0) -> T:
    """Ask until the answer is good; the failure names `what` was waited for and the last answer."""
    deadline = time.monotonic() + seconds
    while True:
        answer = await ask()
        if good(answer):
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds:g} s still no {what}; last seen: {answer!r}"[:1500])
        await asyncio.sleep(0.05)


class Cable:
    """A TCP connection to a server that can be cut and joined again. `port` is this end of it.

    It runs in a thread: the driver's `close` waits for its server without letting the test's own loop go on.
    """

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self.port = 0
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Listen (again), on the same port."""
        asyncio.run_coroutine_threadsafe(self._join(), self._loop).result(5)

    def cut(self) -> None:
        """Refuse new connections and break those there are."""
        asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result(5)

    def end(self) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    async def _join(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _cut(self) -> None:
        if self._server is not None:
            self._server.close()
        for end in list(self._ends):
            end.transport.abort()
        self._server = None
        await asyncio.sleep(0.05)  # the tasks of the ends see it

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._to)
        except OSError:
            writer.close()
            return
        both = {writer, far_writer}
        self._ends |= both
        try:
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        finally:
            self._ends -= both
            for end in both:
                end.transport.abort()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65_536):
            sink.write(data)
            await sink.drain()
    sink.transport.abort()


def in_order(numbers: Iterable[int]) -> bool:
    """Whether they only grow."""
    seen = list(numbers)
    return seen == sorted(seen)
