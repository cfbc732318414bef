"""Which ticket a mail belongs to: tables, and what must hold in whatever order mails arrive."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom_ingest.conversation import (
    COPIES,
    EXPECTED_IDS,
    Clues,
    Copy,
    Decision,
    Knowledge,
    KnownId,
    KnownTicket,
    Rules,
    answered,
    decide,
    live_ticket,
    ticket_numbers,
)
from postroom_ingest.flood import Caps

from .making import START, clues

ANN = frozenset({"ann@example.com", "bob@partner.example"})
RULES = Rules(
    agents=frozenset({"mina@example.org"}),
    ours=frozenset({"support@example.org", "mina@example.org"}),
    reopen={"sales": timedelta(days=7)},
    spam_aside=frozenset({"support"}),
)
NO_FLOOD = Rules(caps=Caps(sender_tickets=10_000, topic_tickets=10_000))
EVE = "eve@elsewhere.example"


def knowledge() -> Knowledge:
    """Ann's open ticket T1 (#1) with mail a1, her closed T2 (#2) with a2, and the announced a3 of T1.

    Besides T3 (#3) with a4, which was merged into T1, and T4 of the mailbox sales, closed three days ago.
    """
    ann = KnownTicket("T1", customer="ann@example.com", participants=ANN, mailbox="support")
    closed_at = START - timedelta(days=3)
    return Knowledge(
        ids={
            "a1": KnownId("T1", (Copy("c1", "T1", "of a1", frozenset({"support"})),)),
            "a2": KnownId("T2", (Copy("c2", "T2", "of a2", frozenset({"support"})),)),
            "a3": KnownId("T1"),
            "a4": KnownId("T3", (Copy("c4", "T3", "of a4", frozenset({"support"})),)),
            "a5": KnownId("T4", (Copy("c5", "T4", "of a5", frozenset({"sales"})),)),
            "chat/k1": KnownId("T1"),
        },
        tickets={
            "T1": ann,
            "T2": replace(ann, id="T2", closed=True, closed_at=closed_at),
            "T3": replace(ann, id="T3", participants=ANN | {"carl@third.example"}, merged_into="T1"),
            "T4": replace(ann, id="T4", closed=True, closed_at=closed_at, mailbox="sales"),
        },
        by_number={1: "T1", 2: "T2", 3: "T3"},
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
        pytest.param(clues("x", subject="Re: [#1]", sender=EVE), "new", "N", "none", None, id="number, a stranger"),
        pytest.param(clues("x", subject="Re: #1"), "new", "N", "none", None, id="not written as we do"),
        pytest.param(clues("x", "a2", subject="[#1]"), "new", "N", "known-message", "T2", id="a number is no thread"),
        pytest.param(clues("x", "y", subject="Hello"), "new", "N", "none", None, id="never by subject alone"),
        pytest.param(clues("x", "a1", sender=EVE), "new", "N", "none", None, id="a stranger's reference"),
        pytest.param(clues("x", "a1", "b9", sender=EVE), "new", "N", "none", None, id="a stranger's references"),
        pytest.param(clues("x", "a3", sender=EVE), "new", "N", "none", None, id="a stranger answers one announced"),
        pytest.param(
            clues("a3", sender=EVE),
            "appended",
            "T1",
            "expected-message",
            None,
            id="somebody else's parent was announced",
        ),
        pytest.param(clues("a1", sender=EVE, fingerprint="?"), "new", "N", "none", None, id="a stranger has this id"),
        pytest.param(clues("x", "a2", sender=EVE), "new", "N", "none", None, id="a stranger's follows nothing"),
        pytest.param(
            clues("x", "a1", sender="li@example.com"), "appended", "T1", "known-message", None, id="a colleague"
        ),
        pytest.param(
            clues("x", "a1", sender="li@sub.example.com"), "new", "N", "none", None, id="no colleague: another domain"
        ),
        pytest.param(
            clues("x", "a1", sender="bob@partner.example"), "appended", "T1", "known-message", None, id="was on Cc"
        ),
        pytest.param(
            clues("x", "a1", sender="li@partner.example"), "new", "N", "none", None, id="colleague of who was on Cc"
        ),
        pytest.param(clues("x", "a1", sender="mina@example.org"), "appended", "T1", "known-message", None, id="agent"),
        pytest.param(clues("x", "a1", sender=""), "new", "N", "none", None, id="nobody is nobody's participant"),
        pytest.param(
            clues("x", "a1", sender=EVE, imported=True), "appended", "T1", "known-message", None, id="history is true"
        ),
        pytest.param(
            clues("x", sender=EVE, own=("T1",)), "appended", "T1", "own-token", None, id="who has our mail may answer"
        ),
        pytest.param(
            clues("x", "a1", sender=EVE, subject="[#1]"), "new", "N", "none", None, id="nor does a number help her"
        ),
        pytest.param(clues("x", "b1", subject="[#1]"), "appended", "T1", "subject-number", None, id="number, id new"),
        pytest.param(
            clues("x", sender="mina@example.org", subject="[#1]"), "appended", "T1", "subject-number", None, id="ours"
        ),
        pytest.param(
            clues("x", sender="mina@example.org", forged_sender=True, subject="[#1]"),
            "new",
            "N",
            "none",
            None,
            id="not",
        ),
        pytest.param(clues("x", "a4"), "appended", "T1", "known-message", None, id="answers a merged ticket"),
        pytest.param(clues("x", own=("T3",)), "appended", "T1", "own-token", None, id="our own id, merged"),
        pytest.param(clues("x", subject="[#3]"), "appended", "T1", "subject-number", None, id="number, merged"),
        pytest.param(
            clues("x", "a4", sender="carl@third.example"), "appended", "T1", "known-message", None, id="merged with her"
        ),
        pytest.param(clues("x", "a5"), "appended", "T4", "known-message", None, id="closed, but not for long"),
        pytest.param(
            clues("x", "a5", received_at=START + timedelta(days=4)), "new", "N", "known-message", "T4", id="too long"
        ),
        pytest.param(
            clues("x", thread_key="chat/k1", sender=EVE), "appended", "T1", "same-conversation", None, id="thread key"
        ),
        pytest.param(clues("x", thread_key="chat/k2"), "new", "N", "none", None, id="another thread key"),
    ],
)
def test_where_a_mail_goes(given_clues: Clues, outcome: str, ticket: str, evidence: str, follows: str | None) -> None:
    decision = decide(given_clues, knowledge(), RULES, "N", "c9")
    assert (decision.outcome, decision.ticket) == (outcome, ticket)
    assert (decision.evidence.kind, decision.follows) == (evidence, follows)


def test_a_duplicate_teaches_nothing() -> None:
    known = knowledge()
    decide(clues("a1", "new-id"), known, RULES, "N", "c9")
    assert known == knowledge()


@pytest.mark.parametrize(
    ("given_clues", "warnings", "similar"),
    [
        pytest.param(clues("x", "a1", sender=EVE), ("forged-reference",), ("T1",), id="a stranger's reference"),
        pytest.param(clues("x", "a4", sender=EVE), ("forged-reference",), ("T1",), id="to a merged ticket"),
        pytest.param(clues("a1", sender=EVE, fingerprint="?"), ("repeated-message-id",), (), id="the id of another"),
        pytest.param(clues("x", subject="[#1]", sender=EVE), ("forged-reference",), ("T1",), id="a stranger's number"),
        pytest.param(clues("x", subject="[#99]", sender=EVE), (), (), id="a number of nothing"),
        pytest.param(clues("x", "a3", sender=EVE), (), (), id="a mail neither of them sent: nothing is forged"),
        pytest.param(clues("x", "a1"), (), (), id="her own"),
        pytest.param(clues("x", "a1", forged_mark=True), ("forged-token",), (), id="a mark we did not sign"),
        pytest.param(clues("x", forged_mark=True, sender=EVE), ("forged-token",), (), id="and nothing else"),
        pytest.param(clues("x", own=("T1",), forged_mark=True), (), (), id="one that is ours is enough"),
        pytest.param(clues("x", own=("T1",), sender=EVE), ("new-participant",), (), id="our mail in other hands"),
        pytest.param(clues("x", own=("T3",), sender="carl@third.example"), (), (), id="took part before the merge"),
        pytest.param(clues("x", own=("T9",), sender=EVE), (), (), id="nothing known of the ticket yet"),
        pytest.param(clues("x", own=("T1",), sender="", automatic="bounce"), (), (), id="a bounce takes no part"),
    ],
)
def test_what_an_agent_is_told(given_clues: Clues, warnings: tuple[str, ...], similar: tuple[str, ...]) -> None:
    decision = decide(given_clues, knowledge(), RULES, "N", "c9")
    assert (decision.warnings, decision.similar) == (warnings, similar)


def test_the_evidence_names_the_ticket_that_was_merged() -> None:
    evidence = decide(clues("x", "a4"), knowledge(), RULES, "N", "c9").evidence
    assert (evidence.detail, evidence.merged_from) == ("a4", "T3")
    assert decide(clues("x", "a1"), knowledge(), RULES, "N", "c9").evidence.merged_from is None


def test_what_takes_part_is_known_to_the_next_mail_of_the_batch() -> None:
    known = knowledge()
    assert decide(clues("x", "a1", others=(EVE,)), known, RULES, "N", "c8").ticket == "T1"
    assert decide(clues("y", "a1", sender=EVE), known, RULES, "M", "c9").ticket == "T1"
    assert known.learned["T1"].participants == {EVE}


def test_who_opens_a_ticket_takes_part_in_it() -> None:
    known = Knowledge()
    decide(clues("x", sender=EVE), known, RULES, "N", "c8")
    assert decide(clues("y", "x", sender=EVE), known, RULES, "M", "c9").ticket == "N"
    assert decide(clues("z", "x"), known, RULES, "M", "c9").warnings == ("forged-reference",)


def test_whose_mail_an_agent_forwarded_takes_part_with_their_colleagues() -> None:
    known = Knowledge()
    decide(clues("x", sender="mina@example.org", answer_to=EVE), known, RULES, "N", "c8")
    senders = (EVE, "zoe@elsewhere.example", "someone@example.org")
    opens = [decide(clues(one, "x", sender=one), known, RULES, "M", "c9").outcome for one in senders]
    assert opens == ["appended", "appended", "new"]


def test_who_was_refused_takes_no_part_and_goes_on_on_their_own() -> None:
    known = knowledge()
    decide(clues("x", "a1", sender=EVE), known, RULES, "N", "c8")
    assert EVE not in known.tickets["T1"].participants
    second = decide(clues("y", "x", "a1", sender=EVE), known, RULES, "M", "c9")
    assert (second.outcome, second.ticket, second.warnings) == ("appended", "N", ())


def test_strangers_whose_programs_give_the_same_id_have_tickets_of_their_own() -> None:
    known = Knowledge()
    senders = ["ann@example.com", EVE, "li@third.example"]
    first = [decide(clues("1@localhost", sender=one, fingerprint=one), known, RULES, one, one) for one in senders]
    assert [one.ticket for one in first] == senders
    again = [decide(clues("1@localhost", sender=one, fingerprint=one), known, RULES, "N", "c") for one in senders]
    assert [(one.outcome, one.ticket, one.first) for one in again] == [("duplicate", one, one) for one in senders]
    answer = decide(clues("x", "1@localhost", sender=EVE), known, RULES, "N", "c")
    assert (answer.ticket, answer.warnings) == (EVE, ())


def test_a_variant_under_the_same_id_is_appended_once() -> None:
    """A list adds its footer: the same mail with other words."""
    known = knowledge()
    variant = clues("a1", fingerprint="with a footer")
    outcomes = [decide(variant, known, RULES, "N", f"c{n}").outcome for n in range(3)]
    assert outcomes == ["appended", "duplicate", "duplicate"]
    assert decide(clues("a1"), known, RULES, "N", "c9").first == "c1", "the first is still known"


def test_only_so_many_variants_are_told_apart() -> None:
    known = knowledge()
    for n in range(3 * COPIES):
        decide(clues("a1", fingerprint=str(n)), known, RULES, "N", f"c{n}")
    assert len(known.ids["a1"].copies) == COPIES


def test_the_same_mail_through_another_mailbox_is_told_of_once() -> None:
    known = knowledge()
    again = [decide(clues("a1", mailbox=box), known, RULES, "N", "c9") for box in ("support", "sales", "sales")]
    assert [(one.outcome, one.first, one.elsewhere) for one in again] == [
        ("duplicate", "c1", ()),
        ("duplicate", "c1", ("sales",)),
        ("duplicate", "c1", ()),
    ]
    both = decide(clues("x", mailbox="support", also=("sales",)), known, RULES, "N", "c9")
    assert both.outcome == "new"
    assert decide(clues("x", mailbox="sales"), known, RULES, "M", "c10").elsewhere == ()


def test_an_address_of_a_closed_ticket_has_one_follow_up() -> None:
    known = knowledge()
    first = decide(clues("x", own=("T2",), sender=EVE), known, RULES, "N", "c8")
    second = decide(clues("y", own=("T2",), sender=EVE), known, RULES, "M", "c9")
    assert [(one.ticket, one.follows) for one in (first, second)] == [("N", "T2"), ("N", None)]
    known.tickets["N"] = replace(known.tickets["N"], closed=True)
    third = decide(clues("z", own=("T2",), sender=EVE), known, RULES, "O", "c10")
    assert (third.ticket, third.follows) == ("O", "N")


@pytest.mark.parametrize(
    ("given_clues", "cause"),
    [
        (clues("x", own_mail=True), "own-mail"),
        (clues("x", own_mail=True, own=("T1",), imported=True), "own-mail"),
        (clues("x", spam=True), "spam"),
        (clues("x", spam=True, mailbox="sales"), None),
        (clues("x", spam=True, imported=True), None),
        (clues("x", spam=True, released=True), None),
        (clues("x", own_mail=True, released=True), None),
    ],
)
def test_what_is_set_aside(given_clues: Clues, cause: str | None) -> None:
    known = knowledge()
    decision = decide(given_clues, known, RULES, "N", "c9")
    assert (decision.cause, decision.outcome == "set-aside") == (cause, cause is not None)
    if cause is not None:
        assert known == knowledge(), "what is set aside teaches nothing"


@settings(deadline=None, max_examples=200)
@given(
    st.dictionaries(st.sampled_from("ABCDEFGH"), st.sampled_from("ABCDEFGH"), max_size=8), st.sampled_from("ABCDEFGH")
)
def test_a_merged_ticket_is_followed_to_the_end_and_never_round(merges: dict[str, str], start: str) -> None:
    tickets = {one: KnownTicket(one, merged_into=into) for one, into in merges.items()}
    live = live_ticket(start, tickets)
    assert live not in merges or live == start, "the end of the chain, or where one began when it is a circle"
    path = [start]
    while path[-1] in merges and merges[path[-1]] not in path:
        path.append(merges[path[-1]])
    assert live == (path[-1] if path[-1] not in merges else start)


def test_a_long_thread_announces_its_newest_ids_and_its_first() -> None:
    known = Knowledge()
    ids = tuple(f"r{n}" for n in range(EXPECTED_IDS + 10, 0, -1))
    decide(clues("x", *ids), known, RULES, "N", "c9")
    assert known.changed == set(known.ids) == {"x", *ids[: EXPECTED_IDS - 1], "r1"}
    assert decide(clues("r1"), known, RULES, "M", "c10").ticket == "N"


def test_what_a_mail_answers_newest_first() -> None:
    assert answered(("a", "b", "c"), ("c",)) == ("c", "b", "a")
    assert answered(("a", "b"), ("x", "y")) == ("x", "y", "b", "a")
    assert answered((), ()) == ()


@pytest.mark.parametrize(
    ("subject", "numbers"),
    [
        ("[#12]", [12]),
        ("Re: a [#1] b [#2]", [1, 2]),
        ("#1 (#2) [3] [# 4]", []),
        ("[#1234567890123]", []),
        ("", []),
        ("［＃１０］ [#۱۱]", [10, 11]),
    ],
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
        tickets |= {copy.ticket for one in known.ids.values() for copy in one.copies}
        for one in list(tickets):
            while one in self.tickets and (after := self.tickets[one].followed_by):
                tickets.add(one := after)
        known.tickets = {one: self.tickets[one] for one in tickets if one in self.tickets}
        decisions = [decide(mail, known, NO_FLOOD, f"T{(n := next(self.names))}", f"c{n}") for mail in batch]
        self.ids |= {one: known.ids[one] for one in known.changed}
        self.tickets |= {one: known.tickets[one] for one in known.learned}
        return decisions

    def close(self, ticket: str) -> None:
        self.tickets[ticket] = replace(self.tickets[ticket], closed=True)


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
        assert not closed or store.tickets[str(decision.follows)].closed
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
