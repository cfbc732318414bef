"""Which mails follow from what happened to a ticket."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_contracts import Event
from postroom_contracts.config import Mailbox
from postroom_contracts.sla import ClocksSet
from postroom_contracts.values import Customer, Party
from postroom_notifier.domain import Memory, Wanted, remember, remember_all

from .making import MAILBOX, MAILBOXES, after, clocks, opened, solved


def told(events: Sequence[Event], mailboxes: dict[str, Mailbox] = MAILBOXES) -> list[Wanted]:
    """The mails wanted after these events of ticket t1, in order."""
    return [mail for _, mail in remember_all({}, [("t1", event) for event in events], mailboxes)[1]]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["opened first", "clocks first"])
def test_an_acknowledgement_when_ticket_and_clocks_are_known(order: tuple[int, int]) -> None:
    events: list[Event] = [opened(), clocks(due_at=after(60))]
    first, second = (events[index] for index in order)
    memory, nothing = remember(Memory("t1"), first, MAILBOXES)
    assert nothing is None
    memory, mail = remember(memory, second, MAILBOXES)
    assert mail is not None
    assert (mail.kind, mail.ticket, mail.mailbox, mail.due_at) == ("acknowledgement", "t1", MAILBOX, after(60))
    assert memory.decided == {"acknowledgement"}


@pytest.mark.parametrize(
    "promise",
    [
        clocks(),
        clocks(due_at=after(60), state="met"),
        clocks(due_at=after(60), state="void"),
        clocks(due_at=after(60), metric="resolution"),
    ],
    ids=["no policy", "met", "void", "resolution only"],
)
def test_no_running_first_reply_clock_promises_no_time(promise: ClocksSet) -> None:
    (mail,) = told([opened(), promise])
    assert mail.due_at is None


def test_the_first_clocks_count() -> None:
    (mail,) = told([clocks(due_at=after(60)), clocks(due_at=after(90), version=2), opened()])
    assert mail.due_at == after(60)


NOT_ANSWERED: dict[str, dict[str, Any]] = {
    "auto-reply": {"automatic": "auto-reply"},
    "bounce": {"automatic": "bounce"},
    "list": {"automatic": "list"},
    "bulk": {"automatic": "bulk"},
    "no reply wanted": {"automatic": "no-reply-wanted"},
    "imported": {"imported": True},
    "our own mailbox": {"reply_to": Party(address="HELP@acme.example")},
    "from our own mailbox": {"customer": Customer(id="c", address="help@acme.example")},
    "mailer-daemon": {"reply_to": Party(address="MAILER-DAEMON@mx.example")},
    "from mailer-daemon": {"customer": Customer(id="c", address="mailer-daemon@mx.example")},
    "postmaster": {"reply_to": Party(address="postmaster@mx.example")},
    "no-reply": {"reply_to": Party(address="no-reply@shop.example")},
    "no address": {"reply_to": Party(address="")},
    "a telephone": {"reply_to": Party(address="+4917012345")},
}


@pytest.mark.parametrize("fields", NOT_ANSWERED.values(), ids=NOT_ANSWERED.keys())
def test_who_is_not_answered_gets_neither_acknowledgement_nor_survey(fields: dict[str, Any]) -> None:
    assert told([opened(**fields), clocks(), solved()]) == []


@pytest.mark.parametrize("address", ["hilfe@bücher.example", "hilfe@xn--bcher-kva.example", "HILFE@Bücher.example"])
def test_our_own_mailbox_is_not_answered_however_it_is_written(address: str) -> None:
    ours = {**MAILBOXES, "hilfe": MAILBOX.model_copy(update={"address": "hilfe@bücher.example"})}
    assert told([opened(reply_to=Party(address=address)), clocks(), solved()], ours) == []


def test_a_form_that_cannot_be_answered_itself_but_names_the_customer() -> None:
    events = [opened(customer=Customer(id="c", address="noreply@shop.example")), clocks()]
    assert len(told(events)) == 1


def test_a_mailbox_that_acknowledges_nothing_still_asks_for_ratings() -> None:
    quiet = {"main": MAILBOX.model_copy(update={"acknowledge": False})}
    assert [mail.kind for mail in told([opened(), clocks(), solved()], quiet)] == ["survey"]


def test_from_an_unknown_mailbox_nothing_is_sent() -> None:
    assert told([opened(), clocks(), solved()], {}) == []


def test_what_was_decided_stays_decided_when_settings_change() -> None:
    events: list[tuple[str, Event]] = [("t1", opened()), ("t1", clocks()), ("t1", solved())]
    memories, nothing = remember_all({}, events, {})
    assert not nothing
    assert remember_all(memories, events, MAILBOXES) == ({}, [])


def test_one_survey_however_often_a_ticket_is_solved() -> None:
    assert [mail.kind for mail in told([opened(), solved(), solved(new="open"), solved()])] == ["survey"]


def test_no_survey_about_a_ticket_whose_opening_is_not_known() -> None:
    assert told([solved()]) == []


@pytest.mark.parametrize("new", ["closed", "pending", "open"])
def test_only_solving_asks_for_a_rating(new: str) -> None:
    assert told([opened(), solved(new=new)]) == []


@given(
    st.lists(st.sampled_from([opened(), clocks(due_at=after(5)), clocks(), solved(), solved(new="open")]), max_size=12)
)
def test_never_two_of_a_kind_and_replays_change_nothing(events: list[Event]) -> None:
    facts = [("t1", event) for event in events]
    memories, mails = remember_all({}, facts, MAILBOXES)
    kinds = [mail.kind for _, mail in mails]
    assert len(kinds) == len(set(kinds))
    both = {type(event) for event in events} >= {type(opened()), ClocksSet}
    assert ("acknowledgement" in kinds) == both
    if memories:
        again, more = remember_all(memories, [fact for fact in facts if fact[1].type != solved().type], MAILBOXES)
        assert (again, more) == ({}, [])


@given(st.lists(st.sampled_from([opened(), clocks(due_at=after(5)), solved()]), max_size=8), st.integers(0, 8))
def test_batches_may_be_cut_anywhere(events: list[Event], cut: int) -> None:
    facts = [("t1", event) for event in events]
    whole, mails = remember_all({}, facts, MAILBOXES)
    first, early = remember_all({}, facts[:cut], MAILBOXES)
    second, late = remember_all(first, facts[cut:], MAILBOXES)
    assert first | second == whole
    assert [mail for _, mail in (*early, *late)] == [mail for _, mail in mails]


def test_tickets_do_not_mix() -> None:
    _, mails = remember_all({}, [("t1", opened("t1")), ("t2", clocks("t2")), ("t2", opened("t2"))], MAILBOXES)
    assert [(index, mail.ticket) for index, mail in mails] == [(2, "t2")]


def test_the_chain_ends_with_the_mail_that_is_answered() -> None:
    (mail,) = told([opened(references=("a@x", "b@x", "t1@customer.example")), clocks()])
    assert mail.opened.chain == ("a@x", "b@x", "t1@customer.example")
    (mail,) = told([opened(message_id=None, channel="form"), clocks()])
    assert mail.opened.chain == ()
