"""Which ticket a mail belongs to: tables, and what must hold in whatever order mails arrive."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom_ingest.conversation import (
    EXPECTED_IDS,
    Clues,
    Decision,
    Knowledge,
    KnownId,
    KnownTicket,
    answered,
    decide,
    ticket_numbers,
)

from .making import clues

ANN = frozenset({"ann@example.com"})


def knowledge() -> Knowledge:
    """Ann's open ticket T1 (#1) with mail a1, her closed T2 (#2) with a2, and the announced a3 of T1."""
    return Knowledge(
        ids={"a1": KnownId("T1", "c1", "of a1"), "a2": KnownId("T2", "c2", "of a2"), "a3": KnownId("T1")},
        tickets={"T1": KnownTicket("T1", False, ANN), "T2": KnownTicket("T2", True, ANN)},
        by_number={1: "T1", 2: "T2"},
    )


@pytest.mark.parametrize(
    ("given_clues", "outcome", "ticket", "evidence", "follows"),
    [
        pytest.param(clues("x"), "new", "N", "none", None, id="nothing known"),
        pytest.param(clues("x", "a1"), "appended", "T1", "known-message", None, id="answers a known mail"),
        pytest.param(clues("x", "y", "a1"), "appended", "T1", "known-message", None, id="answers one further up"),
        pytest.param(clues("x", "a3"), "appended", "T1", "known-message", None, id="answers one announced"),
        pytest.param(clues("a3"), "appended", "T1", "expected-message", None, id="the announced parent comes"),
        pytest.param(clues("a1"), "duplicate", "T1", "known-message", None, id="the same mail again"),
        pytest.param(clues("a2"), "duplicate", "T2", "known-message", None, id="again, its ticket closed by now"),
        pytest.param(clues("a1", fingerprint="?"), "appended", "T1", "known-message", None, id="an id used twice"),
        pytest.param(clues("x", "a1", own=("T9",)), "appended", "T9", "own-token", None, id="our own id is stronger"),
        pytest.param(clues("x", "a2"), "new", "N", "known-message", "T2", id="answers a closed ticket"),
        pytest.param(clues("x", "q", own=("T2",)), "new", "N", "own-token", "T2", id="our own id, closed"),
        pytest.param(clues("x", "a1", own=("T2",)), "appended", "T1", "known-message", None, id="closed, but goes on"),
        pytest.param(clues("x", "a2", "a1"), "appended", "T1", "known-message", None, id="newest closed, older open"),
        pytest.param(clues("x", subject="Re: [#1]"), "appended", "T1", "subject-number", None, id="number, hers"),
        pytest.param(clues("x", subject="Re: [#2]"), "new", "N", "subject-number", "T2", id="number, hers, closed"),
        pytest.param(clues("x", subject="[#7] [#1]"), "appended", "T1", "subject-number", None, id="second number"),
        pytest.param(clues("x", subject="Re: [#1]", sender="eve@x"), "new", "N", "none", None, id="number, a stranger"),
        pytest.param(clues("x", subject="Re: #1"), "new", "N", "none", None, id="not written as we do"),
        pytest.param(clues("x", "a2", subject="[#1]"), "new", "N", "known-message", "T2", id="a number is no thread"),
        pytest.param(clues("x", "y", subject="Hello"), "new", "N", "none", None, id="never by subject alone"),
    ],
)
def test_where_a_mail_goes(given_clues: Clues, outcome: str, ticket: str, evidence: str, follows: str | None) -> None:
    decision = decide(given_clues, knowledge(), "N", "c9")
    assert (decision.outcome, decision.ticket) == (outcome, ticket)
    assert (decision.evidence.kind, decision.follows) == (evidence, follows)


def test_a_duplicate_teaches_nothing() -> None:
    known = knowledge()
    decide(clues("a1", "new-id"), known, "N", "c9")
    assert known == knowledge()


def test_a_long_thread_announces_its_newest_ids_and_its_first() -> None:
    known = Knowledge()
    ids = tuple(f"r{n}" for n in range(EXPECTED_IDS + 10, 0, -1))
    decide(clues("x", *ids), known, "N", "c9")
    assert known.changed == set(known.ids) == {"x", *ids[: EXPECTED_IDS - 1], "r1"}
    assert decide(clues("r1"), known, "M", "c10").ticket == "N"


def test_what_a_mail_answers_newest_first() -> None:
    assert answered(("a", "b", "c"), ("c",)) == ("c", "b", "a")
    assert answered(("a", "b"), ("x", "y")) == ("x", "y", "b", "a")
    assert answered((), ()) == ()


@pytest.mark.parametrize(
    ("subject", "numbers"),
    [("[#12]", [12]), ("Re: a [#1] b [#2]", [1, 2]), ("#1 (#2) [3] [# 4]", []), ("[#1234567890123]", []), ("", [])],
)
def test_numbers_in_a_subject(subject: str, numbers: list[int]) -> None:
    assert ticket_numbers(subject) == numbers


@dataclass
class Store:
    """What KnowledgeStore does, in memory: a batch sees only what its mails name."""

    ids: dict[str, KnownId] = field(default_factory=dict)
    tickets: dict[str, KnownTicket] = field(default_factory=dict)
    names: Any = field(default_factory=lambda: count(1))

    def handle(self, batch: Sequence[Clues]) -> list[Decision]:
        named = {one for mail in batch for one in (mail.message_id, *mail.answers)}
        known = Knowledge({one: self.ids[one] for one in named if one in self.ids})
        tickets = {one.ticket for one in known.ids.values()} | {own for mail in batch for own in mail.own}
        known.tickets = {one: self.tickets[one] for one in tickets if one in self.tickets}
        decisions = [decide(mail, known, f"T{(n := next(self.names))}", f"c{n}") for mail in batch]
        self.ids |= {one: known.ids[one] for one in known.changed}
        return decisions

    def close(self, ticket: str) -> None:
        self.tickets[ticket] = KnownTicket(ticket, True)


