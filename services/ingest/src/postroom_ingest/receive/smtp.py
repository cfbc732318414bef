"""The SMTP door (RFC 5321): 250 only after the mail is durable, and no mail refused for being malformed."""

import asyncio
import logging
from contextlib import AbstractContextManager
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from pymongo.errors import PyMongoError

from postroom_ingest.raw import Incoming
from postroom_ingest.receive.accept import Acceptor
from postroom_ingest.settings import ReceiveSettings
from postroom_plumbing import measures
from postroom_plumbing.errors import described
from postroom_plumbing.mongo import unreachable
from postroom_plumbing.settings_view import SettingsView

log = logging.getLogger(__name__)

LAST = b".\r\n"
END = b"\r\n" + LAST
LINE_LIMIT = 65_536
"""How much is buffered at once; commands have a limit of their own, lines of a mail may be of any length."""

UNKNOWN = "550 5.1.1 No such mailbox here"
TOO_LARGE = "552 5.3.4 The message is larger than this server takes"
TRY_LATER = "451 4.3.0 Not stored, please try again later"
_ENHANCED = {"552 Error: message size exceeds fixed maximum message size": TOO_LARGE}


class PostroomSMTP(SMTP):
    """aiosmtpd's server, but it reads DATA in large pieces and takes lines of any length."""

    line_length_limit = LINE_LIMIT

    async def push(self, status: Any) -> None:
        """Send a reply, with its enhanced code (RFC 3463) where the library has none."""
        await super().push(_ENHANCED.get(status, status) if isinstance(status, str) else status)

    async def smtp_DATA(self, arg: str) -> None:
        if await self.check_helo_needed() or await self.check_auth_needed("DATA"):
            return
        if self.envelope is None or not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 Error: need RCPT command")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        try:
            with self.event_handler.arriving():
                content = await read_data(self._reader, self.data_size_limit)
            if content is None:
                measures.mails_refused.add(1, {"code": "552"})
                await self.push(TOO_LARGE)
            else:
                self.envelope.content = self.envelope.original_content = content
                await self.push(await self._call_handler_hook("DATA"))
        finally:
            self._set_post_data_state()  # type: ignore[no-untyped-call]


async def read_data(reader: asyncio.StreamReader, limit: int | None) -> bytes | None:
    """The mail up to the lone dot, with dot-stuffing undone (RFC 5321 section 4.5.2); None when it exceeds `limit`."""
    data = bytearray(b"\r\n")  # so that a dot at the very beginning ends an empty mail
    size = 0
    most = limit * 4 // 3 + len(END) if limit else None  # the dots stuffed, at most one to three bytes, do not count
    while not data.endswith(END):
        try:
            piece = await reader.readuntil(LAST)
        except asyncio.LimitOverrunError as overrun:
            piece = await reader.readexactly(overrun.consumed)  # never beyond the beginning of a LAST
        size += len(piece)
        data += piece
        if most and size > most:
            del data[: -len(END)]
    if most and size > most:
        return None
    del data[-3:]
    mail = bytes(data.replace(b"\r\n.", b"\r\n")[2:])
    return None if limit and len(mail) > limit else mail


class Door:
    """What the server asks us: is there such a mailbox, and is the mail stored."""

    def __init__(self, acceptor: Acceptor, view: SettingsView) -> None:
        self._acceptor = acceptor
        self._view = view

    def arriving(self) -> AbstractContextManager[None]:
        """While a mail's data comes in."""
        return self._acceptor.coming()

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient that is one of our mailboxes."""
        if not self._view.current.mailbox:  # nobody told us yet; a 5xx would be for good
            return TRY_LATER
        if self._mailbox(address) is None:
            measures.mails_refused.add(1, {"code": "550"})
            return UNKNOWN
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Store the mail, then say so."""
        mailbox = self._mailbox(envelope.rcpt_tos[0])
        if mailbox is None:
            return UNKNOWN
        mail = Incoming(
            raw=envelope.content if isinstance(envelope.content, bytes) else b"",
            mailbox=mailbox,
            envelope_from=_sender(envelope.mail_from),
            envelope_to=tuple(envelope.rcpt_tos),
            door="smtp",
        )
        try:
            contact = await self._acceptor.accept(mail)
        except PyMongoError as error:
            measures.mails_refused.add(1, {"code": "451"})
            log.warning("mail not stored", extra={"error": type(error).__name__, "unreachable": unreachable(error)})
            return TRY_LATER
        return f"250 2.0.0 OK {contact}"

    async def handle_exception(self, error: Exception) -> str:
        """Whatever goes wrong here is no fault of the mail, so the sender is to try again (the library says 500)."""
        measures.mails_refused.add(1, {"code": "451"})
        log.error("a session failed", extra=described(error))
        return TRY_LATER

    def _mailbox(self, address: str) -> str | None:
        """The id of the mailbox with this address (case does not matter, RFC 5321 section 2.4 notwithstanding)."""
        wanted = address.lower()
        for mailbox_id, mailbox in self._view.current.mailbox.items():
            if mailbox.address == wanted:
                return mailbox_id
        return None


def _sender(address: str | None) -> str:
    """The sender as events have it: empty for the null sender, which the library calls `<>`.

    The library keeps bytes that are not UTF-8 as lone surrogates, which neither store nor broker takes.
    """
    if not address or address == "<>":
        return ""
    return address.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


class SmtpServer:
    """The listening socket."""

    def __init__(self, acceptor: Acceptor, view: SettingsView, settings: ReceiveSettings) -> None:
        self._door = Door(acceptor, view)
        self._settings = settings
        self._server: asyncio.Server | None = None

    def _protocol(self) -> SMTP:
        return PostroomSMTP(
            self._door,
            data_size_limit=self._settings.smtp_max_bytes,
            enable_SMTPUTF8=True,
            hostname=self._settings.smtp_hostname,
            ident="Postroom",
            loop=asyncio.get_running_loop(),
        )

    async def start(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            self._protocol, host=self._settings.smtp_host, port=self._settings.smtp_port
        )

    async def stop(self) -> None:
        """Take no new connections; those that are open end with the process, unanswered mails are tried again."""
        if self._server is not None:
            self._server.close()
