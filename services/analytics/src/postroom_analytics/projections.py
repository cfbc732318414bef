"""From events to facts, and from facts to what they add to the rollups. Pure.

The figures are defined in ../../definitions.md; `contributions` is where they are counted.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from postroom_analytics.facts import Answer, Breach, Fact, Outcome, Snapshot
from postroom_analytics.sketch import bucket
from postroom_contracts import Event
from postroom_contracts.csat import SurveyAnswered
from postroom_contracts.sla import Clock, ClockBreached, ClocksSet
from postroom_contracts.tickets import Ticket, TicketChanged, TicketEvent, TicketMessageAdded, TicketOpened
from postroom_contracts.values import Metric

FACT_EVENTS: tuple[type[Event], ...] = (
    TicketOpened,
    TicketMessageAdded,
    TicketChanged,
    ClocksSet,
    ClockBreached,
    SurveyAnswered,
)
STANDING = ""
"""The `day` of the cells that count what is so now, whenever it began."""
METRICS: tuple[Metric, ...] = ("first_reply", "resolution")


class Cell(NamedTuple):
    """A counter of the rollups; `counter` is a path with the quarter of the day: `opened.37`, `first_reply.37.152`."""

    day: str
    queue: str | None
    channel: str
    agent: str | None
    counter: str


Counts = Mapping[Cell, int]


def fold(fact: Fact | None, event: Event) -> Fact:
    """What is known after `event`. The order and the number of times events arrive make no difference to the end."""
    fact = fact or Fact(event.key)
    if isinstance(event, TicketEvent):
        return _fold_ticket(fact, event)
    if isinstance(event, ClocksSet):
        return _fold_clocks(fact, event)
    if isinstance(event, ClockBreached):
        return _fold_breach(fact, event)
    if isinstance(event, SurveyAnswered):
        return _fold_answer(fact, event)
    return fact


def _fold_ticket(fact: Fact, event: TicketEvent) -> Fact:
    if isinstance(event, TicketMessageAdded) and event.message.kind == "reply":
        at = _kept(event.message.at)
        if fact.first_reply_at is None or at < fact.first_reply_at:
            fact = replace(fact, first_reply_at=at)
    if fact.snapshot is not None and event.ticket.version <= fact.snapshot.version:
        return fact
    return replace(fact, snapshot=_snapshot(event.ticket))


def _snapshot(ticket: Ticket) -> Snapshot:
    done = ticket.status in ("solved", "closed")
    return Snapshot(
        version=ticket.version,
        opened_at=_kept(ticket.opened_at),
        status=ticket.status,
        priority=ticket.priority,
        mailbox=ticket.mailbox,
        channel=ticket.channel,
        queue=ticket.queue,
        agent=ticket.agent,
        solved_at=_kept(ticket.solved_at or ticket.updated_at) if done else None,
        merged=ticket.merged_into is not None,
    )


def _fold_clocks(fact: Fact, event: ClocksSet) -> Fact:
    if event.version <= fact.clocks_version:
        return fact
    ended = {clock.metric: _ended(clock, event.at) for clock in event.clocks}
    outcomes = {metric: outcome for metric, outcome in ended.items() if outcome is not None}
    return replace(fact, clocks_version=event.version, outcomes=outcomes)


def _ended(clock: Clock, at: datetime) -> Outcome | None:
    if clock.state == "void":
        return None
    if clock.breached_at is not None:
        return Outcome(False, _kept(clock.breached_at))
    if clock.state != "met":
        return None
    met_at = clock.met_at or at
    if clock.due_at is not None and met_at > clock.due_at:
        return Outcome(False, _kept(clock.due_at))
    return Outcome(True, _kept(met_at))


def _fold_breach(fact: Fact, event: ClockBreached) -> Fact:
    known = fact.breaches.get(event.metric)
    if known is not None and event.version <= known.version:
        return fact
    return replace(fact, breaches={**fact.breaches, event.metric: Breach(event.version, _kept(event.at))})


def _fold_answer(fact: Fact, event: SurveyAnswered) -> Fact:
    known = fact.answers.get(event.survey)
    if known is not None and event.answer <= known.number:
        return fact
    answer = Answer(event.answer, event.rating, _kept(event.at))
    return replace(fact, answers={**fact.answers, event.survey: answer})


def contributions(fact: Fact | None) -> Counts:
    """What this ticket adds to the rollups: the counts of all tickets, added up, are the rollups."""
    if fact is None or fact.snapshot is None:
        return {}
    ticket = fact.snapshot
    counts: Counter[Cell] = Counter()

    def count(at: datetime, name: str, of: int | None = None) -> None:
        day, quarter = place(at)
        counter = f"{name}.{quarter}" if of is None else f"{name}.{quarter}.{of}"
        counts[Cell(day, ticket.queue, ticket.channel, ticket.agent, counter)] += 1

    for answer in fact.answers.values():
        count(answer.at, "csat", answer.rating)
    if ticket.merged:  # the ticket that took it over counts for both
        return counts
    count(ticket.opened_at, "opened")
    if ticket.solved_at is None:
        counts[Cell(STANDING, ticket.queue, ticket.channel, ticket.agent, "unsolved")] += 1
    else:
        count(ticket.solved_at, "solved")
        count(ticket.solved_at, "resolution", bucket(_seconds(ticket.opened_at, ticket.solved_at)))
    if fact.first_reply_at is not None:
        count(fact.first_reply_at, "first_reply", bucket(_seconds(ticket.opened_at, fact.first_reply_at)))
    for metric in METRICS:
        outcome = fact.outcome(metric)
        if outcome is not None:
            count(outcome.at, f"{metric}_{'met' if outcome.in_time else 'breached'}")
    return counts


def place(at: datetime) -> tuple[str, int]:
    """The UTC day of a moment in UTC, in ISO form, and its quarter of an hour, 0 to 95.

    Every zone's offset has been a multiple of a quarter of an hour since 1972: no quarter straddles a local midnight.
    """
    return at.date().isoformat(), at.hour * 4 + at.minute // 15


def _kept(at: datetime) -> datetime:
    """A moment as the store gives it back, in UTC and milliseconds: what was counted must be found again exactly."""
    return at.astimezone(UTC).replace(microsecond=at.microsecond // 1000 * 1000)


def _seconds(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds()


def fold_all(known: Mapping[str, Fact], events: Iterable[Event]) -> dict[str, Fact]:
    """The facts that `events` change, as they are then, by ticket; `known` are those there were."""
    changed: dict[str, Fact] = {}
    for event in events:
        before = changed.get(event.key) or known.get(event.key)
        after = fold(before, event)
        if after is not before:
            changed[event.key] = after
    return changed


def delta(before: Mapping[str, Fact], after: Mapping[str, Fact]) -> dict[Cell, int]:
    """What to add to the rollups when the facts in `after` replace those in `before`; never zero."""
    change: dict[Cell, int] = {}
    for ticket, fact in after.items():
        old = contributions(before.get(ticket))
        new = contributions(fact)
        if old == new:
            continue
        for cell, number in new.items():
            change[cell] = change.get(cell, 0) + number
        for cell, number in old.items():
            change[cell] = change.get(cell, 0) - number
    return {cell: number for cell, number in change.items() if number}