@dataclass(frozen=True)
class Written:
    """A mail of a thread, as its sender's program wrote it."""

    thread: int
    clues: Clues


def written(thread: int, parents: Sequence[int], kept: int, with_root: bool) -> list[Written]:
    """The mails of a thread: `parents[i]` is what mail i + 1 answers; References are cut to the last `kept`."""
    paths: list[list[str]] = [[]]
    for number, parent in enumerate(parents, 1):
        paths.append([*paths[parent % number], f"t{thread}m{parent % number}"])
    mails = []
    for number, path in enumerate(paths):
        references = path[-kept:]
        if with_root and path and path[0] not in references:
            references = [path[0], *references]
        mails.append(Written(thread, clues(f"t{thread}m{number}", *answered(references, path[-1:]))))
    return mails


@st.composite
def threads(draw: st.DrawFn, with_root: bool) -> list[list[Written]]:
    """Some threads; most are short and branch, some are long and do not."""
    made = []
    for thread in range(draw(st.integers(1, 4))):
        if draw(st.booleans()):
            parents = draw(st.lists(st.integers(0, 30), max_size=8))
        else:
            parents = list(range(draw(st.integers(0, EXPECTED_IDS + 15))))
        made.append(written(thread, parents, draw(st.integers(1, 5)), with_root))
    return made


def in_batches(mails: Sequence[Written], data: st.DataObject) -> list[list[Written]]:
    batches: list[list[Written]] = [[]]
    for mail in mails:
        if data.draw(st.booleans()):
            batches.append([])
        batches[-1].append(mail)
    return batches


def arrive(store: Store, batches: Sequence[Sequence[Written]]) -> dict[int, set[str]]:
    """The tickets each thread's mails went to."""
    tickets: dict[int, set[str]] = {}
    for batch in batches:
        for mail, decision in zip(batch, store.handle([one.clues for one in batch]), strict=True):
            assert decision.outcome in ("new", "appended")
            tickets.setdefault(mail.thread, set()).add(decision.ticket)
    return tickets


def unrelated(tickets: dict[int, set[str]]) -> bool:
    return len(set[str]().union(*tickets.values())) == sum(len(one) for one in tickets.values())


@settings(deadline=None, max_examples=150)
@given(threads(with_root=True), st.data())
def test_in_any_order_a_thread_is_one_ticket(made: list[list[Written]], data: st.DataObject) -> None:
    """When References keep the first id (RFC 5322 section 3.6.4), however many others a program left out."""
    mails = data.draw(st.permutations([mail for thread in made for mail in thread]))
    store = Store()
    tickets = arrive(store, in_batches(mails, data))
    assert [len(one) for one in tickets.values()] == [1] * len(made)
    assert unrelated(tickets)
    again = data.draw(st.permutations(mails))
    for mail, decision in zip(again, store.handle([one.clues for one in again]), strict=True):
        assert (decision.outcome, {decision.ticket}) == ("duplicate", tickets[mail.thread])


@settings(deadline=None, max_examples=150)
@given(threads(with_root=False), st.data())
def test_in_the_order_they_were_written_a_thread_is_one_ticket(made: list[list[Written]], data: st.DataObject) -> None:
    """Whatever References leave out, as long as each names what it answers."""
    queues = [list(thread) for thread in made]
    mails = []
    while any(queues):
        mails.append(data.draw(st.sampled_from([queue for queue in queues if queue])).pop(0))
    tickets = arrive(Store(), in_batches(mails, data))
    assert [len(one) for one in tickets.values()] == [1] * len(made)
    assert unrelated(tickets)


@settings(deadline=None, max_examples=150)
@given(threads(with_root=False), st.data())
def test_strangers_never_share_a_ticket(made: list[list[Written]], data: st.DataObject) -> None:
    """Not even where a thread falls apart: out of order, with nothing that holds it together."""
    mails = data.draw(st.permutations([mail for thread in made for mail in thread]))
    assert unrelated(arrive(Store(), in_batches(mails, data)))


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=15), st.integers(1, 4))
def test_a_closed_ticket_has_one_follow_up(story: list[tuple[int, bool]], kept: int) -> None:
    """True in the story: the ticket is closed before the mail comes."""
    mails = written(0, [parent for parent, _ in story], kept, with_root=True)
    store = Store()
    (first,) = store.handle([mails[0].clues])
    ticket = first.ticket
    for mail, (_, closed) in zip(mails[1:], story, strict=True):
        if closed:
            store.close(ticket)
        (decision,) = store.handle([mail.clues])
        assert (decision.follows is not None, decision.ticket != ticket) == (closed, closed)
        assert closed <= (decision.follows in store.tickets), "it follows one that is closed"
        ticket = decision.ticket


def test_a_closed_ticket_has_one_follow_up_however_its_mail_is_answered() -> None:
    store = Store()
    store.handle([clues("m1")])
    store.close("T1")
    again = [clues("m2", "r1", "m1", own=("T1",)), clues("m3", "r1", own=("T1",)), clues("m4", "m1")]
    decisions = [store.handle([one])[0] for one in again]
    assert [(one.ticket, one.follows) for one in decisions] == [("T2", "T1"), ("T2", None), ("T2", None)]
    repeated = replace(again[0], fingerprint="changed on the way")
    assert store.handle([repeated])[0].ticket == "T2"
