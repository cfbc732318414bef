"""Who may log in: names and scrypt hashes of passwords (RFC 7914), a line each."""

import asyncio
import binascii
import hashlib
import hmac
import logging
import os
from base64 import b64decode, b64encode
from pathlib import Path

from postroom_plumbing.errors import described

log = logging.getLogger(__name__)

_LOG_N, _R, _P = 14, 8, 1
"""16 MB and some 50 ms a try."""
_AT_ONCE = 2
"""Passwords checked at the same time: each takes a core."""


def user_line(name: str, password: str) -> str:
    """The line `name:$scrypt$ln=14,r=8,p=1$salt$hash` that lets `name` log in.

    Raises:
        ValueError: the name cannot stand in such a line.
    """
    if not name or ":" in name or name != name.strip() or not name.isprintable() or name.startswith("#"):
        raise ValueError("a name is not empty and has no colon")
    salt = os.urandom(16)
    digest = _scrypt(password.encode(), salt, _LOG_N, _R, _P)
    return f"{name}:$scrypt$ln={_LOG_N},r={_R},p={_P}${b64encode(salt).decode()}${b64encode(digest).decode()}"


def _scrypt(password: bytes, salt: bytes, log_n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password, salt=salt, n=1 << log_n, r=r, p=p, maxmem=256 * 1024 * 1024, dklen=32)


_NOBODY = user_line("nobody", os.urandom(8).hex()).partition(":")[2]


def matches(stored: str, password: bytes) -> bool:
    """Whether a password is the one of this hash. A hash that cannot be read matches nothing."""
    try:
        _, kind, parameters, salt, digest = stored.split("$")
        numbers = dict(one.split("=") for one in parameters.split(","))
        found = _scrypt(
            password, b64decode(salt, validate=True), int(numbers["ln"]), int(numbers["r"]), int(numbers["p"])
        )
        return kind == "scrypt" and hmac.compare_digest(found, b64decode(digest, validate=True))
    except (ValueError, KeyError, binascii.Error):
        return False


class Users:
    """The file of users. It is read at each log-in, so a change counts at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = asyncio.Semaphore(_AT_ONCE)

    async def right(self, name: bytes, password: bytes) -> bool:
        """Whether this is a user with this password. It takes as long for a user there is not.

        Raises:
            OSError: the file cannot be read.
        """
        async with self._turn:
            return await asyncio.to_thread(self._right, name, password)

    def _right(self, name: bytes, password: bytes) -> bool:
        lines = (line.partition(b":") for line in self._path.read_bytes().splitlines() if not line.startswith(b"#"))
        stored = {user: value.strip().decode("ascii", "replace") for user, colon, value in lines if colon}.get(name)
        right = matches(stored or _NOBODY, password)
        return right and stored is not None


def plain_credentials(response: bytes) -> tuple[bytes, bytes] | None:
    """Name and password of a PLAIN response (RFC 4616); None when it cannot be understood or asks to act as another."""
    parts = decoded(response).split(b"\0")
    if len(parts) != 3 or not parts[1] or parts[0] not in (b"", parts[1]):
        return None
    return parts[1], parts[2]


def decoded(response: bytes) -> bytes:
    """The bytes behind a client's base64, where `=` stands for nothing (RFC 4954 section 4); empty when it is none."""
    try:
        return b"" if response == b"=" else b64decode(response, validate=True)
    except binascii.Error:
        return b""


async def check(users: Users, name: bytes, password: bytes) -> bool | None:
    """Whether the password is right; None when nobody can tell just now."""
    try:
        return await users.right(name, password)
    except OSError as error:
        log.error("the file of users cannot be read", extra=described(error))
        return None
