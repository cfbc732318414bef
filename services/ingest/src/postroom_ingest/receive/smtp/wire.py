"""A connection: lines, mails and chunks in, replies out."""

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from typing import Any

from postroom_ingest.receive.room import Share
from postroom_ingest.receive.smtp.data import DataReader
from postroom_ingest.receive.smtp.limits import Pace

LINE_BYTES = 12_288
"""The longest command line: what AUTH may need (RFC 4954 section 4); others are far shorter."""
FULL = 262_144
"""So much that nobody asked for may lie here before we stop reading: what a client sent ahead."""
HANDSHAKE_SECONDS = 30.0
LINGER_SECONDS = 10.0
"""How long a client may take to hear the last of what it was told."""


class GoneError(Exception):
    """The client has left."""


class LineTooLongError(Exception):
    """A command line was longer than LINE_BYTES; it has been skipped."""


class TooSlowError(Exception):
    """The mail that is coming takes too long in all."""


class AskedToStopError(Exception):
    """The server stops, and nothing is under way on this connection."""


class Wire(asyncio.Protocol):
    """The bytes of one connection. `talk` is run with it as soon as it is there, and nothing but itself ends it."""

    def __init__(
        self, talk: "Callable[[Wire], Coroutine[Any, Any, None]]", idle_seconds: float, client: str | None = None
    ) -> None:
        """`client` is the address of the client where a load balancer stands between."""
        self._talk = talk
        self._client = client
        self._idle = idle_seconds
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray()
        self._ended = False
        self._paused = False
        self._stopping = False
        self._waiter: asyncio.Future[None] | None = None
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._transport: Any = None
        self._task: asyncio.Task[None] | None = None
        self._pace: Pace | None = None

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._task = self._loop.create_task(self._talk(self))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._pace is not None:
            self._pace.came(len(data))
        if len(self._buffer) > FULL and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """The client sends no more, but it gets its answers to what it sent (TLS knows no such half)."""
        self._ended = True
        self._wake()
        return self.tls is None

    def connection_lost(self, _: Exception | None) -> None:
        self._ended = True
        self._may_write.set()
        self._wake()

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _expire(self, error: type[Exception]) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error())

    # What a session asks for

    @property
    def peer(self) -> str:
        """The address of the client."""
        name = self._transport.get_extra_info("peername")
        return self._client or (str(name[0]) if name else "")

    @property
    def tls(self) -> str | None:
        """The version of TLS, None in the clear."""
        layer = self._transport.get_extra_info("ssl_object")
        return layer.version() if layer is not None else None

    def hurry(self, largest: int) -> None:
        """A mail of at most `largest` bytes begins to come: until `relax`, whatever waits may raise TooSlowError."""
        if self._pace is None:
            self._pace = Pace(largest, self._loop.time())

    def relax(self) -> None:
        """The mail is there, or will not come."""
        self._pace = None

    async def line(self) -> bytes:
        """The next command line, whatever ends it.

        Raises:
            LineTooLongError, GoneError, AskedToStopError, TimeoutError.
        """
        looked, too_long = 0, False
        while (end := self._buffer.find(b"\n", looked)) < 0:
            looked = len(self._buffer)
            if looked > LINE_BYTES:
                self._buffer.clear()
                looked, too_long = 0, True
            if self._stopping:
                raise AskedToStopError
            await self._more()
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        if too_long or len(line) > LINE_BYTES:
            raise LineTooLongError
        return line

    async def mail(self, limit: int, share: Share) -> bytes | None:
        """The mail after DATA; None when it is larger than `limit` bytes or than its `share` may be.

        Raises:
            GoneError, TimeoutError.
        """
        reader = DataReader(limit)
        while not reader.take(self._buffer):
            if not share.hold(reader.kept):
                reader.give_up()
            await self._more()
        return reader.mail()

    async def chunk(self, size: int, keep: bytearray | None, share: Share) -> None:
        """Read the `size` bytes after BDAT (RFC 3030), and add them to `keep`, or throw them away where there is none
        or `share` refuses.

        Raises:
            GoneError, TimeoutError.
        """
        while size > 0:
            if not self._buffer:
                await self._more()
            piece = self._buffer[:size]
            if keep is not None and share.hold(len(keep) + len(piece)):
                keep += piece
            else:
                keep = None
            del self._buffer[: len(piece)]
            size -= len(piece)

    async def _more(self) -> None:
        if self._ended:
            raise GoneError
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        self._waiter = self._loop.create_future()
        patience = self._idle
        error: type[Exception] = TimeoutError
        if self._pace is not None and (left := self._pace.left(self._loop.time())) < patience:
            patience, error = max(0.0, left), TooSlowError
        alarm = self._loop.call_later(patience, self._expire, error)
        try:
            await self._waiter
        finally:
            alarm.cancel()
            self._waiter = None

    async def say(self, reply: str) -> None:
        """Send a reply; waits for a client that does not listen to what it was told before.

        Raises:
            TimeoutError: it does not listen at all.
        """
        if not self._transport.is_closing():
            self._transport.write(reply.encode() + b"\r\n")
        if not self._may_write.is_set():
            async with asyncio.timeout(self._idle):
                await self._may_write.wait()

    async def start_tls(self, context: ssl.SSLContext, ready: str | None) -> None:
        """Say `ready`, if anything, and go on under TLS. What was sent ahead of it in the clear is thrown away
        (CVE-2011-0411).

        Raises:
            OSError: there was no agreement; the connection is gone.
        """
        self._transport.pause_reading()
        self._buffer.clear()
        if ready is not None:
            await self.say(ready)
        self._transport = await self._loop.start_tls(
            self._transport, self, context, server_side=True, ssl_handshake_timeout=HANDSHAKE_SECONDS
        )
        self._paused = False

    def ask_to_stop(self) -> None:
        """End the session when it next waits for a command."""
        self._stopping = True
        self._wake()

    @property
    def stopping(self) -> bool:
        return self._stopping

    def close(self) -> None:
        """Close when everything said has been sent, or a little later: one that does not listen keeps nothing open."""
        self._transport.close()
        self._loop.call_later(LINGER_SECONDS, self._transport.abort)

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()
