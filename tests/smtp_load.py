"""An SMTP client for load and crash tests: sends many mails over a few connections, at little CPU of its own.

A mail is sent again until the server answers for it with 250 or a 5xx, across lost and refused connections: what a
careful mail server does (RFC 5321 4.5.4.1), only faster. So a server that dies after it stored a mail and before
its 250 got here sees that mail twice.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from mailgen import GeneratedMail

_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 1.0
_HELD_LIMIT = 1000  # answers kept in memory while their parents are under way


@dataclass(frozen=True, slots=True)
class Result:
    """How one mail fared.

    `code` is the reply that decided the last try; 0 when the connection was lost or refused then, or when the mail was
    never tried because its parent was not accepted. `accepted_s` (time.monotonic) and `accepted_at` say when the 250
    was read; None without it.
    """

    index: int
    message_id: str
    code: int
    accepted_s: float | None
    accepted_at: datetime | None
    tries: int


async def send_all(
    mails: Iterable[GeneratedMail],
    host: str,
    port: int,
    connections: int = 4,
    on_result: Callable[[Result], None] | None = None,
    *,
    to: str = "support@example.com",
    ordered: bool = True,
    rate: float | None = None,
    patience_s: float = 120.0,
    try_timeout_s: float = 30.0,
) -> list[Result]:
    """Send every mail and return the results in the order in which they became known.

    `on_result` is called with each as soon as it is known. With `ordered` an answer waits until its parent was
    accepted. With `rate` at most so many mails a second are begun. A mail is given up when `patience_s` have passed
    since its first try; one try may take `try_timeout_s`.
    """
    results: list[Result] = []

    def report(result: Result) -> None:
        results.append(result)
        if on_result is not None:
            on_result(result)

    feed = _Feed(mails, ordered, rate, report)
    workers = [_Connection(host, port, to, patience_s, try_timeout_s) for _ in range(connections)]
    async with asyncio.TaskGroup() as group:
        for worker in workers:
            group.create_task(worker.work(feed))
    return results


class _Feed:
    """Hands out mails in order, and answers only after their parents."""

    def __init__(
        self, mails: Iterable[GeneratedMail], ordered: bool, rate: float | None, report: Callable[[Result], None]
    ) -> None:
        self._mails = iter(mails)
        self._ordered = ordered
        self._pause_s = 1 / rate if rate else 0.0
        self._next_s = 0.0
        self._report = report
        self._ready: deque[GeneratedMail] = deque()
        self._held: dict[str, list[GeneratedMail]] = {}
        self._held_count = 0
        self._under_way: set[str] = set()  # taken from the iterator, result not known
        self._refused: set[str] = set()
        self._exhausted = False
        self._changed = asyncio.Event()

    async def take(self) -> GeneratedMail | None:
        """The next mail that may be sent now; None when there will be none."""
        while True:
            mail = self._ready.popleft() if self._ready else self._pull()
            if mail is not None:
                await self._pace()
                return mail
            if self._exhausted and not self._under_way:
                return None
            self._changed.clear()
            await self._changed.wait()

    async def _pace(self) -> None:
        """Wait for this mail's moment; moments missed are made up for."""
        if self._pause_s:
            now = time.monotonic()
            due = self._next_s or now
            self._next_s = due + self._pause_s
            await asyncio.sleep(max(0.0, due - now))

    def done(self, mail: GeneratedMail, result: Result) -> None:
        """Note a result, which frees the mail's answers or ends them too."""
        self._under_way.discard(mail.message_id)
        self._report(result)
        answers = self._held.pop(mail.message_id, [])
        self._held_count -= len(answers)
        if result.accepted_s is not None:
            self._ready.extend(answers)
        else:
            self._refused.add(mail.message_id)
            for answer in answers:
                self._skip(answer)
        self._changed.set()

    def _pull(self) -> GeneratedMail | None:
        while self._held_count < _HELD_LIMIT:
            mail = next(self._mails, None)
            if mail is None:
                self._exhausted = True
                return None
            self._under_way.add(mail.message_id)
            if not self._ordered or mail.parent is None:
                return mail
            if mail.parent in self._under_way:
                self._held.setdefault(mail.parent, []).append(mail)
                self._held_count += 1
            elif mail.parent in self._refused:
                self._skip(mail)
            else:
                return mail
        return None

    def _skip(self, mail: GeneratedMail) -> None:
        self.done(mail, Result(mail.index, mail.message_id, 0, None, None, 0))


