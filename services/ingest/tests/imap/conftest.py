"""Dovecots and doors."""

import contextlib
import itertools
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from given import ServerUrls
from pymongo.errors import ExecutionTimeout

from .doors import Door, settings_of
from .dovecot import DOVECOT, Dovecot
from .token_server import TokenServer

_users = itertools.count(1)


@pytest.fixture(scope="session")
def has_dovecot() -> None:
    if not Path(DOVECOT).exists():
        pytest.skip("needs Dovecot: Debian's package dovecot-imapd")


@pytest.fixture(scope="module")
def dovecot(has_dovecot: None, token_server: TokenServer) -> Iterator[Dovecot]:
    """One Dovecot for the tests of a file, which have users of their own."""
    with tempfile.TemporaryDirectory(prefix="dovecot-") as folder:  # pytest's own is closed to Dovecot's users
        dovecot = Dovecot(Path(folder), introspection=token_server.url)
        dovecot.start()
        yield dovecot
        dovecot.stop()


@pytest.fixture
def user(dovecot: Dovecot) -> str:
    return f"user{next(_users)}"


@pytest.fixture(scope="module")
def token_server() -> Iterator[TokenServer]:
    server = TokenServer()
    yield server
    server.close()


@pytest.fixture
async def door(servers: ServerUrls, namespace: str) -> AsyncIterator[Door]:
    """A door that works no account yet."""
    door = Door(settings_of(servers, namespace))
    await door.start()
    yield door
    await door.stop()
    with contextlib.suppress(ExecutionTimeout):  # the transaction of a process that was killed is in the way
        await door.database.command("dropDatabase", maxTimeMS=3000)
    await door.close()
