"""From a batch of facts about tickets to rows and first decisions. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from postroom_contracts.routing import RoutingDecided
from postroom_contracts.tickets import TicketChanged, TicketMessageAdded, TicketOpened
from postroom_router.placing import Map, Placement, place
from postroom_router.row import Row, follow, same_but_version
from postroom_router.rules import Facts

TicketFact = TicketOpened | TicketMessageAdded | TicketChanged


@dataclass(frozen=True, slots=True)
class Placed:
    """A first decision: its event, the rules that missed, and the index in the batch of the fact that caused it."""

    event: RoutingDecided
    misses: tuple[str, ...]
    cause: int


@dataclass(slots=True)
class Outcome:
    """What a batch comes to."""

    rows: dict[str, Row] = field(default_factory=dict)
    """New and changed rows by ticket."""
    placed: dict[str, Placed] = field(default_factory=dict)
    """Of new rows, by ticket."""
    waiting: bool = False
    """Some ticket waits that did not before."""
    room: bool = False
    """Some ticket left somebody's hands."""


def project(
    facts: Sequence[tuple[TicketFact, str | None]],
    rows: Mapping[str, Row],
    known: Map,
    available: Collection[str],
    now: datetime,
) -> Outcome:
    """Apply facts, each with its trace, to the rows kept so far. Facts not newer than their row change nothing."""
    outcome = Outcome()
    for index, (fact, trace) in enumerate(facts):
        ticket = fact.ticket
        before = outcome.rows.get(ticket.id) or rows.get(ticket.id)
        if before is None:
            # Whatever fact is the first to arrive opens the row: the real first one may lie with the dead letters.
            text = fact.message.text if isinstance(fact, TicketOpened) else ""
            placement = place(Facts(ticket, text), known)
            after = _opened(fact, placement, trace)
            outcome.placed[ticket.id] = Placed(_first_decision(after, placement, now), placement.misses, index)
        elif ticket.version <= before.version:
            continue
        else:
            after = follow(before, ticket, available)
            if same_but_version(after, before):
                continue  # most facts do not concern routing; applying them again would not either
        outcome.rows[ticket.id] = after
        _note(outcome, before, after)
    return outcome


def _note(outcome: Outcome, before: Row | None, after: Row) -> None:
    if after.waiting and (before is None or not before.waiting or before.queue != after.queue):
        outcome.waiting = True
    if before is not None and before.working and (not after.working or after.agent != before.agent):
        outcome.room = True


def _opened(fact: TicketFact, placement: Placement, trace: str | None) -> Row:
    ticket = fact.ticket
    return Row(
        ticket=ticket.id,
        version=ticket.version,
        queue=placement.queue,
        rule=placement.rule,
        status=ticket.status,
        priority=ticket.priority,
        language=ticket.language,
        opened_at=ticket.opened_at,
        agent=ticket.agent,
        seen_agent=ticket.agent,
        decision=1,
        trace=trace,
    )


def _first_decision(row: Row, placement: Placement, now: datetime) -> RoutingDecided:
    return RoutingDecided(
        ticket=row.ticket,
        decision=row.decision,
        ticket_version=row.version,
        queue=row.queue,
        rule=row.rule,
        reason=placement.reason,
        decided_at=now,
    )
