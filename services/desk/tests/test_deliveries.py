"""What became of a reply, for each of its recipients, in whatever order and however often that is told."""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_desk.tickets.deliveries import WORSE, State, Tiding, Told, newest, note, outcome, tidings

from .making import MAKE

ANN, BOB = "ann@example.com", "bob@example.com"
BOTH = (ANN, BOB)


def at(event: Told, minutes: float) -> Told:
    return event.model_copy(update={"at": MAKE.at(minutes)})


def sent(*to: str, attempt: int = 1, minutes: float = 1) -> Told:
    return at(MAKE.sent("r1", attempt, to), minutes)


def failed(*to: str, attempt: int = 1, minutes: float = 1, uncertain: bool = False) -> Told:
    return at(MAKE.failed("r1", attempt, to, uncertain=uncertain), minutes)


def bounced(to: str, minutes: float = 3, permanent: bool = True) -> Told:
    return MAKE.bounced("t1", "m@x", minutes, to=to, permanent=permanent)


def kept(told: Iterable[Told], recipients: Sequence[str] = BOTH, before: Sequence[Tiding] = ()) -> tuple[Tiding, ...]:
    return newest((*before, *(one for event in told for one in tidings(event, recipients))), recipients)


def states(told: Iterable[Told], recipients: Sequence[str] = BOTH) -> tuple[State, dict[str, State]]:
    found = outcome(recipients, MAKE.start, kept(told, recipients))
    return found["state"], {one["to"]: one["state"] for one in found["recipients"]}


@pytest.mark.parametrize(
    ("told", "reply", "ann", "bob"),
    [
        pytest.param([], "queued", "queued", "queued", id="nothing"),
        pytest.param([sent(*BOTH)], "sent", "sent", "sent", id="sent"),
        pytest.param([sent(ANN)], "queued", "sent", "queued", id="one is still waited for"),
        pytest.param([sent(ANN), failed(BOB)], "failed", "sent", "failed", id="one is refused"),
        pytest.param([failed(*BOTH, uncertain=True)], "uncertain", "uncertain", "uncertain", id="uncertain"),
        pytest.param(
            [failed(*BOTH, uncertain=True), sent(*BOTH, minutes=9)], "sent", "sent", "sent", id="known after all"
        ),
        pytest.param([sent(*BOTH), bounced(ANN)], "bounced", "bounced", "sent", id="one bounces"),
        pytest.param(
            [sent(ANN), bounced(ANN), sent(BOB, attempt=2, minutes=9)],
            "bounced",
            "bounced",
            "sent",
            id="one bounces and a later attempt reaches the other",
        ),
        pytest.param(
            [failed(ANN), sent(BOB), sent(ANN, attempt=2, minutes=9)], "sent", "sent", "sent", id="sent again"
        ),
        pytest.param(
            [failed(*BOTH, uncertain=True), bounced(BOB), sent(*BOTH, attempt=2, minutes=9)],
            "sent",
            "sent",
            "sent",
            id="sent again after the bounce",
        ),
        pytest.param([sent(*BOTH, minutes=4), bounced(ANN, 3)], "bounced", "bounced", "sent", id="by clocks apart"),
        pytest.param([sent(*BOTH), bounced(ANN, permanent=False)], "delayed", "delayed", "sent", id="late"),
        pytest.param(
            [sent(*BOTH), bounced(ANN, 5), bounced(ANN, 9, permanent=False)], "bounced", "bounced", "sent", id="gone"
        ),
        pytest.param(
            [failed(ANN), sent(BOB), bounced(ANN, permanent=False)], "failed", "failed", "sent", id="refused, not late"
        ),
    ],
)
def test_each_recipient_has_a_state_and_the_reply_the_worst(
    told: list[Told], reply: State, ann: State, bob: State
) -> None:
    for order in itertools.permutations(told):
        assert states(order) == (reply, {ANN: ann, BOB: bob})


