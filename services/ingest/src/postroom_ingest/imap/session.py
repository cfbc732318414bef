"""The conversation with one IMAP server. Everything here blocks: it runs in the account's own thread.

Methods raise OSError and IMAPClientError where the connection or a command fails, AccountError where more is known.
"""

import contextlib
import ipaddress
import select
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from imapclient import SEEN, IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, IMAPClientReadOnlyError, LoginError

from postroom_contracts.config import Account
from postroom_ingest.imap.cursor import Head, Sight, imprint, window
from postroom_ingest.imap.trouble import MisconfiguredError, RefusedError, UnfetchableError, code_of, in_words

CONNECT_SECONDS = 15.0
READ_SECONDS = 60.0
LITERAL_BYTES = 1_000_000
"""The longest literal taken where no body was asked for."""
_FIELDS = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID DATE FROM TO SUBJECT)]"
_BODY = b"BODY[]<0>"
_TRANSIENT = {"UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "CONTACTADMIN"}
"""Codes (RFC 5530) of a refused log-in that say nothing against the password."""
_UNQUOTABLE = ("\r", "\n", "\0")


@dataclass(frozen=True, slots=True)
class Proof:
    """What an account proves itself with."""

    secret: str
    """The password, or the access token where `token`."""
    token: bool


class _Client(IMAPClient):  # type: ignore[misc]
    """The library's client. It waits on the socket alone, and would not see a push that is in a buffer already."""

    def _poll_socket(self, sock: Any, timeout: float | None = None) -> Any:
        with contextlib.suppress(OSError):  # the socket does not block here: nothing more to read
            if self._imap.file.peek(1):
                return [(sock.fileno(), select.POLLIN)]
        return super()._poll_socket(sock, timeout)


class Session:
    """One connection. `abort` may be called from another thread; whatever runs then fails."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._connected: Any = None
        self._aborted = False
        self._sight = Sight(0, 0, 0)
        self._most = LITERAL_BYTES
        self._searched: Any = None
        """How many messages the server had told of before it was last looked at or searched."""
        self.tls: str | None = None
        """The version of TLS, such as `TLSv1.3`."""

    @property
    def _client(self) -> Any:
        if self._connected is None or self._aborted:
            raise IMAPClientAbortError("not connected")
        return self._connected

    def open(self, proof: Proof) -> None:
        """Connect and log in.

        Raises:
            RefusedError: the password or the token is refused.
            MisconfiguredError: the server does not offer what the setting asks for.
        """
        account = self._account
        if account.security == "none" and not is_loopback(account.host):
            raise MisconfiguredError("without TLS only a server on the same machine is spoken to")
        context = ssl.create_default_context()
        client = _Client(
            account.host,
            account.port,
            ssl=account.security == "tls",
            ssl_context=context,
            timeout=SocketTimeout(CONNECT_SECONDS, READ_SECONDS),
        )
        client._imap.debug = 0  # else the library writes every line, tokens too, for a log nobody reads
        client.normalise_times = False
        self._bound_literals(client._imap)
        self._connected = client
        if self._aborted:  # meanwhile; whoever did that closes, too
            raise IMAPClientAbortError("ended")
        if account.security == "starttls":
            if not client.has_capability("STARTTLS"):
                raise MisconfiguredError("the server does not offer STARTTLS, and nothing is said in the clear")
            client.starttls(context)
        with contextlib.suppress(AttributeError):
            self.tls = client.socket().version()
        self._log_in(proof)

    def _bound_literals(self, connection: Any) -> None:
        """A server may announce any size, and the library would read it into memory."""
        read = connection.read

        def bounded(size: int) -> Any:
            if size > self._most:
                raise IMAPClientAbortError("an answer longer than what was asked for")
            return read(size)

        connection.read = bounded

    def _log_in(self, proof: Proof) -> None:
        client, user = self._client, self._account.user
        try:
            if proof.token:
                answers = iter([f"user={user}\1auth=Bearer {proof.secret}\1\1".encode()])
                client.sasl_login("XOAUTH2", lambda _: next(answers, b""))  # the second answers the error's details
            elif client.has_capability("AUTH=PLAIN"):
                client.plain_login(user, proof.secret)
            elif client.has_capability("LOGINDISABLED"):
                raise MisconfiguredError("the server takes no password on such a connection")
            else:
                client.login(_quoted(user), proof.secret)
        except LoginError as error:
            if isinstance(error.__context__, IMAPClientAbortError):
                raise error.__context__ from None
            code = code_of(error)
            if code in _TRANSIENT:
                raise IMAPClientError(f"[{code}] log-in failed") from None
            what = "token" if proof.token else "password"
            raise RefusedError(f"the server refuses the {what}{f' ({code})' if code else ''}") from None
        except UnicodeEncodeError:
            raise MisconfiguredError("the server takes only ASCII in user names and passwords") from None

    def look(self) -> Sight:
        """Open the folder (again), and see what is in it.

        Raises:
            MisconfiguredError: there is no such folder, or it has no UIDVALIDITY.
        """
        try:
            seen = self._select()
        except IMAPClientAbortError:
            raise
        except IMAPClientError as error:
            if code_of(error) in _TRANSIENT:
                raise
            raise MisconfiguredError(f"the folder {self._account.folder!r} cannot be opened") from None
        if not seen.get(b"UIDVALIDITY"):
            raise MisconfiguredError("the server gives the folder no UIDVALIDITY")
        exists = int(seen[b"EXISTS"])
        highest = int(seen[b"UIDNEXT"]) - 1 if b"UIDNEXT" in seen else self._last(exists)
        self._sight = Sight(int(seen[b"UIDVALIDITY"]), exists, highest)
        self._searched = self._told()
        return self._sight

    def _select(self) -> Any:
        folder, keeps = self._account.folder, self._account.afterwards == "keep"
        try:
            return self._client.select_folder(folder, readonly=keeps)
        except IMAPClientReadOnlyError:  # then it is read all the same
            return self._client.select_folder(folder, readonly=True)

    def _last(self, exists: int) -> int:
        """The UID of the last message, for servers that do not tell UIDNEXT."""
        if not exists:
            return 0
        self._client.use_uid = False
        try:
            found = self._client.fetch(exists, ["UID"])
        finally:
            self._client.use_uid = True
        return max((int(data[b"UID"]) for data in found.values() if b"UID" in data), default=0)

    def uids(self, after: int, upto: int | None) -> tuple[list[int], int]:
        """`(uids, reached)`: the messages beyond `after`, in order, as far as they were asked for: up to `reached`."""
        first, last = window(after, upto, self._sight)
        self._searched = self._told()
        found = self._client.search(["UID", f"{first}:{'*' if last is None else last}"])
        wanted = sorted(uid for uid in found if uid >= first)  # `*` names the last message even where it is below
        return wanted, wanted[-1] if last is None and wanted else after if last is None else last

    def noop(self) -> None:
        """Let the server say what is new."""
        self._client.noop()

    def heads(self, uids: Sequence[int]) -> list[Head]:
        """What is known of these messages; those that are gone are left out."""
        found = self._client.fetch(uids, ["RFC822.SIZE", "INTERNALDATE", _FIELDS]) if uids else {}
        return [_head(uid, found[uid]) for uid in uids if b"RFC822.SIZE" in found.get(uid, {})]

    def bodies(self, uids: Sequence[int], most: int) -> dict[int, bytes]:
        """The messages, of each no more than `most` octets; those that are gone are left out.

        Raises:
            UnfetchableError: the server refuses the only one asked for.
        """
        self._most = max(self._most, most)
        try:
            found = self._client.fetch(uids, [f"BODY.PEEK[]<0.{most}>"])
        except IMAPClientAbortError:
            raise
        except (IMAPClientError, ValueError) as error:
            if len(uids) > 1:
                raise
            raise UnfetchableError(uids[0], in_words(error)) from None
        return {uid: data[_BODY] or b"" for uid, data in found.items() if _BODY in data}

    def waits(self) -> bool:
        """Whether the server has IDLE (RFC 2177)."""
        return bool(self._client.has_capability("IDLE"))

    def idle(self, seconds: float) -> bool:
        """Wait for a push; whether one came, be it beside the answers to other commands since the last search."""
        client = self._client
        if self._told() != self._searched:
            return True
        client.idle()
        pushed = bool(client.idle_check(timeout=seconds))
        client.idle_done()
        return pushed

    def _told(self) -> Any:
        """The last EXISTS, which a server may send at any time, and only once (RFC 9051 section 7)."""
        return self._client._imap.untagged_responses.get("EXISTS", [None])[-1]

    def flag(self, uids: Sequence[int]) -> None:
        """Mark as seen."""
        self._client.add_flags(uids, [SEEN], silent=True)

    def move(self, uids: Sequence[int], folder: str) -> None:
        """Move to another folder, which is made where it is missing (RFC 6851, else RFC 4315)."""
        client = self._client
        if not client.folder_exists(folder):
            client.create_folder(folder)
        if client.has_capability("MOVE"):
            client.move(uids, folder)
        else:
            client.copy(uids, folder)
            self.delete(uids)

    def delete(self, uids: Sequence[int]) -> None:
        """Delete. Without UIDPLUS they stay marked as deleted: EXPUNGE would take what others have marked, too."""
        self._client.delete_messages(uids, silent=True)
        if self._client.has_capability("UIDPLUS"):
            self._client.uid_expunge(uids)

    def close(self) -> None:
        """Say goodbye where that is possible."""
        if self._connected is None:
            return
        try:
            self._connected.logout()
        except (OSError, IMAPClientError, ValueError):
            with contextlib.suppress(OSError):
                self._connected.shutdown()

    def abort(self) -> None:
        """End it from outside: what blocks on the connection fails at once."""
        self._aborted = True
        if self._connected is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._connected.socket(), socket.SHUT_RDWR)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, told by its name or address alone."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _quoted(text: str) -> str:
    if any(char in text for char in _UNQUOTABLE):
        raise MisconfiguredError("the user name holds a line break")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _head(uid: int, data: dict[bytes, Any]) -> Head:
    at, size = _utc(data.get(b"INTERNALDATE")), int(data[b"RFC822.SIZE"])
    fields = next((value for name, value in data.items() if name.startswith(b"BODY[HEADER")), b"")
    return Head(uid, size, at, imprint(fields or b"", size, at))


def _utc(at: datetime | None) -> datetime | None:
    try:
        return at.astimezone(UTC) if at is not None else None
    except (OverflowError, ValueError):
        return None
