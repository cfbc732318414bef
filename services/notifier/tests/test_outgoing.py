"""The states of an outgoing mail."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_contracts.delivery import MailFailed, MailSent
from postroom_notifier.outgoing import (
    DELAYS,
    Outcome,
    Settled,
    Told,
    abandoned,
    event,
    resend,
    settle,
)

from .making import NOW, after, outgoing

A, B, C = "a@x.example", "b@x.example", "c@x.example"


def test_taken() -> None:
    settled = settle(outgoing(), Outcome("answered", ("anna@example.org",)), NOW)
    assert settled == Settled("ack:t1", "sent", (), (), 0, NOW, None, (Told("sent", ("anna@example.org",)),))


def test_refused_for_good() -> None:
    settled = settle(outgoing(), Outcome("answered", refused={"anna@example.org": "550 no"}), NOW)
    assert (settled.state, settled.refused, settled.reason) == ("failed", ("anna@example.org",), "550 no")
    assert settled.told == (Told("failed", ("anna@example.org",), "550 no"),)


@pytest.mark.parametrize(
    "outcome",
    [Outcome("answered", deferred={"anna@example.org": "451 later"}), Outcome("lost", reason="451 later")],
    ids=["4xx", "lost before the final dot"],
)
def test_refused_for_now_waits_longer_each_time_and_ends_within_five_days(outcome: Outcome) -> None:
    mail, now, waits = outgoing(), NOW, []
    while True:
        settled = settle(mail, outcome, now)
        if settled.state != "queued":
            break
        assert settled.told == ()
        waits.append(settled.next_at - now)
        now = settled.next_at
        mail = outgoing(deferrals=settled.deferrals, left=settled.left)
    assert waits[:3] == [timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10)]
    assert all(later >= earlier for earlier, later in pairwise(waits))
    assert timedelta(days=4) < sum(waits, timedelta()) <= timedelta(days=5)
    assert settled.state == "failed"
    assert settled.told == (Told("failed", ("anna@example.org",), "given up after days: 451 later"),)


def test_an_unreachable_smarthost_costs_nothing() -> None:
    mail = outgoing(deferrals=len(DELAYS))
    settled = settle(mail, Outcome("unreachable", reason="refused"), NOW)
    assert (settled.state, settled.next_at, settled.deferrals, settled.told) == ("queued", NOW, len(DELAYS), ())


def test_some_taken_some_refused_some_later() -> None:
    mail = outgoing(to=(A, B, C))
    settled = settle(mail, Outcome("answered", (A,), {B: "450 b"}, {C: "550 c"}), NOW)
    assert (settled.state, settled.left, settled.refused) == ("queued", (B,), (C,))
    assert settled.told == (Told("sent", (A,)), Told("failed", (C,), "550 c"))
    settled = settle(outgoing(to=(A, B, C), left=(B,), refused=(C,)), Outcome("answered", (B,)), NOW)
    assert (settled.state, settled.left, settled.refused) == ("failed", (), (C,))
    assert settled.told == (Told("sent", (B,)),)


def test_no_answer_after_the_final_dot_is_uncertain() -> None:
    settled = settle(outgoing(to=(A, B, C)), Outcome("unknown", (A,), {B: "450 b"}, {C: "550 c"}, "gone"), NOW)
    assert (settled.state, settled.left, settled.refused, settled.reason) == ("uncertain", (A, B), (C,), "gone")
    assert settled.told == (Told("uncertain", (A, B), "gone"), Told("failed", (C,), "550 c"))


def test_an_abandoned_attempt_is_uncertain() -> None:
    settled = abandoned(outgoing(state="sending"), NOW)
    assert settled.state == "uncertain"
    assert [told.what for told in settled.told] == ["uncertain"]


@pytest.mark.parametrize("state", ["queued", "claimed", "sending", "sent"])
def test_only_a_failed_or_uncertain_mail_is_sent_again(state: str) -> None:
    assert resend(outgoing(state=state), NOW) is None


def test_sent_again_to_those_who_have_not_got_it() -> None:
    again = resend(outgoing(to=(A, B, C), state="uncertain", left=(A,), refused=(C,), deferrals=4), after(9))
    assert again is not None
    assert (again.state, again.left, again.refused, again.deferrals) == ("queued", (A, C), (), 0)
    assert again.next_at == after(9)


def test_what_was_never_written_cannot_be_sent_again() -> None:
    assert resend(outgoing(state="failed", raw=b""), NOW) is None
    assert resend(outgoing(state="failed", left=()), NOW) is None


PEOPLE = st.lists(st.sampled_from([A, B, C, "d@x.example"]), min_size=1, unique=True).map(tuple)


@given(PEOPLE, st.data())
def test_everybody_is_reached_or_told_about_once(people: tuple[str, ...], data: st.DataObject) -> None:
    """Whatever happens in whatever order: each recipient ends as told, waiting or refused, and none twice."""
    mail, told = outgoing(to=people), list[Told]()
    for _ in range(20):
        fate = {one: data.draw(st.sampled_from(["accepted", "deferred", "refused"])) for one in mail.left}
        outcome = Outcome(
            "answered",
            tuple(one for one, what in fate.items() if what == "accepted"),
            {one: "450" for one, what in fate.items() if what == "deferred"},
            {one: "550" for one, what in fate.items() if what == "refused"},
        )
        settled = settle(mail, outcome, NOW)
        told += settled.told
        mail = outgoing(to=people, left=settled.left, refused=settled.refused, deferrals=settled.deferrals)
        if settled.state != "queued":
            break
    reached = [one for fact in told for one in fact.to]
    assert sorted(reached) == sorted(people)
    assert (settled.state == "sent") == all(fact.what == "sent" for fact in told)


def test_the_events() -> None:
    mail = outgoing("reply:r1", kind="reply", message="r1", attempts=2)
    assert event(mail, Told("sent", (A,)), NOW) == MailSent(
        outgoing="reply:r1",
        ticket="t1",
        kind="reply",
        message="r1",
        to=(A,),
        subject_line="Re: Printer broken [#123]",
        message_id="reply:r1@acme.example",
        attempts=2,
        at=NOW,
    )
    failed = event(mail, Told("uncertain", (A,), "x" * 900), NOW)
    assert isinstance(failed, MailFailed)
    assert failed.uncertain
    assert len(failed.reason) == 500
    refused = event(mail, Told("failed", (A,), "550 no"), NOW)
    assert isinstance(refused, MailFailed)
    assert not refused.uncertain
