"""A smarthost to test against: a real SMTP server that takes mail, refuses it, or hangs up at a chosen moment."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email import message_from_bytes
from typing import Any, Literal

from aiosmtpd.smtp import SMTP, Envelope, Session

from postroom_notifier.settings import Smarthost

Moment = Literal["greeting", "mail", "rcpt", "data", "content", "dot", "taken"]
"""When it hangs up: as soon as connected; instead of answering MAIL, RCPT or DATA; while it is given the content;
after the final dot without taking the mail; after the final dot, having taken the mail but not said so."""


class StandIn:
    """What the server does and what it has got."""

    def __init__(self) -> None:
        self.port = 0
        self.taken: list[Envelope] = []
        self.hang_up: Moment | None = None
        self.times = 1
        """How often it hangs up before it behaves."""
        self.answers: dict[str, str] = {}
        """Answers instead of 250: by recipient, or to "MAIL" or "content"."""
        self.most = 100
        """Connections it takes at once."""
        self.connections = 0
        self.open: set[SMTP] = set()
        self.hold: Moment | None = None
        """Where it stops answering until `released` is set: at "mail" or at the "dot"."""
        self.released = asyncio.Event()
        self.tried = 0
        self.changed = asyncio.Condition()
        """Notified whenever a mail is begun."""

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}?starttls=never"

    @property
    def smarthost(self) -> Smarthost:
        return Smarthost("127.0.0.1", self.port, starttls=False)

    async def asked(self, count: int) -> None:
        """Wait until it was asked to take so many mails."""
        async with asyncio.timeout(30), self.changed:
            await self.changed.wait_for(lambda: self.tried >= count)

    def contents(self) -> list[bytes]:
        """The mails it has taken, sorted."""
        return sorted(one.content for one in self.taken if isinstance(one.content, bytes))

    def message_ids(self) -> list[str]:
        return [str(message_from_bytes(content)["Message-ID"]).strip("<>") for content in self.contents()]

    def _hangs_up(self, moment: Moment) -> bool:
        if self.hang_up != moment or self.times == 0:
            return False
        self.times -= 1
        return True

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's names
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        async with self.changed:
            self.tried += 1
            self.changed.notify_all()
        if self.hold == "mail":
            await self.released.wait()
        if self._hangs_up("mail"):
            return _gone(server)
        answer = self.answers.get("MAIL", "250 OK")
        if answer.startswith("250"):
            envelope.mail_from = address
        return answer

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self._hangs_up("rcpt"):
            return _gone(server)
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.hold == "dot":
            await self.released.wait()
        if self._hangs_up("dot"):
            return _gone(server)
        answer = self.answers.get("content", "250 OK")
        if answer.startswith("250"):
            self.taken.append(envelope)
        return _gone(server) if self._hangs_up("taken") else answer


def _cut(transport: Any) -> None:
    if transport is not None:
        transport.abort()


def _gone(server: SMTP) -> str:
    _cut(server.transport)
    return "250 nobody hears this"


class _Session(SMTP):
    """A connection that may be cut where aiosmtpd has no hook."""

    def __init__(self, stand_in: StandIn) -> None:
        super().__init__(stand_in, hostname="standin.example", loop=asyncio.get_running_loop())
        self._stand_in = stand_in

    def connection_made(self, transport: Any) -> None:
        self._stand_in.connections += 1
        super().connection_made(transport)
        self._stand_in.open.add(self)
        if len(self._stand_in.open) > self._stand_in.most or self._stand_in._hangs_up("greeting"):
            _cut(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._stand_in.open.discard(self)
        super().connection_lost(error)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if self._stand_in._hangs_up("data"):
            _cut(self.transport)
            return
        if self._stand_in._hangs_up("content"):
            await self.push("354 go on")
            _cut(self.transport)
            return
        await super().smtp_DATA(arg)


@asynccontextmanager
async def stand_in(port: int = 0, change: Callable[[StandIn], None] | None = None) -> AsyncIterator[StandIn]:
    """A smarthost on a free port of this machine (or on `port`)."""
    one = StandIn()
    if change is not None:
        change(one)
    server = await asyncio.get_running_loop().create_server(lambda: _Session(one), "127.0.0.1", port)
    one.port = server.sockets[0].getsockname()[1]
    try:
        yield one
    finally:
        server.close()
        for session in tuple(one.open):
            _cut(session.transport)
        await server.wait_closed()
