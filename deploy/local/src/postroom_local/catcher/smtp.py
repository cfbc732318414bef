"""The SMTP side: takes any mail for anybody, and says 250 only once it is committed."""

import asyncio
import logging
import secrets
import socket
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime

from aiosmtpd.smtp import SMTP, Envelope, Session

from postroom_local.catcher.store import Arrived, Store

SIZE_LIMIT = 50 * 1024 * 1024  # bytes of one mail
_log = logging.getLogger(__name__)


class GroupCommit:
    """Commits together whatever arrived while the commit before was running."""

    def __init__(self, store: Store) -> None:
        """Write to this store."""
        self._store = store
        self._waiting: list[tuple[Arrived, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None
        self.accepted = 0
        self.accepted_bytes = 0

    async def add(self, mail: Arrived) -> None:
        """Return when the mail is committed; raises what kept it from being so, as sqlite3.Error."""
        committed = asyncio.get_running_loop().create_future()
        self._waiting.append((mail, committed))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await committed

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            mails = [mail for mail, _ in batch]
            error: Exception | None = None
            try:
                await asyncio.to_thread(self._store.add, mails)
            except Exception as caught:  # noqa: BLE001 - each waiting sender is told
                error = caught
            else:
                self.accepted += len(mails)
                self.accepted_bytes += sum(len(mail.raw) for mail in mails)
            for _, committed in batch:
                if committed.done():  # its connection was lost meanwhile
                    continue
                if error is None:
                    committed.set_result(None)
                else:
                    committed.set_exception(error)


class Sink:
    """What aiosmtpd calls when a mail has come in; every sender and recipient is welcome."""

    def __init__(self, commits: GroupCommit, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Hand mails to `commits`, stamped with `now`."""
        self._commits = commits
        self._now = now

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Store one mail and answer for it."""
        mail = Arrived(
            id=secrets.token_urlsafe(16),
            at=self._now(),
            sender=(envelope.mail_from or "").strip("<>"),
            recipients=tuple(envelope.rcpt_tos),
            raw=envelope.original_content or b"",
        )
        try:
            await self._commits.add(mail)
        except sqlite3.Error as error:
            _log.warning("could not store a mail: %s", error)
            return "451 4.3.0 could not store the mail, try again later"
        return f"250 2.0.0 stored as {mail.id}"


class _Protocol(SMTP):
    # RFC 5321 4.5.3.1.6 allows 1000 octets; a catcher shows longer lines instead of refusing them. It is also
    # the size of the read buffer, so that a big mail does not pause its connection every two kilobytes.
    line_length_limit = 64 * 1024


async def start_smtp(commits: GroupCommit, listener: socket.socket) -> asyncio.Server:
    """Serve SMTP on the bound socket until the server is closed."""
    loop = asyncio.get_running_loop()
    sink = Sink(commits)

    def connection() -> SMTP:
        return _Protocol(
            sink,
            data_size_limit=SIZE_LIMIT,
            enable_SMTPUTF8=True,
            hostname="catcher.localhost",
            ident="Postroom mail catcher",
            loop=loop,
        )

    return await loop.create_server(connection, sock=listener)
