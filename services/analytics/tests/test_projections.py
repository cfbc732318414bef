from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_analytics.facts import Fact
from postroom_analytics.projections import STANDING, Cell, contributions, delta, fold, fold_all
from postroom_analytics.sketch import bucket
from postroom_contracts import Event


def told(*story: Event) -> Fact:
    fact: Fact | None = None
    for event in story:
        fact = fold(fact, event)
    assert fact is not None
    return fact


def counters(fact: Fact) -> dict[str, int]:
    return {cell.counter: number for cell, number in contributions(fact).items()}


def test_an_open_ticket_is_opened_and_stands_unsolved(events: Any) -> None:
    assert contributions(told(events.opened("t", queue="q", agent="ann"))) == {
        Cell("2026-03-10", "q", "email", "ann", "opened.36"): 1,
        Cell(STANDING, "q", "email", "ann", "unsolved"): 1,
    }


def test_a_ticket_counts_where_it_is_now(events: Any) -> None:
    fact = told(events.opened("t", queue="a"), events.changed("t", 2, queue="b", agent="ann"))
    assert {(cell.queue, cell.agent) for cell in contributions(fact)} == {("b", "ann")}


def test_first_reply_is_the_first_and_notes_and_contacts_are_none(events: Any) -> None:
    fact = told(
        events.opened("t"),
        events.message("t", 2, 5, "note"),
        events.message("t", 3, 6, "contact"),
        events.message("t", 4, 20, "reply"),
        events.message("t", 5, 40, "reply"),
    )
    assert counters(fact) == {"opened.36": 1, "unsolved": 1, f"first_reply.37.{bucket(20 * 60)}": 1}


@pytest.mark.parametrize("status", ["solved", "closed"])
def test_a_solved_ticket_has_a_resolution_and_leaves_the_backlog(events: Any, status: str) -> None:
    fact = told(events.opened("t"), events.changed("t", 2, status=status, solved_at=events.at(60)))
    assert counters(fact) == {"opened.36": 1, "solved.40": 1, f"resolution.40.{bucket(3600)}": 1}


def test_a_merged_ticket_counts_no_more_but_its_ratings_do(events: Any) -> None:
    merged = events.changed("t", 2, status="closed", merged_into="u")
    fact = told(events.opened("t"), events.message("t", 3, 20, "reply", status="closed", merged_into="u"), merged)
    assert counters(fact) == {}
    [(counter, number)] = counters(fold(fact, events.answered("t", 5))).items()
    assert (counter.partition(".")[0], number) == ("csat", 1)


def test_reopening_takes_the_solving_back_and_the_last_solving_counts(events: Any) -> None:
    solved = events.changed("t", 2, status="solved", solved_at=events.at(60))
    reopened = events.message("t", 3, 70, "contact", status="open", solved_at=events.at(60))
    again = events.changed("t", 4, status="solved", solved_at=events.at(120))
    assert counters(told(events.opened("t"), solved, reopened)) == {"opened.36": 1, "unsolved": 1}
    last = counters(told(events.opened("t"), solved, reopened, again))
    assert last == {"opened.36": 1, "solved.44": 1, f"resolution.44.{bucket(7200)}": 1}


def test_clocks_count_when_they_ended(events: Any) -> None:
    running = events.clock("first_reply", "running", due_at=events.at(60))
    met = events.clock("first_reply", "met", due_at=events.at(60), met_at=events.at(30))
    late = events.clock("first_reply", "met", due_at=events.at(60), met_at=events.at(90))
    void = events.clock("first_reply", "void", breached_at=events.at(60))
    opened = events.opened("t")
    assert "first_reply_met.38" not in counters(told(opened, events.clocks("t", 1, running)))
    assert counters(told(opened, events.clocks("t", 1, met)))["first_reply_met.38"] == 1
    assert counters(told(opened, events.clocks("t", 1, late)))["first_reply_breached.40"] == 1
    assert counters(told(opened, events.clocks("t", 1, void))) == counters(told(opened))


@pytest.mark.parametrize("version", [1, 2], ids=["the version it was set in", "a version of its own"])
def test_a_breach_counts_once_and_stays_when_the_work_is_done_late(events: Any, version: int) -> None:
    running = events.clocks("t", 1, events.clock("resolution", "running", due_at=events.at(60)))
    breach = events.breached("t", version, "resolution", 60)
    late = events.clock("resolution", "met", due_at=events.at(60), met_at=events.at(90), breached_at=events.at(60))
    for story in ([running, breach], [running, breach, events.clocks("t", 3, late)]):
        assert counters(told(events.opened("t"), *story))["resolution_breached.40"] == 1


