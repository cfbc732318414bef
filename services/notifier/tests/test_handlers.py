"""Events into queued mails, on a real MongoDB."""

import asyncio

import pytest

from postroom_contracts import Event
from postroom_contracts.delivery import MailFailed
from postroom_contracts.values import Party
from postroom_notifier.caps import MOST, MOST_ALIKE
from postroom_notifier.letters import NO_MAILBOX

from .conftest import Notifier
from .making import MAILBOX, after, clocks, mailbox_set, opened, reply, solved

pytestmark = pytest.mark.connected

OTHER = Party(address="other@example.org")
EVERYTHING: list[Event] = [opened(), clocks(due_at=after(60)), reply(), solved()]


async def test_each_reason_queues_one_mail(notifier: Notifier) -> None:
    await notifier.feed(*EVERYTHING)
    assert await notifier.states() == {"ack:t1": "queued", "reply:r1": "queued", "survey:t1": "queued"}
    assert await notifier.stated() == []


async def test_replays_change_nothing(notifier: Notifier) -> None:
    await notifier.feed(*EVERYTHING)
    before = await notifier.store.listed(None, 10)
    await notifier.feed(*EVERYTHING)
    for event in EVERYTHING:
        await notifier.feed(event)
    assert await notifier.store.listed(None, 10) == before


async def test_batches_with_nothing_for_us(notifier: Notifier) -> None:
    await notifier.feed(solved(new="open"))
    assert await notifier.states() == {}


async def test_ticket_and_clocks_at_the_same_moment_in_two_processes(notifier: Notifier) -> None:
    """Both transactions see neither; one must be run again and see the other."""
    for number in range(20):
        ticket = f"t{number}"
        anna = Party(address=f"anna{number}@example.org")
        await asyncio.gather(notifier.feed(opened(ticket, reply_to=anna)), notifier.feed(clocks(ticket, after(60))))
    assert await notifier.states() == {f"ack:t{number}": "queued" for number in range(20)}


async def test_a_mailbox_made_in_the_same_batch_is_known(notifier: Notifier) -> None:
    new = MAILBOX.model_copy(update={"address": "sales@acme.example"})
    await notifier.feed(mailbox_set(new, "sales"), opened(mailbox="sales"), clocks())
    mail = await notifier.mail("ack:t1")
    assert b"From: Acme Help <sales@acme.example>" in mail.raw


async def test_a_reply_from_an_unknown_mailbox_fails_and_says_so_once(notifier: Notifier) -> None:
    for _ in range(2):
        await notifier.feed(reply(mailbox="gone"))
    assert await notifier.states() == {"reply:r1": "failed"}
    (told,) = await notifier.stated()
    assert isinstance(told, MailFailed)
    assert (told.outgoing, told.message, told.reason, told.uncertain) == ("reply:r1", "r1", NO_MAILBOX, False)


async def test_what_is_kept_comes_back_as_it_was(notifier: Notifier) -> None:
    await notifier.feed(opened(references=("a@x",)), clocks(due_at=after(60)))
    memory = (await notifier.store.memories(["t1"], None))["t1"]
    assert memory.opened is not None
    assert memory.opened.references == ("a@x",)
    assert memory.promise is not None
    assert memory.promise.due_at == after(60)
    assert memory.decided == {"acknowledgement"}


async def test_one_address_gets_only_so_many_acknowledgements_and_few_about_the_same(notifier: Notifier) -> None:
    for begin in range(0, MOST + 5, 40):
        batch = range(begin, min(begin + 40, MOST + 5))
        alike = [opened(f"t{n}", number=n + 1, subject="Printer" if n < 8 else f"Matter {n}") for n in batch]
        await notifier.feed(*alike, *(clocks(f"t{n}") for n in batch))
    assert set(await notifier.states()) == {f"ack:t{n}" for n in (*range(MOST_ALIKE), *range(8, MOST + 3))}
    names = [f"u{n}" for n in range(MOST_ALIKE + 1)]
    others = [one for n in names for one in (opened(n, reply_to=OTHER, subject="Printer"), clocks(n))]
    await notifier.feed(*others, reply("r9", "t999"))
    states = await notifier.states()
    assert {*(f"ack:{name}" for name in names[:-1]), "reply:r9"} < set(states)
    assert f"ack:{names[-1]}" not in states
