"""The reading role on a real MongoDB: batches that come again, in any order, and at once."""

import asyncio
from collections.abc import Iterable

import pytest

from postroom_contracts.inbound import MailReceived
from postroom_ingest import reading
from postroom_ingest.conversation import Clues, Knowledge
from postroom_ingest.knowledge_store import KnowledgeStore
from postroom_ingest.raw import RawMissingError
from postroom_plumbing.errors import PermanentError
from postroom_plumbing.ids import new_id
from postroom_plumbing.tokens import own_message_id
from postroom_plumbing.unit import Unit

from .making import SECRET, changed, mail, opened
from .running import Ingest

pytestmark = pytest.mark.connected


async def tickets_of(ingest: Ingest, mails: Iterable[MailReceived]) -> list[str]:
    told = await ingest.contacts(wanted := list(mails))
    return [told[one.contact].ticket for one in wanted]


async def test_a_batch_told_again_changes_nothing_and_states_nothing(fresh_ingest: Ingest) -> None:
    mails = await fresh_ingest.handed_in(mail("a@x"), mail("b@x", "a@x"), mail("a@x"))
    batch = [*mails, opened("T9", 9), changed("T9", 9, 2, "closed")]
    await fresh_ingest.feed(*batch)
    before = await fresh_ingest.contents()
    assert [len(before[name]) for name in ("ledger", "message_ids", "tickets")] == [3, 2, 2]
    assert await fresh_ingest.outcomes(mails) == ["new", "appended", "duplicate"]
    assert len(await fresh_ingest.contacts()) == 2
    await fresh_ingest.feed(*batch)
    for event in batch:
        await fresh_ingest.feed(event)
    assert await fresh_ingest.contents() == before


async def test_a_mail_twice_in_one_batch_is_read_once(ingest: Ingest) -> None:
    """A relay that was killed may publish again what Kafka has already."""
    (event,) = await ingest.handed_in(mail(f"{new_id()}@x"))
    await ingest.feed(event, event)
    assert await ingest.outcomes([event]) == ["new"]
    assert len(await ingest.contacts([event])) == 1


async def test_a_mail_delivered_twice_is_one_contact(ingest: Ingest) -> None:
    raw = mail(f"{new_id()}@x")
    mails = await ingest.handed_in(raw, raw, b"Received: by another hop\r\n" + raw)
    for event in mails:
        await ingest.feed(event)
    assert await ingest.outcomes(mails) == ["new", "duplicate", "duplicate"]
    assert len(await ingest.contacts(mails)) == 1


async def test_mails_beyond_a_portion_are_read_all_the_same(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "SLICE_BYTES", 1000)
    root = f"{new_id()}@x"
    mails = await ingest.handed_in(
        mail(root, text="x" * 5000), *(mail(f"{n}.{root}", root, text="y" * 600) for n in range(5)), mail(root)
    )
    await ingest.feed(*mails)
    assert await ingest.outcomes(mails) == ["new", *["appended"] * 6], "the last says other words under the same id"
    assert len(set(await tickets_of(ingest, mails))) == 1


async def test_a_parent_joins_the_reply_that_came_first(ingest: Ingest) -> None:
    root = f"{new_id()}@x"
    mails = await ingest.handed_in(mail(f"2.{root}", root, f"1.{root}"), mail(f"1.{root}", root), mail(root))
    for event in mails:
        await ingest.feed(event)
    told = await ingest.contacts(mails)
    assert [told[one.contact].evidence.kind for one in mails] == ["none", "known-message", "expected-message"]
    assert len(set(await tickets_of(ingest, mails))) == 1


class Meeting(KnowledgeStore):
    """Waits once, after it has looked and before anything is saved, for another reader to have looked too."""

    def __init__(self, ingest: Ingest, barrier: asyncio.Barrier) -> None:
        super().__init__(ingest.database)
        self._barrier: asyncio.Barrier | None = barrier

    async def load(self, batch: Iterable[Clues], unit: Unit) -> Knowledge:
        knowledge = await super().load(batch, unit)
        if self._barrier is not None:
            barrier, self._barrier = self._barrier, None
            await barrier.wait()
        return knowledge


@pytest.mark.parametrize("round_", range(4))
async def test_a_reply_and_its_parent_at_once_on_two_partitions_are_one_ticket(ingest: Ingest, round_: int) -> None:
    root = f"{round_}.{new_id()}@x"
    parent, reply = await ingest.handed_in(mail(f"1.{root}", root), mail(f"2.{root}", f"1.{root}"))
    assert parent.key != reply.key, "the reply's program kept only the last reference"
    barrier = asyncio.Barrier(2)
    readers = [ingest.another_reader(Meeting(ingest, barrier)) for _ in range(2)]
    await asyncio.gather(*(ingest.feed(one, reader=readers[n]) for n, one in enumerate((parent, reply))))
    assert len(set(await tickets_of(ingest, [parent, reply]))) == 1
    assert sorted(await ingest.outcomes([parent, reply])) == ["appended", "new"]


