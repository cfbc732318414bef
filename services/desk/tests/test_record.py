"""What happens to a ticket, as tables and as a property of every sequence of happenings."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom_contracts.contacts import Authentication
from postroom_contracts.csat import SurveyAnswered
from postroom_contracts.sla import ClockWarned
from postroom_contracts.tickets import Ticket, TicketChanged, TicketMessageAdded, TicketOpened
from postroom_contracts.values import Actor, Party
from postroom_desk.tickets import outcomes
from postroom_desk.tickets.messages import EVENT_TEXT_CHARS, StoredMessage
from postroom_desk.tickets.record import (
    CHAIN_IDS,
    FINISHED,
    Record,
    add_agents_message,
    add_contact,
    change,
)

from .making import MAKE

START = MAKE.start
PERSON = Actor(kind="agent", id="mina", name="Mina")
STATUSES = ("new", "open", "pending", "on_hold", "solved", "closed")


def agents_message(kind: Any = "reply", message_id: str | None = "r1@desk", text: str = "Done.") -> StoredMessage:
    return StoredMessage(
        id=f"{kind}-{message_id}", ticket="t1", kind=kind, at=START, author=PERSON, text=text, message_id=message_id
    )


def in_status(status: str) -> Record:
    record = MAKE.record()
    change(record, {"status": status}, PERSON, START)
    return record


def test_a_ticket_opens_with_what_the_contact_says() -> None:
    record = MAKE.record(
        subject_line="  Rechnung \n", importance="high", language="de", follows="t0", references=("a@x", "b@x")
    )
    ticket = record.ticket
    assert (ticket.subject, ticket.priority, ticket.language, ticket.follows) == ("Rechnung", "high", "de", "t0")
    assert (ticket.version, ticket.status, ticket.queue, ticket.agent) == (1, "new", None, None)
    assert record.chain == ("a@x", "b@x", "c1@mail.example")
    (opened,) = record.events
    assert isinstance(opened, TicketOpened)
    assert (opened.ticket, opened.references, opened.message.id) == (ticket, ("a@x", "b@x"), "c1")


@pytest.mark.parametrize("subject", ["", "   ", "\t"])
def test_a_ticket_without_a_subject_has_words_for_it(subject: str) -> None:
    assert MAKE.record(subject_line=subject).ticket.subject == "(no subject)"


@pytest.mark.parametrize(
    ("before", "automatic", "after", "reopens"),
    [
        pytest.param("new", None, "new", 0, id="a second mail leaves new as it is"),
        pytest.param("open", None, "open", 0, id="open stays open"),
        pytest.param("pending", None, "open", 0, id="an answer wakes pending"),
        pytest.param("on_hold", None, "open", 0, id="an answer wakes on hold"),
        pytest.param("solved", None, "open", 1, id="a person reopens"),
        pytest.param("closed", None, "open", 1, id="closed while the mail was on its way: nobody overlooks it"),
        pytest.param("pending", "auto-reply", "pending", 0, id="a machine does not wake"),
        pytest.param("solved", "auto-reply", "solved", 0, id="a machine does not reopen"),
        pytest.param("solved", "bounce", "solved", 0, id="a bounce does not reopen"),
        pytest.param("closed", "list", "closed", 0, id="a list does not reopen"),
    ],
)
def test_a_further_contact(before: str, automatic: Any, after: str, reopens: int) -> None:
    record = in_status(before)
    solved = record.ticket.solved_at
    add_contact(record, MAKE.contact(contact="c2", automatic=automatic), MAKE.at(5))
    added = record.events[-1]
    assert isinstance(added, TicketMessageAdded)
    assert (record.ticket.status, record.ticket.reopens) == (after, reopens)
    assert record.ticket.solved_at == (None if reopens else solved)
    assert {name: (one.old, one.new) for name, one in added.changes.items()} == (
        {} if before == after else {"status": (before, after)}
    )


def test_answers_go_to_the_person_who_wrote_last_never_to_a_machine() -> None:
    record = MAKE.record()
    assert record.reply_to.address == "ann@example.com"
    boss, own = Party(address="boss@example.com"), Party(address="b@example.com")
    add_contact(record, MAKE.contact(contact="c2", sender=boss, reply_to=(own,)), START)
    assert record.reply_to == own
    add_contact(record, MAKE.contact(contact="c3", automatic="bounce", sender=Party(address="daemon@x")), START)
    assert record.reply_to == own


@pytest.mark.parametrize(
    ("special", "goes_to"),
    [
        ({"reply_to": (Party(address="eve@elsewhere.example"),)}, "ann@example.com"),
        (
            {"authentication": Authentication(dmarc="fail"), "sender": Party(address="bo@example.com")},
            "ann@example.com",
        ),
        ({"warnings": ("new-participant",), "sender": Party(address="eve@elsewhere.example")}, "ann@example.com"),
        ({"sender": Party(address="bo@partner.example")}, "bo@partner.example"),
    ],
)
def test_nobody_can_steer_answers_elsewhere(special: dict[str, Any], goes_to: str) -> None:
    record = MAKE.record()
    add_contact(record, MAKE.contact(contact="c2", **special), START)
    assert record.reply_to.address == goes_to


@pytest.mark.parametrize(("length", "kept"), [(3, 3), (CHAIN_IDS - 1, CHAIN_IDS - 1), (CHAIN_IDS + 60, CHAIN_IDS - 1)])
def test_a_long_chain_keeps_the_first_and_the_newest(length: int, kept: int) -> None:
    references = tuple(f"{n}@x" for n in range(length))
    record = MAKE.record(references=references)
    assert record.chain == (references[0], *references[1:][-(kept - 1) :], "c1@mail.example")
    add_agents_message(record, agents_message(message_id="r@desk"), START)
    assert len(record.chain) <= CHAIN_IDS
    assert (record.chain[0], record.chain[-1]) == ("0@x", "r@desk")


@pytest.mark.parametrize(
    ("kind", "before", "after", "chained"),
    [("reply", "new", "open", True), ("reply", "pending", "pending", True), ("note", "new", "new", False)],
)
def test_an_agents_message(kind: str, before: str, after: str, chained: bool) -> None:
    record = in_status(before)
    message = agents_message(kind, "r@desk" if kind == "reply" else None)
    add_agents_message(record, message, START)
    assert record.ticket.status == after
    assert ("r@desk" in record.chain) == chained
    assert record.messages[-1] is message


def test_events_carry_words_up_to_a_cap_and_say_so() -> None:
    whole, cut = agents_message(text="x" * EVENT_TEXT_CHARS), agents_message(text="x" * (EVENT_TEXT_CHARS + 1))
    assert (len(whole.told().text), whole.told().text_truncated) == (EVENT_TEXT_CHARS, False)
    assert (len(cut.told().text), cut.told().text_truncated) == (EVENT_TEXT_CHARS, True)


def test_what_is_so_already_changes_nothing() -> None:
    record = in_status("pending")
    version, events = record.ticket.version, len(record.events)
    assert not change(record, {"status": "pending", "priority": "normal", "agent": None}, PERSON, MAKE.at(1))
    assert (record.ticket.version, len(record.events), record.placed_by_hand) == (version, events, 0)


def test_a_change_that_began_earlier_and_came_later_is_told_in_its_place() -> None:
    record = in_status("open")
    for minutes, priority in ((9, "high"), (3, "low"), (12, "urgent")):
        assert change(record, {"priority": priority}, PERSON, MAKE.at(minutes))
    assert [event.at for event in record.events[-3:]] == [MAKE.at(9), MAKE.at(9), MAKE.at(12)]
    assert record.ticket.updated_at == MAKE.at(12)


@pytest.mark.parametrize(
    ("before", "after", "solved", "reopens"),
    [
        ("open", "solved", True, 0),
        ("open", "closed", True, 0),
        ("solved", "closed", True, 0),
        ("closed", "solved", True, 0),
        ("solved", "open", False, 1),
        ("closed", "pending", False, 1),
        ("open", "on_hold", False, 0),
    ],
)
def test_a_changed_status(before: str, after: str, solved: bool, reopens: int) -> None:
    record = in_status(before)
    change(record, {"status": after}, PERSON, MAKE.at(3))
    assert (record.ticket.solved_at is not None, record.ticket.reopens) == (solved, reopens)
    if solved and before in FINISHED:
        assert record.ticket.solved_at == START, "solved once, at the first moment"


def test_only_people_place_by_hand() -> None:
    record = MAKE.record()
    change(record, {"queue": "billing"}, outcomes.ROUTER, START)
    assert record.placed_by_hand == 0
    change(record, {"priority": "high"}, PERSON, START)
    assert record.placed_by_hand == 0
    change(record, {"agent": "mina"}, PERSON, START)
    assert record.placed_by_hand == record.ticket.version == 4


class TestRouting:
    """A routing decision is carried out unless it is old or a person was faster."""

    def test_places_and_opens(self) -> None:
        record = MAKE.record()
        outcomes.route(record, MAKE.decided(queue="billing", agent="mina", reason="money"), MAKE.at(1))
        assert (record.ticket.queue, record.ticket.agent, record.ticket.status) == ("billing", "mina", "open")
        told = record.events[-1]
        assert isinstance(told, TicketChanged)
        assert (told.by, told.reason, set(told.changes)) == (outcomes.ROUTER, "money", {"queue", "agent", "status"})

    def test_a_queue_alone_leaves_it_new(self) -> None:
        record = MAKE.record()
        outcomes.route(record, MAKE.decided(), START)
        assert (record.ticket.queue, record.ticket.agent, record.ticket.status) == ("general", None, "new")

    @pytest.mark.parametrize("decision", [1, 2])
    def test_an_old_decision_is_passed_over(self, decision: int) -> None:
        record = MAKE.record()
        outcomes.route(record, MAKE.decided(decision=2, agent="mina"), START)
        before = copy.deepcopy(record)
        outcomes.route(record, MAKE.decided(decision=decision, agent="wei", queue="billing"), START)
        assert record == before

    @pytest.mark.parametrize(
        ("on_version", "agent"),
        [pytest.param(1, None, id="decided before the person"), pytest.param(2, "wei", id="knowing what they did")],
    )
    def test_a_person_was_faster(self, on_version: int, agent: str | None) -> None:
        record = MAKE.record()
        change(record, {"queue": "billing"}, PERSON, START)
        outcomes.route(record, MAKE.decided(version=on_version, queue="general", agent="wei"), START)
        assert (record.ticket.queue, record.ticket.agent) == ("billing", agent)
        assert record.routing is not None
        assert record.routing["decision"] == 1, "the reason is shown all the same"

    @pytest.mark.parametrize("status", FINISHED)
    def test_what_is_finished_gets_no_agent(self, status: str) -> None:
        record = in_status(status)
        outcomes.route(record, MAKE.decided(version=2, agent="wei"), START)
        assert (record.ticket.status, record.ticket.agent, record.ticket.queue) == (status, None, "general")

    def test_the_queue_is_chosen_once(self) -> None:
        record = MAKE.record()
        outcomes.route(record, MAKE.decided(queue="general"), START)
        outcomes.route(record, MAKE.decided(decision=2, version=2, queue="billing", agent="wei"), START)
        assert (record.ticket.queue, record.ticket.agent) == ("general", "wei")


class TestClocksAndRatings:
    """They are shown beside the ticket and never raise its version."""

    def test_clocks_follow_versions(self) -> None:
        record = MAKE.record()
        outcomes.set_clocks(record, MAKE.clocks(version=2, state="paused"))
        outcomes.set_clocks(record, MAKE.clocks(version=1, state="running"))
        assert [clock["state"] for clock in record.clocks] == ["paused"]
        assert record.clocks[0]["policy"] == "standard"
        assert (record.ticket.version, len(record.events)) == (1, 1)

    def test_a_mark_is_put_on_its_clock_and_an_old_one_is_not(self) -> None:
        record = MAKE.record()
        outcomes.set_clocks(record, MAKE.clocks(version=1))
        warned = ClockWarned(ticket="t1", metric="first_reply", due_at=MAKE.at(60), at=MAKE.at(45), version=2)
        outcomes.mark_clock(record, warned)
        outcomes.mark_clock(record, MAKE.breached(version=3))
        assert (record.clocks[0]["warned_at"], record.clocks[0]["breached_at"]) == (MAKE.at(45), MAKE.at(61))
        outcomes.set_clocks(record, MAKE.clocks(version=4, state="met"))
        before = copy.deepcopy(record)
        outcomes.mark_clock(record, MAKE.breached(version=3))
        assert record == before

    def test_the_latest_answer_counts(self) -> None:
        record = MAKE.record()
        for rating, answer in ((4, 1), (2, 3), (5, 2)):
            outcomes.rate(record, SurveyAnswered(ticket="t1", survey="s", rating=rating, answer=answer, at=START))
        assert record.csat is not None
        assert (record.csat["rating"], record.csat["answer"]) == (2, 3)


Happening = Callable[[Record], object]


@st.composite
def happenings(draw: st.DrawFn) -> list[tuple[bool, Happening]]:
    """What happens to a ticket, in any order; True marks facts of other services, which may come again."""

    def some(text: str) -> tuple[bool, Happening]:
        n = draw(st.integers(1, 6))
        automatic = draw(st.sampled_from([None, "bounce", "auto-reply"]))
        status = draw(st.sampled_from(STATUSES))
        by = draw(st.sampled_from([PERSON, outcomes.ROUTER]))
        fields = draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "status": st.just(status),
                    "queue": st.sampled_from(["general", "billing"]),
                    "agent": st.sampled_from([None, "mina", "wei"]),
                    "tags": st.sampled_from([(), ("a",), ("a", "b")]),
                },
            )
        )
        contact = MAKE.contact(contact=f"c{n}", automatic=automatic, references=tuple(f"{i}@x" for i in range(n * 9)))
        decided = MAKE.decided(decision=n, version=draw(st.integers(1, 8)), agent=draw(st.sampled_from([None, "wei"])))
        answered = SurveyAnswered(ticket="t1", survey="s", rating=3, answer=n, at=START)
        kinds: dict[str, tuple[bool, Happening]] = {
            "contact": (False, lambda record: add_contact(record, contact, START)),
            "reply": (False, lambda record: add_agents_message(record, agents_message(), START)),
            "note": (False, lambda record: add_agents_message(record, agents_message("note", None), START)),
            "change": (False, lambda record: change(record, fields, by, START)),
            "route": (True, lambda record: outcomes.route(record, decided, START)),
            "clocks": (True, lambda record: outcomes.set_clocks(record, MAKE.clocks(version=n))),
            "breach": (True, lambda record: outcomes.mark_clock(record, MAKE.breached(version=n))),
            "rating": (True, lambda record: outcomes.rate(record, answered)),
        }
        return kinds[text]

    names = st.sampled_from(["contact", "reply", "note", "change", "route", "clocks", "breach", "rating"])
    return [some(name) for name in draw(st.lists(names, max_size=25))]


def steps(record: Record) -> Iterator[tuple[Ticket, Any]]:
    """Each ticket before an event, and the event."""
    yield from zip((one.ticket for one in record.events), record.events[1:], strict=False)


@settings(deadline=None, max_examples=200)
@given(happenings())
def test_every_change_is_one_version_and_one_event_that_tells_it(story: list[tuple[bool, Happening]]) -> None:
    record = MAKE.record()
    for _, happen in story:
        happen(record)
    assert [one.ticket.version for one in record.events] == list(range(1, len(record.events) + 1))
    assert record.events[-1].ticket == record.ticket
    besides = {"version", "updated_at", "solved_at", "reopens"}
    reopened = 0
    for before, event in steps(record):
        old, new = before.model_dump(), event.ticket.model_dump()
        changed = {name for name in old if old[name] != new[name]} - besides
        assert changed == set(event.changes), "an event tells what changed, and nothing else did"
        assert {name: (old[name], new[name]) for name in changed} == {
            name: (one.old, one.new) for name, one in event.changes.items()
        }
        assert (event.ticket.solved_at is not None) == (event.ticket.status in FINISHED)
        reopened += before.status in FINISHED and event.ticket.status not in FINISHED
    assert record.ticket.reopens == reopened
    assert len(record.chain) <= CHAIN_IDS
    assert len(record.messages) == sum(not isinstance(event, TicketChanged) for event in record.events)


@settings(deadline=None, max_examples=200)
@given(happenings(), st.integers(0, 25))
def test_facts_told_again_change_nothing(story: list[tuple[bool, Happening]], prefix: int) -> None:
    record = MAKE.record()
    for _, happen in story:
        happen(record)
    record.touched = False
    before = copy.deepcopy(record)
    for again, happen in story[:prefix]:
        if again:
            happen(record)
    assert record == before
