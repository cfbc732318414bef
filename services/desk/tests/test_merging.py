"""Merging as decisions: who may be merged, where what still comes goes, and that nothing is lost on the way."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom_contracts.tickets import TicketChanged
from postroom_contracts.values import Actor, Customer, Party
from postroom_desk.documents import parts_of, to_document
from postroom_desk.tickets.merging import follow, merge, refusal
from postroom_desk.tickets.record import CHAIN_IDS, FINISHED, Record, change, open_ticket

from .making import MAKE

START = MAKE.start
MINA = Actor(kind="agent", id="mina", name="Mina")
STATUSES = ("new", "open", "pending", "on_hold", "solved", "closed")


def ticket(number: int, status: str = "new", **fields: Any) -> Record:
    customer = Customer(id="customer-1", address="ann@example.com", name="Ann")
    record = open_ticket(MAKE.contact(f"t{number}", f"c{number}", **fields), number, customer, START)
    change(record, {"status": status}, MINA, START)
    return record


def last(record: Record) -> TicketChanged:
    event = record.events[-1]
    assert isinstance(event, TicketChanged)
    return event


@pytest.mark.parametrize("source", STATUSES)
@pytest.mark.parametrize("target", STATUSES)
def test_the_source_is_closed_and_the_target_taken_up_again_if_need_be(source: str, target: str) -> None:
    one, other = ticket(1, source), ticket(2, target)
    merge(one, other, MINA, MAKE.at(5))
    assert (one.ticket.status, one.ticket.merged_into) == ("closed", "t2")
    assert last(one).changes["merged_into"].new == "t2"
    assert ("status" in last(one).changes) == (source != "closed")
    assert one.ticket.solved_at is not None
    reopened = source not in FINISHED and target in FINISHED
    taken_up = reopened or (source in ("new", "open") and target not in ("new", "open"))
    assert other.ticket.status == ("open" if taken_up else target)
    assert other.ticket.reopens == int(reopened)
    assert (last(other).reason, last(one).reason) == ("merged #1 into this", "merged into #2")
    assert last(other).changes.keys() == ({"status"} if taken_up else set())
    assert other.ticket.merged_into is None


def test_the_target_answers_to_both_threads_and_its_own_customer() -> None:
    one = ticket(1, references=("a@x",), sender=Party(address="other@example.com"))
    other = ticket(2, references=("b@x",))
    merge(one, other, MINA, START)
    assert other.chain == ("a@x", "c1@mail.example", "b@x", "c2@mail.example")
    assert other.reply_to.address == "ann@example.com"
    called = ticket(3, channel="call", sender=Party(address="+4917123"))
    merge(other, called, MINA, START)
    assert called.reply_to.address == "ann@example.com", "now it can be answered"
    long, longer = (ticket(n, references=tuple(f"{n}-{i}@x" for i in range(60))) for n in (4, 5))
    merge(long, longer, MINA, START)
    assert len(longer.chain) == CHAIN_IDS
    assert longer.chain[-1] == "c5@mail.example"


def test_what_was_offered_as_similar_and_warned_of_goes_along() -> None:
    one = ticket(1, similar=("t2", "t7"), warnings=("forged-reference",))
    other = ticket(2, similar=("t1", "t8"), warnings=("spoofed",))
    merge(one, other, MINA, START)
    assert (other.similar, one.similar) == (("t8", "t7"), ())
    assert other.warnings == ("spoofed", "forged-reference")
    other.offer_similar(("t1",))
    assert "t1" not in other.similar


def test_who_cannot_be_merged() -> None:
    one, other, third = ticket(1), ticket(2), ticket(3)
    assert "itself" in (refusal(one, one) or "")
    assert refusal(one, other) is None
    merge(one, other, MINA, START)
    assert "#1" in (refusal(one, third) or ""), "it has gone already"
    assert "#1" in (refusal(other, one) or ""), "that would be a ring"
    assert "#1" in (refusal(third, one) or ""), "into the live one instead"
    assert refusal(other, third) is None, "one that took another over can go on"


merges = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20)


@settings(deadline=None)
@given(merges, st.lists(st.sampled_from(STATUSES), min_size=8, max_size=8))
def test_however_tickets_are_merged_every_message_is_on_one_live_ticket(
    wanted: Sequence[tuple[int, int]], statuses: Sequence[str]
) -> None:
    records = {f"t{n}": ticket(n, status) for n, status in enumerate(statuses)}
    open_before = {one for one, record in records.items() if record.ticket.status not in FINISHED}
    for source, target in wanted:
        one, other = records[f"t{source}"], records[f"t{target}"]
        if refusal(one, other) is None:
            merge(one, other, MINA, START)
    parts = [part for record in records.values() for part in parts_of(to_document(record))]
    assert sorted(parts) == sorted(records), "each ticket's messages are those of one ticket"
    for record in records.values():
        for part in parts_of(to_document(record)):
            assert follow(part, records) == record.ticket.id, "what still comes goes where the messages are"
    live = {follow(one, records) for one in open_before}
    assert all(records[one].ticket.status not in FINISHED for one in live), "no open matter is closed by merging"
    for record in records.values():
        assert [event.ticket.version for event in record.events] == list(range(1, record.ticket.version + 1))


@given(st.dictionaries(st.integers(0, 9), st.integers(0, 12), max_size=10), st.integers(0, 12))
def test_following_ends_whatever_was_stored(into: dict[int, int], start: int) -> None:
    records = {}
    for n, other in into.items():
        record = ticket(n)
        record.ticket = record.ticket.model_copy(update={"merged_into": f"t{other}"})
        records[f"t{n}"] = record
    end = follow(f"t{start}", records)
    ring = end in records
    assert ring or end == f"t{start}" or any(end == f"t{other}" for other in into.values())


def test_following_goes_to_the_end_and_stays_where_nobody_knows_further() -> None:
    records = {f"t{n}": ticket(n) for n in (1, 2, 3)}
    merge(records["t1"], records["t2"], MINA, START)
    merge(records["t2"], records["t3"], MINA, START)
    assert [follow(one, records) for one in ("t1", "t2", "t3", "t9")] == ["t3", "t3", "t3", "t9"]
    del records["t3"]
    assert follow("t1", records) == "t3"