async def test_the_same_mail_at_once_on_two_partitions_is_one_contact(ingest: Ingest) -> None:
    raw = mail(f"{new_id()}@x")
    mails = await ingest.handed_in(raw, raw)
    barrier = asyncio.Barrier(2)
    readers = [ingest.another_reader(Meeting(ingest, barrier)) for _ in range(2)]
    await asyncio.gather(*(ingest.feed(one, reader=readers[n]) for n, one in enumerate(mails)))
    assert sorted(await ingest.outcomes(mails)) == ["duplicate", "new"]
    assert len(await ingest.contacts(mails)) == 1


async def test_a_raw_mail_that_is_missing_is_for_good(ingest: Ingest) -> None:
    (event,) = await ingest.handed_in(mail(f"{new_id()}@x"))
    lost = event.model_copy(update={"contact": "lost", "raw": event.raw.model_copy(update={"id": "lost"})})
    with pytest.raises(RawMissingError):
        await ingest.feed(event, lost)
    assert issubclass(RawMissingError, PermanentError), "so it goes to the dead letters at once, alone"
    assert await ingest.outcomes([event, lost]) == ["missing", "missing"]
    cut = event.model_copy(update={"raw": event.raw.model_copy(update={"size": 9_000_000})})
    with pytest.raises(RawMissingError):
        await ingest.feed(cut)


async def test_desk_says_which_tickets_are_closed(ingest: Ingest) -> None:
    root = f"{new_id()}@x"
    first, second, third = await ingest.handed_in(mail(root), mail(f"1.{root}", root), mail(f"2.{root}", root))
    await ingest.feed(first)
    (ticket,) = await tickets_of(ingest, [first])
    await ingest.feed(opened(ticket, 41), changed(ticket, 41, 3, "closed"), changed(ticket, 41, 2, "open"))
    await ingest.feed(second)
    await ingest.feed(third)
    told = await ingest.contacts([second, third])
    follow_up = told[second.contact]
    assert (follow_up.opens, follow_up.follows, follow_up.ticket != ticket) == (True, ticket, True)
    assert (told[third.contact].opens, told[third.contact].ticket) == (False, follow_up.ticket)


async def test_a_ticket_closed_and_opened_again_in_one_batch_goes_on(ingest: Ingest) -> None:
    root = f"{new_id()}@x"
    first, second = await ingest.handed_in(mail(root), mail(f"1.{root}", root))
    await ingest.feed(first)
    (ticket,) = await tickets_of(ingest, [first])
    await ingest.feed(opened(ticket, 42), changed(ticket, 42, 2, "closed"), changed(ticket, 42, 3, "open"), second)
    assert await tickets_of(ingest, [second]) == [ticket]


@pytest.mark.parametrize(
    ("sender", "joins"),
    [
        ("Ann <ANN@example.com>", True),
        ("$$ann.x@example.com", True),
        ("eve@EXAMPLE.com", True),
        ("eve@elsewhere.example", False),
    ],
)
async def test_a_number_counts_only_from_who_takes_part(ingest: Ingest, sender: str, joins: bool) -> None:
    number = int(new_id().replace("-", "")[6:14], 16)
    ticket = new_id()
    await ingest.feed(opened(ticket, number), opened(ticket, number, "$$ann.x@example.com"))
    (event,) = await ingest.handed_in(mail(f"{new_id()}@x", sender=sender, subject=f"Once more [#{number}]"))
    await ingest.feed(event)
    assert (await tickets_of(ingest, [event]) == [ticket]) == joins


async def test_an_answer_to_us_finds_back_before_desk_has_said_anything(ingest: Ingest) -> None:
    ticket = new_id()
    own = own_message_id(SECRET, "reply", ticket, new_id(), "support.example")
    (event,) = await ingest.handed_in(mail(f"{new_id()}@x", own))
    await ingest.feed(event)
    contact = (await ingest.contacts([event]))[event.contact]
    assert (contact.ticket, contact.opens, contact.evidence.kind) == (ticket, False, "own-token")


async def test_very_long_ids_are_told_apart_and_known_again(ingest: Ingest) -> None:
    long = new_id() + "x" * 930
    mails = await ingest.handed_in(
        mail(f"{long}1@x"), mail(f"{long}2@x"), mail(f"{long}1@x"), mail("r@x", f"{long}2@x")
    )
    await ingest.feed(*mails[:2])
    await ingest.feed(*mails[2:])
    assert await ingest.outcomes(mails) == ["new", "new", "duplicate", "appended"]
    told = await ingest.contacts(mails)
    assert told[mails[3].contact].ticket == told[mails[1].contact].ticket != told[mails[0].contact].ticket


async def test_a_mail_without_anything_is_a_contact_each_time(ingest: Ingest) -> None:
    mails = await ingest.handed_in(b"", b"", b"\x00\xff")
    await ingest.feed(*mails)
    assert await ingest.outcomes(mails) == ["new", "new", "new"]
    assert len(set(await tickets_of(ingest, mails))) == 3
