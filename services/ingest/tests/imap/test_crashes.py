"""Whatever dies, and whenever: every mail is taken once."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from given import ServerUrls

from postroom_contracts.config import Account
from postroom_ingest.imap.cursor import Sight, sighted
from postroom_ingest.imap.taking import Taker
from postroom_plumbing.clock import utc_now
from postroom_plumbing.errors import StaleError
from postroom_plumbing.testing import SECRET, TOKEN, until

from ..making import mail
from .doors import Door, account, mailbox, settings_of
from .dovecot import PASSWORD, Dovecot

pytestmark = pytest.mark.connected
MANY = 600


@pytest.fixture
def own_dovecot(has_dovecot: None) -> Iterator[Dovecot]:
    """One that may be killed."""
    with tempfile.TemporaryDirectory(prefix="dovecot-") as folder:
        dovecot = Dovecot(Path(folder))
        dovecot.start()
        yield dovecot
        dovecot.stop(signal.SIGKILL)


def many() -> list[bytes]:
    return [mail(f"m{n}@mail.example", text="Please help. " * 500) for n in range(MANY)]


class Worker:
    """The door as a process of its own, which can be killed."""

    def __init__(self, servers: ServerUrls, namespace: str) -> None:
        environment = {
            **os.environ,
            "POSTROOM_KAFKA_URL": servers.kafka_url,
            "POSTROOM_MONGO_URL": servers.mongo_url,
            "POSTROOM_REDIS_URL": servers.redis_url,
            "POSTROOM_NAMESPACE": namespace,
            "POSTROOM_SECRET": SECRET,
            "POSTROOM_INTERNAL_TOKEN": TOKEN,
        }
        script = Path(__file__).with_name("doors.py")
        self._process = subprocess.Popen([sys.executable, script], env=environment, stdout=subprocess.PIPE)

    def wait(self) -> None:
        """Until it works."""
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"started\n"

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(10)
        if self._process.stdout is not None:
            self._process.stdout.close()


@pytest.fixture
def begun(servers: ServerUrls, namespace: str) -> Iterator[Callable[[], Worker]]:
    """Begins workers; none outlives the test."""
    workers: list[Worker] = []

    def begin() -> Worker:
        workers.append(Worker(servers, namespace))
        workers[-1].wait()
        return workers[-1]

    yield begin
    for worker in workers:
        worker.kill()


@pytest.mark.timeout(180)
async def test_killed_in_mid_fetch(door: Door, own_dovecot: Dovecot, begun: Callable[[], Worker]) -> None:
    await door.stop()
    own_dovecot.stock("user1", many())
    fields: dict[str, Any] = {"port": own_dovecot.port, "user": "user1", "password": PASSWORD, "history": "import"}
    await door.set(mailbox(), account(door.sealer, afterwards="move", move_to="Done", **fields))
    worker = begun()
    await until(door.count, lambda count: count > MANY / 4, "some mail taken")
    worker.kill()
    assert await door.count() < MANY
    begun()
    await door.until_taken(MANY, 90)  # MongoDB ends a dead process's transaction after a minute
    moved = until(lambda: _count(own_dovecot, "Done"), lambda count: count >= MANY, "all mail moved")
    assert await moved == MANY
    assert own_dovecot.uids("user1") == []


async def _count(dovecot: Dovecot, folder: str) -> int:
    return len(dovecot.uids("user1", folder))


async def test_dovecot_restarted_in_mid_fetch(door: Door, own_dovecot: Dovecot) -> None:
    own_dovecot.stock("user1", many())
    fields: dict[str, Any] = {"port": own_dovecot.port, "user": "user1", "password": PASSWORD, "history": "import"}
    await door.set(mailbox(), account(door.sealer, **fields))
    await until(door.count, lambda count: count > MANY / 6, "some mail taken")
    await asyncio.to_thread(own_dovecot.restart)
    assert await door.count() < MANY
    await door.until_taken(MANY)
    await door.until_state("up")
    assert len(own_dovecot.uids("user1", what="SEEN")) == MANY


async def test_one_works_and_another_takes_over(
    door: Door, dovecot: Dovecot, user: str, begun: Callable[[], Worker]
) -> None:
    await door.stop()
    await door.set(mailbox(), account(door.sealer, port=dovecot.port, user=user, password=PASSWORD))
    first = begun()
    await door.until_state("up")
    begun()
    for n in range(5):
        dovecot.deliver(user, mail(f"a{n}@mail.example"))
    await door.until_taken(5)
    first.kill()
    killed = time.monotonic()
    dovecot.deliver(user, mail("b@mail.example"))
    await door.until_taken(6)
    assert time.monotonic() - killed < 13


async def test_of_two_that_believe_they_hold_an_account_one_commits(
    servers: ServerUrls, namespace: str, door: Door, dovecot: Dovecot, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("postroom_plumbing.leases.Leases.held", lambda leases: list(leases._names))
    other = Door(settings_of(servers, namespace))
    await other.start()
    try:
        await door.set(mailbox(), account(door.sealer, port=dovecot.port, user=user, password=PASSWORD))
        await door.until_state("up")
        for n in range(10):
            dovecot.deliver(user, mail(f"m{n}@mail.example"))
        await door.until_taken(10)
    finally:
        await other.close()


async def test_without_the_lease_or_the_newest_cursor_nothing_is_committed(door: Door) -> None:
    cursor = sighted(None, "ann INBOX", Sight(1, 0, 0), utc_now(), history=False)
    event = account(door.sealer, password=PASSWORD, user="ann")
    held = Taker("a", Account.model_validate(event.value), "support@example.com", door.parts, lambda: True, _run)
    lost = Taker("a", Account.model_validate(event.value), "support@example.com", door.parts, lambda: False, _run)
    with pytest.raises(StaleError):
        await lost.begin(cursor)
    assert await door.store.cursor("a") is None
    written = await held.begin(cursor)
    assert await door.store.cursor("a") == written
    with pytest.raises(StaleError):  # somebody who has not seen that it moved
        await held.begin(cursor)
    assert await door.store.cursor("a") == written


async def _run(*_: Any) -> None:
    """Nothing is asked of a server here."""