def test_newer_clocks_correct_a_breach(events: Any) -> None:
    met = events.clock("resolution", "met", due_at=events.at(600), met_at=events.at(90))
    fact = told(events.opened("t"), events.breached("t", 2, "resolution", 60), events.clocks("t", 3, met))
    assert counters(fact) == {"opened.36": 1, "unsolved": 1, "resolution_met.42": 1}


def test_the_latest_answer_to_each_survey_counts(events: Any) -> None:
    fact = told(
        events.opened("t"),
        events.answered("t", 2, number=1, minutes=10),
        events.answered("t", 5, number=2, minutes=20),
        events.answered("t", 3, number=1, survey="s2", minutes=100),
    )
    assert counters(fact) == {"opened.36": 1, "unsolved": 1, "csat.37.5": 1, "csat.42.3": 1}


def test_clocks_and_answers_wait_for_their_ticket(events: Any) -> None:
    early = told(events.answered("t", 4), events.clocks("t", 1, events.clock("first_reply", "met")))
    assert contributions(early) == {}
    assert {"csat.36.4", "first_reply_met.36"} <= set(counters(fold(early, events.opened("t"))))


# What holds for every story

statuses = st.sampled_from(["new", "open", "pending", "on_hold", "solved", "closed"])
minutes = st.integers(0, 4 * 1440)


@st.composite
def stories(draw: st.DrawFn, events: Any) -> list[Event]:
    """What can happen to a few tickets, with each event's sequence as its publisher would count."""
    story: list[Event] = []
    for ticket in ("t1", "t2", "t3"):
        story.append(events.opened(ticket, draw(minutes)))
        fields = {"opened_at": story[0].ticket.opened_at}  # type: ignore[attr-defined]
        for version in range(2, draw(st.integers(2, 6))):
            status, at = draw(statuses), draw(minutes)
            change = fields | {"status": status, "queue": draw(st.sampled_from([None, "a", "b"]))}
            change["solved_at"] = events.at(at) if status in ("solved", "closed") else None
            if draw(st.booleans()):
                story.append(events.message(ticket, version, at, draw(st.sampled_from(["reply", "note"])), **change))
            else:
                story.append(events.changed(ticket, version, **change))
        for version in range(1, draw(st.integers(1, 4))):
            state = draw(st.sampled_from(["running", "met", "void"]))
            clock = events.clock("resolution", state, due_at=events.at(60), met_at=events.at(draw(minutes)))
            story.append(events.clocks(ticket, version, clock))
            if draw(st.booleans()):
                story.append(events.breached(ticket, version, "resolution", 60))
        ratings = draw(st.lists(st.integers(1, 5), max_size=3))
        story += [
            events.answered(ticket, rating, number=number, minutes=draw(minutes))
            for number, rating in enumerate(ratings, start=1)
        ]
    return story


def in_batches(story: list[Event], size: int) -> tuple[dict[str, Fact], Counter[Cell]]:
    facts: dict[str, Fact] = {}
    rollups: Counter[Cell] = Counter()
    for start in range(0, len(story), size):
        after = fold_all(facts, story[start : start + size])
        for cell, number in delta(facts, after).items():
            rollups[cell] += number
        facts |= after
    return facts, rollups


@given(st.data(), st.integers(1, 7))
def test_rollups_are_the_sum_of_all_facts_in_any_order_with_any_repeats(
    events: Any, data: st.DataObject, size: int
) -> None:
    story = data.draw(stories(events))
    repeats = data.draw(st.lists(st.sampled_from(story), max_size=10))
    facts, rollups = in_batches(data.draw(st.permutations(story + repeats)), size)
    total: Counter[Cell] = Counter()
    for fact in facts.values():
        total.update(contributions(fact))
    assert {cell: number for cell, number in rollups.items() if number} == total
    assert facts == in_batches(story, len(story))[0]


@given(st.data())
def test_a_replayed_log_changes_nothing(events: Any, data: st.DataObject) -> None:
    story = data.draw(stories(events))
    facts, _ = in_batches(story, 3)
    assert fold_all(facts, story) == {}
    assert delta(facts, fold_all({}, story)) == {}
