"""Whether the newest reply arrived, in whatever order and however often that is told."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_contracts.delivery import MailBounced, MailFailed, MailSent
from postroom_desk.tickets.deliveries import note

from .making import MAKE

Told = MailSent | MailFailed | MailBounced


def at(event: Told, minutes: float, **other: Any) -> Told:
    return event.model_copy(update={"at": MAKE.at(minutes), **other})


SENT, FAILED, BOUNCED = at(MAKE.sent("r1"), 1), at(MAKE.failed("r1"), 1), MAKE.bounced("t1", "m@x", 3)


@pytest.mark.parametrize(
    ("told", "failed"),
    [
        pytest.param([SENT], False, id="sent"),
        pytest.param([FAILED], True, id="failed"),
        pytest.param([SENT, BOUNCED], True, id="sent and bounced"),
        pytest.param([SENT, MAKE.bounced("t1", "m@x", 3, permanent=False)], False, id="only late"),
        pytest.param([SENT, BOUNCED, at(MAKE.sent("r2"), 4)], False, id="the next one arrives"),
        pytest.param([SENT, BOUNCED, at(MAKE.failed("r2"), 4)], True, id="the next one does not either"),
        pytest.param([at(MAKE.sent("r1", 1, ("a@x",)), 1.1), FAILED], True, id="one of its recipients did not get it"),
        pytest.param([FAILED, at(MAKE.sent("r1", 2), 2)], False, id="sent again"),
        pytest.param([MAKE.bounced("t1", "m@x", kind="acknowledgement")], False, id="an acknowledgement"),
        pytest.param([at(MAKE.failed("r1"), 1, kind="survey")], False, id="a survey"),
    ],
)
def test_a_ticket_shows_that_its_reply_did_not_arrive(told: list[Told], failed: bool) -> None:
    for order in itertools.permutations(told):
        record = MAKE.record()
        for event in order:
            note(record, event)
        assert record.delivery_failed == failed


@st.composite
def tidings(draw: st.DrawFn) -> Told:
    reply, minutes = draw(st.sampled_from(["r1", "r2"])), draw(st.integers(0, 4))
    attempts = draw(st.integers(1, 2))
    kinds: tuple[Told, ...] = (
        MAKE.sent(reply, attempts),
        MAKE.failed(reply, attempts),
        MAKE.bounced("t1", f"{reply}@x"),
    )
    return at(draw(st.sampled_from(kinds)), minutes)


@given(st.lists(tidings(), max_size=8), st.randoms(use_true_random=False), st.data())
def test_order_and_repeats_change_nothing(told: list[Told], chance: Any, data: st.DataObject) -> None:
    one, other = MAKE.record(), MAKE.record()
    for event in told:
        note(one, event)
    again = told + data.draw(st.lists(st.sampled_from(told), max_size=4) if told else st.just([]))
    chance.shuffle(again)
    for event in again:
        note(other, event)
    assert other.mailed == one.mailed
    one.touched = False
    for event in told:
        note(one, event)
    assert not one.touched
