"""A conversation with one client: SMTP (RFC 5321) or LMTP (RFC 2033)."""

import logging
from collections.abc import Awaitable, Callable
from contextlib import ExitStack

from postroom_contracts.values import Door as DoorName
from postroom_ingest.receive.room import Share
from postroom_ingest.receive.smtp.auth import check, decoded, plain_credentials
from postroom_ingest.receive.smtp.commands import (
    BadCommandError,
    check_parameters,
    greeting,
    read_path,
    split_command,
)
from postroom_ingest.receive.smtp.door import Door, Envelope, uptime
from postroom_ingest.receive.smtp.wire import AskedToStopError, GoneError, LineTooLongError, TooSlowError, Wire
from postroom_plumbing.errors import described

log = logging.getLogger(__name__)

MAX_TRIES = 3
"""Passwords a client may try on one connection."""
HELO_LENGTH = 255
NO_ROOM = "452 4.3.1 Too much mail at once, please try again"
TOO_LARGE = "552 5.3.4 The message is larger than this server takes"
NOT_NOW = "503 5.5.1 Not now: "
Reply = str | None
Command = Callable[[str], Awaitable[Reply]]


class ByeError(Exception):
    """The text is the last reply of a session."""


class Session:
    """One client. Commands are methods that give their reply; the loop in `run` sends it."""

    def __init__(self, door: Door, wire: Wire, protocol: str) -> None:
        self._door = door
        self._settings = door.settings
        self._wire = wire
        self._lmtp = protocol == "lmtp"
        self._peer = wire.peer
        self._trusted = door.peers.trusts(self._peer)
        self._helo: str | None = None
        self._user = False
        self._envelope: Envelope | None = None
        self._coming = ExitStack()
        """Open from MAIL until the mail is whole: then other mails wait a moment for this one."""
        self._share = Share(door.room)
        self._mails = self._errors = self._tries = 0
        hello = {"LHLO": self._ehlo} if self._lmtp else {"HELO": self._hello, "EHLO": self._ehlo}
        self._commands: dict[str, Command] = hello | {
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "BDAT": self._bdat,
            "RSET": self._rset,
            "NOOP": self._noop,
            "VRFY": self._vrfy,
            "QUIT": self._quit,
            "STARTTLS": self._starttls,
            "AUTH": self._auth,
        }

    async def run(self) -> None:
        """Talk until either side ends it."""
        wire, name = self._wire, self._settings.smtp_hostname
        try:
            await wire.say(f"220 {name} {'LMTP' if self._lmtp else 'ESMTP'} Postroom")
            while True:
                await self._turn()
        except GoneError:
            pass
        except ByeError as bye:
            await wire.say(str(bye))
        except AskedToStopError:
            await wire.say(f"421 4.3.2 {name} is stopping, please come back")
        except TimeoutError:
            await wire.say("421 4.4.2 Nothing heard for too long")
        except TooSlowError:
            self._door.tally.refused("421")
            log.warning("a mail took too long", extra={"peer": self._peer})
            await wire.say("421 4.4.2 The mail takes too long, please try again")
        except OSError as error:
            log.info("a connection failed", extra={"peer": self._peer, "error": type(error).__name__})
        except Exception as error:  # noqa: BLE001 - one session must not end in silence, nor any other with it
            log.error("a session failed", extra=described(error))
            await wire.say("421 4.3.0 A fault of ours, please come back")
        finally:
            self._drop_mail()

    async def _turn(self) -> None:
        """Read a command and answer it."""
        if self._wire.stopping and self._envelope is None:
            raise AskedToStopError
        try:
            verb, argument = split_command(await self._wire.line())
            command = self._commands.get(verb)
            reply = await command(argument) if command else "500 5.5.1 Unknown command"
        except BadCommandError as error:
            reply = str(error)
        except LineTooLongError:
            reply = "500 5.5.6 Command line too long"
        if reply is None:
            return
        if reply[0] == "5":
            self._errors += 1
            if self._errors > self._settings.smtp_max_errors and not self._trusted:
                log.warning("too many errors", extra={"peer": self._peer})
                raise ByeError("421 4.7.0 Too many errors")
        await self._wire.say(reply)

    # Who is there

    async def _hello(self, argument: str) -> Reply:
        if not argument:
            return "501 5.5.4 Say who you are"
        self._drop_mail()
        self._helo = argument[:HELO_LENGTH]
        return f"250 {self._settings.smtp_hostname}"

    async def _ehlo(self, argument: str) -> Reply:
        first = await self._hello(argument)
        if first is None or not first.startswith("250"):
            return first
        tls = self._door.certificate is not None and self._wire.tls is None
        auth = self._door.users is not None and self._may_show_password()
        return greeting(self._settings.smtp_hostname, self._settings.smtp_max_bytes, tls, auth)

    async def _starttls(self, argument: str) -> Reply:
        if argument:
            return "501 5.5.4 Syntax: STARTTLS"
        if self._wire.tls is not None:
            return f"{NOT_NOW}this is TLS already"
        if self._door.certificate is None:
            return "502 5.5.1 No TLS here"
        await self._wire.start_tls(self._door.certificate.context, "220 2.0.0 Go ahead")
        self._drop_mail()
        self._helo, self._user = None, False  # RFC 3207 section 4.2
        return None

    def _may_show_password(self) -> bool:
        return self._wire.tls is not None or self._settings.smtp_auth_in_clear

    async def _auth(self, argument: str) -> Reply:
        if self._door.users is None:
            return "502 5.5.1 No authentication here"
        if self._helo is None or self._envelope is not None or self._user:
            return f"{NOT_NOW}say hello, then log in, once, before any mail"
        if not self._may_show_password():
            return "538 5.7.11 Not without TLS"
        if not self._door.peers.may_try(self._peer, uptime()):
            raise ByeError("421 4.7.0 Too many wrong passwords, come back later")
        mechanism, _, initial = argument.partition(" ")
        if mechanism.upper() == "PLAIN":
            pair = plain_credentials(await self._response(initial, ""))
        elif mechanism.upper() == "LOGIN":
            name = decoded(await self._response(initial, "VXNlcm5hbWU6"))
            pair = name, decoded(await self._response("", "UGFzc3dvcmQ6"))
        else:
            return "504 5.5.4 PLAIN and LOGIN are known here"
        if pair is None:
            return "501 5.5.2 Not understood"
        return await self._log_in(*pair)

    async def _response(self, initial: str, challenge: str) -> bytes:
        if initial:
            return initial.encode()
        await self._wire.say(f"334 {challenge}")
        response = (await self._wire.line()).rstrip(b"\r\n")
        if response == b"*":
            raise BadCommandError("501 5.7.0 As you like")
        return response

    async def _log_in(self, name: bytes, password: bytes) -> Reply:
        assert self._door.users is not None  # noqa: S101 - AUTH has looked
        right = await check(self._door.users, name, password)
        if right is None:
            return "454 4.7.0 Cannot tell just now"
        if right:
            self._user = True
            return "235 2.7.0 Welcome"
        self._tries += 1
        self._door.peers.was_wrong(self._peer, uptime())
        log.warning("wrong name or password", extra={"peer": self._peer})
        if self._tries >= MAX_TRIES:
            await self._wire.say("535 5.7.8 Wrong name or password")
            raise ByeError("421 4.7.0 Too many tries")
        return "535 5.7.8 Wrong name or password"

    # The envelope

    async def _mail(self, argument: str) -> Reply:
        if self._helo is None:
            return f"{NOT_NOW}say hello first"
        if self._envelope is not None:
            return f"{NOT_NOW}this mail is not finished"
        if self._settings.smtp_tls == "required" and self._wire.tls is None:
            return "530 5.7.0 STARTTLS first"
        own_relay = self._lmtp and self._trusted
        if self._settings.smtp_auth == "required" and not self._user and not own_relay:
            return "530 5.7.0 AUTH first"
        path = read_path(argument, "FROM")
        check_parameters(path.parameters, self._settings.smtp_max_bytes)
        if self._mails >= self._settings.smtp_max_mails and not self._trusted:
            raise ByeError("421 4.7.0 Enough mails for one connection, please open another")
        if not self._trusted and not self._door.peers.may_send(self._peer, uptime()):
            self._door.tally.refused("451")
            return "451 4.7.1 Too many mails a minute, slow down"
        self._envelope = Envelope(path.address)
        self._coming.enter_context(self._door.acceptor.coming())
        return "250 2.1.0 OK"

    async def _rcpt(self, argument: str) -> Reply:
        if self._envelope is None or self._envelope.chunks is not None:
            return f"{NOT_NOW}MAIL comes first"
        path = read_path(argument, "TO")
        if path.parameters:
            return "555 5.5.4 Unknown parameter"
        return self._door.recipient(self._envelope, path.address)

    def _drop_mail(self) -> None:
        self._envelope = None
        self._coming.close()
        self._share.release()
        self._share = Share(self._door.room)
        self._wire.relax()

    async def _rset(self, argument: str) -> Reply:
        if argument:
            return "501 5.5.4 Syntax: RSET"
        self._drop_mail()
        return "250 2.0.0 OK"

    # The mail

    async def _data(self, argument: str) -> Reply:
        envelope = self._envelope
        if envelope is None or not envelope.recipients or envelope.chunks is not None:
            return f"{NOT_NOW}RCPT comes first"
        if argument:
            return "501 5.5.4 Syntax: DATA"
        self._wire.hurry(self._settings.smtp_max_bytes)
        await self._wire.say("354 End with <CR><LF>.<CR><LF>")
        raw = await self._wire.mail(self._settings.smtp_max_bytes, self._share)
        return await self._finish(envelope, raw)

    async def _bdat(self, argument: str) -> Reply:
        """RFC 3030 section 2: the chunk follows at once, wanted or not."""
        size, _, last = argument.partition(" ")
        if not (size.isascii() and size.isdigit() and len(size) < 12) or last.upper() not in ("", "LAST"):
            raise ByeError("421 5.5.4 Syntax: BDAT size [LAST]; where the chunk ends nobody knows")
        envelope = self._envelope
        self._wire.hurry(self._settings.smtp_max_bytes)
        if envelope is None or not envelope.recipients:
            await self._wire.chunk(int(size), None, self._share)
            self._wire.relax()
            return f"{NOT_NOW}RCPT comes first"
        if envelope.chunks is None:
            envelope.chunks = bytearray()
        fits = len(envelope.chunks) + int(size) <= self._settings.smtp_max_bytes
        await self._wire.chunk(int(size), envelope.chunks if fits else None, self._share)
        fits = fits and not self._share.refused
        if fits and not last:
            return f"250 2.0.0 {size} bytes"
        reply = await self._finish(envelope, bytes(envelope.chunks) if fits else None)
        return reply if last else reply.partition("\r\n")[0]  # only the last has an answer for each recipient

    async def _finish(self, envelope: Envelope, raw: bytes | None) -> str:
        """Hand a mail in and reply, to LMTP once for each recipient."""
        self._coming.close()
        if raw is None:
            reply = NO_ROOM if self._share.refused else TOO_LARGE
            self._door.tally.refused(reply[:3])
        else:
            door: DoorName = "lmtp" if self._lmtp else "smtp"
            mail = envelope.mail(raw, door, peer=self._peer or None, helo=self._helo, tls=self._wire.tls)
            reply = await self._door.hand_in(mail)
        self._drop_mail()
        if reply[0] == "2":
            self._mails += 1
            self._errors = 0
        return "\r\n".join([reply] * len(envelope.recipients)) if self._lmtp else reply

    # The rest

    async def _noop(self, _: str) -> Reply:
        return "250 2.0.0 OK"

    async def _vrfy(self, _: str) -> Reply:
        return "252 2.5.0 Send a mail and see"

    async def _quit(self, _: str) -> Reply:
        raise ByeError("221 2.0.0 Bye")
