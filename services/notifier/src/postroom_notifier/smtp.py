"""One kept-alive connection to the smarthost, and what exactly happened to a mail on it."""

import asyncio
import time
from dataclasses import dataclass
from typing import cast

from aiosmtplib import SMTP
from aiosmtplib.errors import SMTPException
from aiosmtplib.protocol import SMTPProtocol
from aiosmtplib.response import SMTPResponse

from postroom_notifier.headers import clean
from postroom_notifier.outgoing import REASON_CHARS, Outcome, Outgoing
from postroom_notifier.settings import Smarthost

_FAILURES = (SMTPException, OSError, TimeoutError, asyncio.InvalidStateError)
_ABOUT_US = (530, 534, 535, 538)
"""Answers about our credentials (RFC 4954 section 6), not about the mail: they pass once the settings are mended."""
_CLOSING = 421


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds, and for what."""

    connect: float = 20
    command: float = 60
    data: float = 300
    """For the server to take the mail's bytes."""
    verdict: float = 600
    """For the answer to the final dot: impatience here makes mails uncertain (RFC 5321 section 4.5.3.2.6)."""
    idle: float = 20
    """A connection unused for longer is made anew rather than trusted."""


class _LostError(Exception):
    """The connection broke before the mail was complete: nobody has got it."""


class _UnknownError(Exception):
    """The connection broke after the final dot: somebody may have got it."""


class Connection:
    """A connection that is made when needed. One mail at a time."""

    def __init__(self, smarthost: Smarthost, patience: Patience) -> None:
        self._smarthost = smarthost
        self._patience = patience
        self._client: SMTP | None = None
        self._used = 0.0

    async def connect(self) -> str | None:
        """Make sure that there is a connection; None, or why there is none."""
        if self._alive() is not None:
            return None
        self.close()
        there = self._smarthost
        client = SMTP(
            hostname=there.host,
            port=there.port,
            username=there.user or None,
            password=there.password or None,
            use_tls=there.tls,
            start_tls=there.starttls,
            timeout=self._patience.connect,
        )
        try:
            await client.connect()
            if client.is_ehlo_or_helo_needed:
                await client.ehlo()
        except _FAILURES as error:
            client.close()
            return described(error)
        self._client = client
        self._used = time.monotonic()
        return None

    def _alive(self) -> SMTPProtocol | None:
        client = self._client
        if client is None or not client.is_connected or time.monotonic() - self._used > self._patience.idle:
            return None
        return client.protocol

    async def send(self, mail: Outgoing) -> Outcome:
        """Try to send to the recipients left. Never raises for what the server or the network does."""
        kept = self._alive() is not None
        while True:
            problem = await self.connect()
            if problem is not None:
                return Outcome("unreachable", reason=problem)
            try:
                outcome = await self._transaction(mail)
            except _LostError as lost:
                self.close()
                if not kept:
                    return Outcome("lost", reason=str(lost))
                kept = False  # a server may close what was idle: that says nothing about this mail
            else:
                self._used = time.monotonic()
                return outcome

    async def _transaction(self, mail: Outgoing) -> Outcome:
        """One mail transaction (RFC 5321 section 3.3)."""
        answer = await self._command(f"MAIL FROM:<{mail.envelope_from}>")
        if answer.code == _CLOSING:
            raise _LostError(_text(answer))
        if not _positive(answer):
            return _verdict(dict.fromkeys(mail.left, answer))
        answers = {one: await self._command(f"RCPT TO:<{one}>") for one in mail.left}
        accepted = tuple(one for one, answer in answers.items() if _positive(answer))
        others = {one: answer for one, answer in answers.items() if one not in accepted}
        if accepted:
            answer = await self._command("DATA")
            if answer.code == 354:
                return await self._content(mail.raw, accepted, others)
            others |= dict.fromkeys(accepted, answer)
        await self._reset()
        return _verdict(others)

    async def _content(self, raw: bytes, accepted: tuple[str, ...], others: dict[str, SMTPResponse]) -> Outcome:
        """The mail itself, then its final dot, kept apart so that it is known whether the dot was ever sent."""
        await self._write(raw.replace(b"\r\n.", b"\r\n.."))
        try:
            answer = await self._end()
        except _UnknownError as unknown:
            self.close()
            rest = _verdict(others)
            return Outcome("unknown", accepted, rest.deferred, rest.refused, str(unknown))
        if _positive(answer):
            return _verdict(others, accepted)
        return _verdict(others | dict.fromkeys(accepted, answer))

    async def _command(self, line: str) -> SMTPResponse:
        try:
            return await self._protocol().execute_command(line.encode("ascii"), timeout=self._patience.command)
        except _FAILURES as error:
            raise _LostError(described(error)) from error

    async def _write(self, data: bytes) -> None:
        """Hand over the bytes to the operating system, all of them."""
        try:
            protocol = self._protocol()
            protocol.write(data)
            async with asyncio.timeout(self._patience.data):
                pause = 0.0  # most mails are gone at the loop's next turn
                while _unsent(protocol) > 0:
                    await asyncio.sleep(pause)
                    pause = min(pause + 0.001, 0.02)
        except _FAILURES as error:
            raise _LostError(described(error)) from error

    async def _end(self) -> SMTPResponse:
        """Send the final dot and wait for the verdict."""
        protocol = self._protocol()
        try:
            protocol.write(b".\r\n")
        except _FAILURES as error:
            raise _LostError(described(error)) from error
        try:
            return await protocol.read_response(timeout=self._patience.verdict)
        except _FAILURES as error:
            raise _UnknownError(f"no answer to the complete mail: {described(error)}") from error

    async def _reset(self) -> None:
        try:
            await self._command("RSET")
        except _LostError:
            self.close()

    def _protocol(self) -> SMTPProtocol:
        client = self._client
        if client is None or client.protocol is None:
            raise _LostError("the connection was closed")
        return client.protocol

    def close(self) -> None:
        """Hang up. What was not complete is never completed."""
        client, self._client = self._client, None
        if client is not None:
            client.close()


def described(error: BaseException) -> str:
    """An error of the network or the server in a line; our own error classes carry no addresses or passwords."""
    text = clean(str(error))[:REASON_CHARS]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _unsent(protocol: SMTPProtocol) -> int:
    transport = protocol.transport
    if transport is None or transport.is_closing():
        raise ConnectionResetError("connection lost")
    return cast("asyncio.WriteTransport", transport).get_write_buffer_size()


def _positive(answer: SMTPResponse) -> bool:
    return 200 <= answer.code < 300


def _text(answer: SMTPResponse) -> str:
    return clean(f"{answer.code} {answer.message}")[:REASON_CHARS]


def _verdict(answers: dict[str, SMTPResponse], accepted: tuple[str, ...] = ()) -> Outcome:
    """Sort answers that are not positive: 5yz is for good (RFC 5321 section 4.2.1), everything else for now."""
    final = {one: answer.code >= 500 and answer.code not in _ABOUT_US for one, answer in answers.items()}
    return Outcome(
        "answered",
        accepted,
        {one: _text(answer) for one, answer in answers.items() if not final[one]},
        {one: _text(answer) for one, answer in answers.items() if final[one]},
    )
