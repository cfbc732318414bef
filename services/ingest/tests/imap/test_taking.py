"""Mail is taken from a real Dovecot, once, whatever other mail programs do."""

import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from imapclient.exceptions import IMAPClientError

from postroom_contracts.event import Event
from postroom_ingest.imap import session, taking
from postroom_ingest.imap.trouble import UnfetchableError
from postroom_plumbing.clock import utc_now
from postroom_plumbing.testing import until

from ..making import mail
from .doors import Door, account, mailbox, setting
from .dovecot import PASSWORD, Dovecot
from .token_server import TokenServer

pytestmark = pytest.mark.connected


def numbered(*numbers: int) -> list[bytes]:
    return [mail(f"m{n}@mail.example", subject=f"Number {n}") for n in numbers]


def as_set(door: Door, dovecot: Dovecot, user: str, **fields: Any) -> Event:
    given: dict[str, Any] = {"port": dovecot.port, "user": user, "password": PASSWORD, "afterwards": "keep", **fields}
    return account(door.sealer, **given)


async def test_new_mail_is_taken_at_once_and_old_mail_is_left(door: Door, dovecot: Dovecot, user: str) -> None:
    dovecot.deliver(user, *numbered(1, 2))
    await door.set(mailbox(), as_set(door, dovecot, user))
    await door.until_state("up")
    began = time.monotonic()
    dovecot.deliver(user, *numbered(3))
    (taken,) = await door.until_taken(1)
    assert time.monotonic() - began < 2
    assert (taken.door, taken.mailbox, taken.envelope_to) == ("imap", "support", ("support@example.com",))
    assert (taken.imported, taken.tls, taken.envelope_from) == (False, None, "")
    assert await door.raws.read([taken.raw]) == {taken.contact: numbered(3)[0]}
    assert dovecot.uids(user, what="SEEN") == []
    assert (await door.until_state("up"))["last_mail_at"] is not None


async def test_what_was_read_elsewhere_is_taken_too(door: Door, dovecot: Dovecot, user: str) -> None:
    await door.set(mailbox(), as_set(door, dovecot, user))
    await door.until_state("up")
    dovecot.deliver(user, *numbered(1), seen=True)
    await door.until_taken(1)


async def test_a_server_with_few_capabilities(door: Door, token_server: TokenServer, has_dovecot: None) -> None:
    """Without IDLE it is asked now and then, and without MOVE mail is copied and deleted."""
    with tempfile.TemporaryDirectory(prefix="dovecot-") as folder:
        dovecot = Dovecot(Path(folder), capability="IMAP4rev1 UIDPLUS")
        dovecot.start()
        try:
            changed = as_set(door, dovecot, "user1", poll_seconds=5, afterwards="move", move_to="Done")
            await door.set(mailbox(), changed)
            await door.until_state("up")
            dovecot.deliver("user1", *numbered(1))
            await door.until_taken(1)
            there = until(lambda: as_async(dovecot.uids("user1", "Done")), bool, "the mail moved")
            assert (len(await there), dovecot.uids("user1")) == (1, [])
        finally:
            await door.stop()
            dovecot.stop()


async def test_where_afterwards_fails_mail_is_taken_all_the_same(door: Door, dovecot: Dovecot, user: str) -> None:
    await door.set(mailbox(), as_set(door, dovecot, user, afterwards="move", move_to="INBOX//no//name"))
    await door.until_state("up")
    dovecot.deliver(user, *numbered(1, 2))
    await door.until_taken(2)
    state = await until(door.state, lambda s: bool(s.get("error")), "a word about it")
    assert state["state"] == "up"
    assert state["error"].startswith("mails are taken, but afterwards (move) fails: the server refused a command")
    await door.set(as_set(door, dovecot, user, afterwards="move", move_to="Done"))
    await until(lambda: as_async(dovecot.uids(user, "Done")), lambda uids: len(uids) == 2, "both moved")


@pytest.mark.parametrize("afterwards", ["flag", "move", "delete"])
async def test_afterwards(door: Door, dovecot: Dovecot, user: str, afterwards: str) -> None:
    dovecot.deliver(user, *numbered(1))
    await door.set(mailbox(), as_set(door, dovecot, user, afterwards=afterwards, move_to="Támogatás/Done"))
    await door.until_state("up")
    dovecot.deliver(user, *numbered(2, 3))
    await door.until_taken(2)

    async def finished() -> bool:
        inbox, done = dovecot.uids(user), dovecot.uids(user, '"T&AOE-mogat&AOE-s/Done"')
        return {
            "flag": (dovecot.uids(user, what="SEEN"), done) == ([2, 3], []),
            "move": (inbox, len(done)) == ([1], 2),
            "delete": (inbox, done) == ([1], []),
        }[afterwards]

    await until(finished, bool, f"mails after {afterwards}")
    await until(lambda: door.store.cursor("a"), lambda c: c is not None and (c.front, c.pending) == (3, ()), "the end")


async def test_what_was_left_undone_afterwards_is_done_again(door: Door, dovecot: Dovecot, user: str) -> None:
    await door.set(mailbox(), as_set(door, dovecot, user, afterwards="flag"))
    await door.until_state("up")
    dovecot.deliver(user, *numbered(1))
    await door.until_taken(1)
    await until(lambda: as_async(dovecot.uids(user, what="SEEN")), bool, "the mail marked")
    await door.stop()
    client = dovecot.client(user)
    client.uid("STORE", "1", "-FLAGS", "(\\Seen)")
    client.logout()
    await door.database["imap_cursors"].update_one({"_id": "a"}, {"$set": {"pending": [1]}})
    await door.start()
    await until(lambda: as_async(dovecot.uids(user, what="SEEN")), bool, "the mail marked")
    await door.until_taken(1)


