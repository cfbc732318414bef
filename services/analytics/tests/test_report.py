from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_analytics.facts import Answer, Fact, Outcome, Snapshot
from postroom_analytics.figures import figures
from postroom_analytics.projections import contributions
from postroom_analytics.report import Grouping, Rollup, Span, Table, Tally

ZONES = ["UTC", "Europe/Berlin", "Asia/Tehran", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns"]
DAY = date(2026, 3, 29)
"""On this day Berlin's clocks go forward."""
moments = st.integers(0, 19 * 1440).map(lambda minutes: datetime(2026, 3, 20, tzinfo=UTC) + timedelta(minutes=minutes))


def snapshot(opened_at: datetime, solved_at: datetime | None, queue: str | None = None) -> Snapshot:
    status: Any = "open" if solved_at is None else "solved"
    return Snapshot(1, opened_at, status, "normal", "m", "email", queue, None, solved_at)


@st.composite
def some_facts(draw: st.DrawFn) -> Fact:
    opened_at = draw(moments)
    solved_at = draw(st.none() | st.integers(0, 9 * 1440).map(lambda minutes: opened_at + timedelta(minutes=minutes)))
    queue = draw(st.sampled_from([None, "a", "b"]))
    return Fact(
        "t",
        snapshot(opened_at, solved_at, queue),
        first_reply_at=draw(st.none() | moments),
        outcomes=draw(st.dictionaries(st.just("resolution"), st.builds(Outcome, st.booleans(), moments))),
        answers=draw(st.dictionaries(st.just("s"), st.builds(Answer, st.just(1), st.integers(1, 5), moments))),
    )


def rollups(facts: list[Fact]) -> list[Rollup]:
    """As the store gives them back, one document per count."""
    found = []
    for fact in facts:
        for cell, number in contributions(fact).items():
            name, *path = cell.counter.split(".")
            nested: Any = number
            for part in reversed(path):
                nested = {part: nested}
            found.append(Rollup(cell.day, cell.queue, cell.channel, cell.agent, {name: nested}))
    return found


def tabulate(facts: list[Fact], span: Span, grouping: Grouping | None, today: date = DAY) -> dict[str | None, Tally]:
    table = Table(span, grouping, today)
    for rollup in rollups(facts):
        table.add(rollup)
    return table.rows()


@given(st.lists(some_facts(), max_size=12), st.sampled_from(ZONES))
def test_days_are_the_zones_own(facts: list[Fact], name: str) -> None:
    zone = ZoneInfo(name)

    def on(day: date, moments: list[datetime | None]) -> int:
        return sum(1 for at in moments if at is not None and at.astimezone(zone).date() == day)

    span = Span(DAY - timedelta(days=4), DAY + timedelta(days=3), zone)
    rows = tabulate(facts, span, "day", today=date(2026, 5, 1))
    tickets = [fact.snapshot for fact in facts if fact.snapshot is not None]
    assert list(rows) == [day.isoformat() for day in span.days()]
    for day in span.days():
        row = rows[day.isoformat()]
        ended = datetime.combine(day + timedelta(days=1), datetime.min.time(), zone)
        assert row.opened == on(day, [one.opened_at for one in tickets])
        assert row.solved == on(day, [one.solved_at for one in tickets])
        assert row.durations["first_reply"].total() == on(day, [fact.first_reply_at for fact in facts])
        assert row.durations["resolution"].total() == row.solved
        assert row.ratings.total() == on(day, [answer.at for fact in facts for answer in fact.answers.values()])
        outcomes = [fact.outcomes["resolution"] for fact in facts if fact.outcomes]
        assert row.met["resolution"] == on(day, [one.at for one in outcomes if one.in_time])
        assert row.breached["resolution"] == on(day, [one.at for one in outcomes if not one.in_time])
        assert row.backlog == sum(
            1 for one in tickets if one.opened_at < ended and (one.solved_at is None or one.solved_at >= ended)
        )


@given(st.lists(some_facts(), max_size=12), st.sampled_from(ZONES))
def test_the_rows_of_any_grouping_add_up_to_the_summary(facts: list[Fact], name: str) -> None:
    span = Span(DAY - timedelta(days=4), DAY + timedelta(days=3), ZoneInfo(name))
    whole = tabulate(facts, span, None, today=date(2026, 5, 1))[None]
    by_day = tabulate(facts, span, "day", today=date(2026, 5, 1))
    by_queue = tabulate(facts, span, "queue", today=date(2026, 5, 1))
    for rows in (by_day, by_queue):
        assert sum(row.opened for row in rows.values()) == whole.opened
        assert sum(row.solved for row in rows.values()) == whole.solved
        assert sum(row.ratings.total() for row in rows.values()) == whole.ratings.total()
    assert sum(row.backlog or 0 for row in by_queue.values()) == whole.backlog
    assert by_day[span.last.isoformat()].backlog == whole.backlog


def test_days_to_come_have_no_backlog_yet() -> None:
    facts = [Fact("t", snapshot(datetime(2026, 3, 29, 12, tzinfo=UTC), None))]
    rows = tabulate(facts, Span(DAY, DAY + timedelta(days=1), ZoneInfo("UTC")), "day")
    assert [row.backlog for row in rows.values()] == [1, None]
    future = tabulate(facts, Span(DAY + timedelta(days=1), DAY + timedelta(days=1), ZoneInfo("UTC")), None)
    assert future[None].backlog is None


def test_a_group_whose_tickets_moved_away_is_not_shown() -> None:
    moved = Rollup("2026-03-29", "a", "email", None, {"opened": {"40": 0}, "first_reply": {"41": {"152": 0}}})
    table = Table(Span(DAY, DAY, ZoneInfo("UTC")), "queue", DAY)
    table.add(moved)
    table.add(Rollup("", "a", "email", None, {"unsolved": 0}))
    assert table.rows() == {}


def test_figures_without_counts_are_null_not_zero() -> None:
    empty = figures(Tally(backlog=0))
    assert empty.first_reply.model_dump() == {"count": 0, "median_s": None, "p90_s": None}
    assert empty.csat.model_dump() == {"answers": 0, "average": None, "percent": None}
    assert empty.sla.resolution.model_dump() == {"met": 0, "breached": 0, "percent": None}


def test_figures_of_what_was_counted() -> None:
    tally = Tally()
    for rating, number in {1: 1, 3: 1, 4: 3, 5: 3}.items():
        tally.ratings[rating] = number
    tally.met["first_reply"], tally.breached["first_reply"] = 2, 1
    shown = figures(tally)
    assert shown.csat.model_dump() == {"answers": 8, "average": pytest.approx(3.88), "percent": 75.0}
    assert shown.sla.first_reply.percent == 66.7