class _Connection:
    """One connection at a time to the server, opened when it is needed."""

    def __init__(self, host: str, port: int, to: str, patience_s: float, try_timeout_s: float) -> None:
        self._host = host
        self._port = port
        self._to = to
        self._patience_s = patience_s
        self._try_timeout_s = try_timeout_s
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def work(self, feed: _Feed) -> None:
        """Send what the feed hands out until it ends."""
        try:
            while (mail := await feed.take()) is not None:
                feed.done(mail, await self._deliver(mail))
            await self._quit()
        finally:
            self._drop()

    async def _deliver(self, mail: GeneratedMail) -> Result:
        give_up_s = time.monotonic() + self._patience_s
        pause_s, tries, code = _FIRST_PAUSE_S, 0, 0
        while True:
            tries += 1
            try:
                async with asyncio.timeout(self._try_timeout_s):
                    code = await self._transaction(mail)
            except (OSError, EOFError, ValueError):  # TimeoutError is an OSError
                self._drop()
                code = 0
            if 200 <= code < 300:
                return Result(mail.index, mail.message_id, code, time.monotonic(), datetime.now(UTC), tries)
            if code >= 500 or time.monotonic() + pause_s >= give_up_s:
                return Result(mail.index, mail.message_id, code, None, None, tries)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _transaction(self, mail: GeneratedMail) -> int:
        """Try once; returns the code that decided it."""
        if self._streams is None and (code := await self._open()) != 250:
            self._drop()
            return code
        steps = (
            (f"MAIL FROM:<{mail.sender}> BODY=8BITMIME\r\n".encode(), 250),
            (f"RCPT TO:<{self._to}>\r\n".encode(), 250),
            (b"DATA\r\n", 354),
            (stuffed(mail.raw), 250),
        )
        for data, wanted in steps:
            code = await self._say(data)
            if code != wanted:
                await self._reset(code)
                return code if code >= 400 else 0
        return 250

    async def _open(self) -> int:
        self._streams = await asyncio.open_connection(self._host, self._port, limit=64 * 1024)
        code = await self._reply()
        return code if code >= 400 else await self._say(b"EHLO load.example.com\r\n")

    async def _reset(self, code: int) -> None:
        """Make the connection fit for the next mail, or drop it after a 421 (RFC 5321 3.8)."""
        if code == 421 or await self._say(b"RSET\r\n") != 250:
            self._drop()

    async def _say(self, data: bytes) -> int:
        assert self._streams is not None
        writer = self._streams[1]
        writer.write(data)
        if len(data) > 64 * 1024:
            await writer.drain()
        return await self._reply()

    async def _reply(self) -> int:
        """The code of one reply, of however many lines (RFC 5321 4.2.1)."""
        assert self._streams is not None
        reader = self._streams[0]
        while True:
            line = await reader.readuntil(b"\n")
            if line[3:4] != b"-":
                return int(line[:3])

    async def _quit(self) -> None:
        if self._streams is not None:
            with contextlib.suppress(OSError, EOFError, ValueError):
                async with asyncio.timeout(1):
                    await self._say(b"QUIT\r\n")

    def _drop(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def stuffed(raw: bytes) -> bytes:
    """A mail (lines ending in CRLF) as the DATA of a transaction, its end mark included (RFC 5321 4.5.2)."""
    start = b"." if raw.startswith(b".") else b""
    end = b".\r\n" if raw.endswith(b"\r\n") or not raw else b"\r\n.\r\n"
    return start + raw.replace(b"\r\n.", b"\r\n..") + end
