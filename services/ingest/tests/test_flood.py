"""Floods, loops, and second tickets about one matter: what decide does, and the counting behind it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom_ingest.conversation import Clues, Decision, Knowledge, Rules, decide
from postroom_ingest.flood import Caps, Opened, flooded, looping, topic, words

from .making import START, clues

CAPS = Caps()
RULES = Rules(caps=CAPS)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


class Desk:
    """Decides on mails that come one after the other."""

    def __init__(self) -> None:
        self.known = Knowledge()
        self._numbers = count(1)

    def take(self, at: datetime, **other: Any) -> Decision:
        number = next(self._numbers)
        mail: Clues = clues(f"m{number}", received_at=at, **other)
        return decide(mail, self.known, RULES, f"T{number}", f"c{number}")


def spread(decisions: Iterable[Decision]) -> Counter[str]:
    return Counter(one.ticket for one in decisions)


def test_a_flood_from_one_sender_is_one_ticket_that_grows() -> None:
    desk = Desk()
    subjects = [f"Matter {chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(600)]
    taken = [desk.take(START + n * SECOND, subject=one, text="Answer me!") for n, one in enumerate(subjects)]
    assert [one.outcome for one in taken[:30]] == ["new"] * 30
    assert {(one.outcome, one.evidence.kind, one.warnings) for one in taken[30:]} == {("appended", "flood", ("flood",))}
    assert spread(taken)["T30"] == 571


def test_a_form_that_sends_for_many_under_one_address_and_subject_is_no_flood() -> None:
    desk = Desk()
    letters = "abcdefghij"
    filled_in = [
        f"A new message came by our contact form.\n\nName: {one}{other}\nPhone: 0123\nMessage: where is my parcel?\n"
        for one in letters
        for other in letters
    ]
    form = {"subject": "Contact form", "sender": "form@shop.example"}
    taken = [desk.take(START + n * MINUTE, text=text, **form) for n, text in enumerate(filled_in)]
    assert {(one.outcome, one.warnings) for one in taken} == {("new", ())}
    again = [desk.take(START + 100 * MINUTE + n * SECOND, text=filled_in[99], **form) for n in range(9)]
    assert [one.outcome for one in again] == ["new"] * 4 + ["appended"] * 5, "one of them sends the same all the time"
    assert {one.ticket for one in again[4:]} == {"T104"}, "onto a ticket of the same"


def test_forms_without_a_text_are_told_by_their_subject() -> None:
    desk = Desk()
    assert {desk.take(START, subject=f"Callback for {chr(97 + n)}").outcome for n in range(26)} == {"new"}
    assert {desk.take(START, subject="Callback", text=f"{n} {n}").outcome for n in range(9)} == {"new", "appended"}


def test_what_no_form_sends_is_stopped_whatever_it_says() -> None:
    desk = Desk()
    said = [f"{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(520)]
    taken = [desk.take(START + n * SECOND, subject=one, text=one) for n, one in enumerate(said)]
    assert [one.outcome for one in taken] == ["new"] * 30 + ["appended"] * 490


def test_mail_with_one_subject_counts_sooner() -> None:
    desk = Desk()
    taken = [desk.take(START + n * MINUTE, subject=f"Re: Alarm no. {n}!") for n in range(59)]
    assert spread(taken) == {"T1": 1, "T2": 1, "T3": 1, "T4": 1, "T5": 55}
    assert desk.take(START + 59 * MINUTE, subject="Something else").outcome == "new"


def test_those_without_an_address_are_not_one_customer() -> None:
    desk = Desk()
    assert {desk.take(START, sender="", subject="Alarm").outcome for _ in range(50)} == {"new"}


def test_a_flood_lasts_as_long_as_it_goes_on_and_no_longer() -> None:
    desk = Desk()
    for n in range(300):
        desk.take(START + n * MINUTE, subject="Alarm")
    assert len(desk.known.tickets) == 5, "for five hours no sixth ticket"
    assert desk.take(START + 361 * MINUTE, subject="Alarm").outcome == "new"


def test_mail_that_was_held_up_somewhere_is_no_flood() -> None:
    desk = Desk()
    taken = [
        desk.take(START + n * SECOND, subject=f"Order {n}", sent_at=START - timedelta(hours=400 - n))
        for n in range(300)
    ]
    assert len(spread(taken)) == 300
    lied = [desk.take(START + n * SECOND, subject="x", sender="e@x", sent_at=START + n * MINUTE) for n in range(20)]
    assert len(spread(lied)) == 5, "nobody writes in the future"


def test_a_flood_with_dates_from_all_over_ends_too() -> None:
    desk = Desk()
    taken = [
        desk.take(START + n * SECOND / 4, subject=f"{'ab'[n % 2]}{n}c", sent_at=START - timedelta(hours=2 * n))
        for n in range(1000)
    ]
    assert spread(taken)["T500"] == 501


def test_others_are_not_touched_by_a_flood() -> None:
    desk = Desk()
    for n in range(50):
        desk.take(START + n * SECOND, subject="Alarm")
    assert desk.take(START + MINUTE, subject="Alarm", sender="li@example.com").outcome == "new"
    assert desk.take(START + MINUTE, subject="Alarm", answer_to="li@example.com").outcome == "new", "by way of a form"


@pytest.mark.parametrize("special", [{"imported": True}, {"released": True}])
def test_an_import_and_what_an_agent_let_in_is_no_flood(special: dict[str, Any]) -> None:
    desk = Desk()
    assert {desk.take(START + n * SECOND, **special).outcome for n in range(100)} == {"new"}


def test_a_flood_goes_round_tickets_that_are_closed() -> None:
    desk = Desk()
    for n in range(5):
        desk.take(START + n * SECOND)
    desk.known.tickets["T5"] = replace(desk.known.tickets["T5"], closed=True)
    desk.known.tickets["T4"] = replace(desk.known.tickets["T4"], merged_into="T2")
    taken = desk.take(START + MINUTE)
    assert (taken.ticket, taken.evidence.merged_from) == ("T2", "T4")
    for one in ("T1", "T2", "T3"):
        desk.known.tickets[one] = replace(desk.known.tickets[one], closed=True)
    assert desk.take(START + 2 * MINUTE).outcome == "new"


def test_answers_in_a_thread_are_no_flood() -> None:
    desk = Desk()
    desk.take(START)
    answers = [desk.take(START + n * SECOND, own=("T1",)) for n in range(200)]
    assert {(one.outcome, one.evidence.kind) for one in answers} == {("appended", "own-token")}


def test_machines_that_answer_each_other_are_stopped_for_a_while() -> None:
    desk = Desk()
    desk.take(START, sender="ann@example.com")
    echo: dict[str, Any] = {"own": ("T1",), "automatic": "auto-reply"}
    taken = [desk.take(START + n * SECOND, **echo) for n in range(60)]
    assert [one.outcome for one in taken] == ["appended"] * 20 + ["set-aside"] * 40
    assert {(one.cause, one.ticket) for one in taken[20:]} == {("loop", "T1")}
    assert desk.take(START + MINUTE, own=("T1",)).outcome == "appended", "people are not machines"
    assert desk.take(START + MINUTE, **echo, released=True).outcome == "appended", "nor is what an agent let in"
    assert desk.take(START + timedelta(minutes=61), **echo).outcome == "appended"


def test_a_second_ticket_about_one_matter_is_offered() -> None:
    desk = Desk()
    lamp = {"subject": "Parcel 4711 has not arrived", "text": "The parcel with my two lamps is missing."}
    first = desk.take(START, **lamp)
    other = desk.take(START + MINUTE, subject="New address", text="We have moved to Lyon.")
    again = desk.take(START + timedelta(days=2), subject="Where are my lamps?", text="Parcel 4711 is still missing.")
    assert (first.similar, other.similar, again.similar) == ((), (), ("T1",))
    assert again.outcome == "new", "it is offered, never done"
    assert desk.take(START + timedelta(days=2), sender="li@example.com", **lamp).similar == ()
    desk.known.tickets["T1"] = replace(desk.known.tickets["T1"], closed=True)
    assert desk.take(START + timedelta(days=3), **lamp).similar == ("T3",)
    assert desk.take(START + timedelta(days=11), **lamp).similar == ()


def test_no_more_than_three_are_offered() -> None:
    desk = Desk()
    taken = [desk.take(START + n * MINUTE, subject="Parcel 4711 with lamps missing") for n in range(5)]
    assert [one.similar for one in taken] == [(), ("T1",), ("T2", "T1"), ("T3", "T2", "T1"), ("T4", "T3", "T2")]


def test_the_words_of_a_mail_are_its_letters() -> None:
    assert words("Order 4711 is on its way.", "x") == words("order 12: is on its way!", "y")
    assert words("سلام ۱۲۳", "x") == words("سلام", "y") != words("درود", "x")
    assert words("您好，包裹4711", "x") == words("您好 包裹", "y")
    assert words(" 12 ", "Alarm 3") == words("", "alarm") == words("Alarm!", "")
    assert words("\ud800", "x"), "whatever a mail holds"


@given(st.text("aZéß½² \t-_7!'’€\n", max_size=90))
def test_letters_are_the_same_however_they_are_found(text: str) -> None:
    assert words(f"{text}字", "") == words("".join(one for one in text if one in "aZéß½²") + "字", "")
    assert (words(text, "x") == words("x", "")) == (not any(one in text for one in "aZéß½²"))


@pytest.mark.parametrize(
    ("subject", "about"),
    [
        ("Re: Order #4711 - shipped!", "re order shipped"),
        ("order 12 SHIPPED", "order shipped"),
        ("سفارش ۴۷۱۱ ارسال شد", "سفارش ارسال شد"),
        ("包裹4711，已发货。", "包裹 已发货"),
        ("4711", ""),
    ],
)
def test_the_topic_of_a_subject(subject: str, about: str) -> None:
    assert topic(subject) == about


MOMENTS = st.integers(0, 3 * 3600).map(lambda seconds: START + seconds * SECOND)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(MOMENTS, *[st.sampled_from(["a", "b"])] * 2), max_size=60), st.randoms())
def test_a_flood_is_seen_in_whatever_order_its_tickets_are_listed(
    story: list[tuple[datetime, str, str]], any_: Any
) -> None:
    opened = [Opened(f"T{n}", at, at, about, said) for n, (at, about, said) in enumerate(story)]
    shuffled = list(opened)
    any_.shuffle(shuffled)
    at = START + timedelta(hours=2)
    mail = Opened("", at, at, "a", "a")
    where = flooded(opened, mail, CAPS)
    assert where == flooded(shuffled, mail, CAPS)
    alike = [one for one in opened if one.words == "a"]
    late = [one for one in opened if abs(one.at - at) < CAPS.sender_window]
    same = [one for one in alike if abs(one.at - at) < CAPS.topic_window and one.topic == "a"]
    assert bool(where) == (len(late) >= 30 or len(same) >= 5)
    assert all(one in opened for one in where)
    assert len(late) >= 30 or all(one in alike for one in where), "not beside what somebody else said"


@given(st.lists(MOMENTS, max_size=40))
def test_a_loop_is_so_many_within_its_time(moments: list[datetime]) -> None:
    at = START + timedelta(hours=2)
    assert looping(moments, at, CAPS) == (sum(abs(at - one) < CAPS.automatic_window for one in moments) >= 20)