def test_who_a_report_is_about() -> None:
    assert states([sent(ANN), bounced("elsewhere@x")], [ANN]) == ("bounced", {ANN: "bounced"}), "forwarded to there"
    assert states([sent(ANN), bounced("")], [ANN]) == ("bounced", {ANN: "bounced"})
    assert states([sent(*BOTH), bounced("")]) == ("bounced", {ANN: "sent", BOB: "sent", "": "bounced"})
    assert states([sent("Ann@Example.com")], [ANN, "ANN@example.com"]) == ("sent", {ANN: "sent"})
    assert states([sent("ann@xn--bcher-kva.example")], ["ann@bücher.example"])[0] == "sent"
    assert states([sent("ann@xn--strae-oqa.example")], ["ann@straße.example"]) == (
        "sent",
        {"ann@straße.example": "sent"},
    )
    assert states([sent("ann@xn--nxasmm1c.example")], ["ann@βόλος.example"])[1].keys() == {"ann@βόλος.example"}


def test_a_forged_report_about_many_does_not_make_a_reply_grow() -> None:
    forged = [bounced(f"{n}@nobody.example", minutes=3 + n) for n in range(200)]
    for told in (forged, forged[::-1]):
        found = outcome(BOTH, MAKE.start, kept([sent(*BOTH), *told]))
        assert [one["to"] for one in found["recipients"]] == [ANN, BOB, "199@nobody.example"], "the newest of them"
        assert found["state"] == "bounced"


def test_what_is_shown_of_the_worst() -> None:
    found = outcome(BOTH, MAKE.start, kept([sent(*BOTH, attempt=2), bounced(BOB)]))
    assert {name: value for name, value in found.items() if name != "recipients"} == {
        "state": "bounced",
        "to": BOB,
        "at": MAKE.at(3),
        "attempts": 2,
        "reason": "unknown-user",
        "status": "5.1.1",
        "diagnostic": "550 no such user",
    }
    assert "to" not in outcome(BOTH, MAKE.start, kept([sent(*BOTH)])), "nobody in particular"


@st.composite
def events(draw: st.DrawFn, people: Sequence[str] = BOTH) -> Told:
    to = draw(st.lists(st.sampled_from(people), min_size=1, unique=True))
    attempt, minutes = draw(st.integers(1, 3)), draw(st.integers(0, 4))
    kinds = (
        sent(*to, attempt=attempt, minutes=minutes),
        failed(*to, attempt=attempt, minutes=minutes, uncertain=draw(st.booleans())),
        bounced(to[0], minutes, permanent=draw(st.booleans())),
    )
    return draw(st.sampled_from(kinds))


@given(st.lists(events(), max_size=8), st.randoms(use_true_random=False), st.data())
def test_order_repeats_and_batches_change_nothing(told: list[Told], chance: Any, data: st.DataObject) -> None:
    again = told + data.draw(st.lists(st.sampled_from(told), max_size=4) if told else st.just([]))
    chance.shuffle(again)
    cut = data.draw(st.integers(0, len(again)))
    in_two = kept(again[cut:], before=kept(again[:cut]))
    assert in_two == kept(told)
    assert outcome(BOTH, MAKE.start, in_two) == outcome(BOTH, MAKE.start, kept(told))


@given(st.lists(events(), max_size=6), st.lists(events([BOB]), max_size=4))
def test_what_is_told_of_one_changes_nothing_for_another(told: list[Told], of_bob: list[Told]) -> None:
    assert states(told)[1][ANN] == states([*told, *of_bob])[1][ANN]


@given(st.lists(events(), max_size=8))
def test_a_reply_is_never_better_off_than_any_of_its_recipients(told: list[Told]) -> None:
    reply, each = states(told)
    assert reply == max(each.values(), key=WORSE.index)


NOTED: dict[State, bool] = {"sent": False, "delayed": False, "failed": True, "uncertain": True, "bounced": True}


@pytest.mark.parametrize("newer", NOTED)
@pytest.mark.parametrize("older", NOTED)
def test_a_ticket_shows_whether_its_newest_reply_arrived(older: State, newer: State) -> None:
    for order in itertools.permutations([("r1", older), ("r2", newer)]):
        record = MAKE.record()
        for reply, state in order:
            note(record, reply, state)
        assert record.delivery_failed == NOTED[newer]
        record.touched = False
        note(record, "r2", newer)
        assert not record.touched
    note(record, "r2", "sent")
    assert not record.delivery_failed, "the same reply, sent again"