async def as_async(value: list[int]) -> list[int]:
    return value


async def test_history_comes_in_order_and_new_mail_does_not_wait_for_it(
    door: Door, dovecot: Dovecot, user: str
) -> None:
    dovecot.stock(user, numbered(*range(2000)))
    await door.set(mailbox(), as_set(door, dovecot, user, history="import"))
    await until(door.count, lambda count: count > 100, "some old mail")
    dovecot.deliver(user, *numbered(5000))
    taken = await door.until_taken(2001, 60)
    old = [one for one in taken if one.imported]
    assert [one.thread_root for one in old] == [f"m{n}@mail.example" for n in range(2000)]
    assert [one.thread_root for one in taken if not one.imported] == ["m5000@mail.example"]
    assert taken[-1].imported
    await door.until_state("up")


async def test_a_mail_that_is_too_large_hides_none(door: Door, dovecot: Dovecot, user: str) -> None:
    large = mail("large@mail.example", text="x" * 70 + "\r\n" + ("y" * 70 + "\r\n") * 560_000)
    await door.set(mailbox(), as_set(door, dovecot, user, afterwards="delete"))
    await door.until_state("up")
    dovecot.deliver(user, numbered(1)[0], large, numbered(2)[0])
    await door.until_taken(2)
    (left,) = await until(lambda: door.store.left("a"), bool, "the mail that was left")
    assert (left["uid"], left["reason"], left["size"]) == (2, "larger than 36000000 bytes", len(large))
    await until(lambda: as_async(dovecot.uids(user)), lambda uids: uids == [2], "the others deleted")


async def test_a_mail_the_server_does_not_hand_out_hides_none_and_is_asked_for_again(
    door: Door, dovecot: Dovecot, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = session.Session.bodies

    def without_2(self: session.Session, uids: list[int], most: int) -> dict[int, bytes]:
        if 2 in uids and len(uids) > 1:
            raise IMAPClientError("fetch failed: [SERVERBUG] cannot")
        if 2 in uids:
            raise UnfetchableError(2, "the server refused a command (SERVERBUG)")
        return whole(self, uids, most)

    monkeypatch.setattr(session.Session, "bodies", without_2)
    await door.set(mailbox(), as_set(door, dovecot, user))
    await door.until_state("up")
    dovecot.deliver(user, *numbered(1, 2, 3))
    await door.until_taken(2)
    dovecot.deliver(user, *numbered(4))
    await door.until_taken(3)
    assert [one["uid"] for one in await door.store.left("a")] == [2]
    monkeypatch.setattr(session.Session, "bodies", whole)
    monkeypatch.setattr(taking, "RETRY_LEFT", timedelta(0))
    dovecot.deliver(user, *numbered(5))
    await door.until_taken(5)
    assert await door.store.left("a") == []


async def test_settings_take_effect_without_a_restart(door: Door, dovecot: Dovecot, user: str) -> None:
    async def working() -> list[str]:
        return sorted(door.accounts._running)

    await door.set(mailbox(), as_set(door, dovecot, user))
    await door.until_state("up")
    await door.set(as_set(door, dovecot, user, enabled=False))
    await until(working, lambda found: not found, "the account at rest", 5)
    dovecot.deliver(user, *numbered(1))
    await door.set(as_set(door, dovecot, user, name="Another name"))
    await door.until_taken(1, 8)
    await door.set(as_set(door, dovecot, user, password="wrong"))
    refused = await door.until_state("refused", seconds=8)
    assert refused["error"] == "the server refuses the password (AUTHENTICATIONFAILED)"
    await door.set(as_set(door, dovecot, user))
    await door.until_state("up", seconds=8)
    assert refused["since"] < (await door.state())["since"] <= utc_now()
    await door.set(setting("account", "a", None))
    await until(working, lambda found: not found, "the account at rest", 5)


async def test_another_uidvalidity_takes_nothing_twice_and_misses_nothing(
    door: Door, dovecot: Dovecot, user: str
) -> None:
    long_ago = time.time() - 86_400
    dovecot.deliver(user, *numbered(1, 2), at=long_ago)  # there at first sight, and not wanted
    await door.set(mailbox(), as_set(door, dovecot, user))
    await door.until_state("up")
    dovecot.deliver(user, *numbered(3, 4, 5))
    await door.until_taken(3)
    known = await door.store.cursor("a")
    await door.stop()
    dovecot.deliver(user, *numbered(6), at=time.time() + 1)
    for path in dovecot.maildir(user).glob("dovecot*"):
        path.unlink()
    await door.start()
    taken = await door.until_taken(4)
    assert [one.thread_root for one in taken] == [f"m{n}@mail.example" for n in (3, 4, 5, 6)]
    assert not any(one.imported for one in taken)
    cursor = await until(
        lambda: door.store.cursor("a"), lambda c: c is not None and not c.history_left, "all looked at"
    )
    assert known is not None
    assert cursor is not None
    assert cursor.uidvalidity != known.uidvalidity
    dovecot.deliver(user, *numbered(7))
    await door.until_taken(5)


async def test_a_folder_made_anew_while_it_is_watched(door: Door, dovecot: Dovecot, user: str) -> None:
    client = dovecot.client(user, None)
    client.create("Help")
    await door.set(mailbox(), as_set(door, dovecot, user, folder="Help"))
    await door.until_state("up")
    dovecot.deliver(user, *numbered(1, 2), folder="Help")
    await door.until_taken(2)
    client.delete("Help")
    client.create("Help")
    client.logout()
    dovecot.deliver(user, *numbered(2, 3), folder="Help")
    await door.until_taken(3)
