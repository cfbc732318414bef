"""What a ticket's event does to its clocks."""

from dataclasses import dataclass, replace
from datetime import datetime

from postroom_contracts.event import Event
from postroom_contracts.sla import ClocksSet
from postroom_contracts.tickets import TicketChanged, TicketMessageAdded, TicketOpened
from postroom_sla.clocks import Phase, TicketClocks, clocks_of, in_milliseconds, phase_of, runs
from postroom_sla.firing import Fired, fire
from postroom_sla.promises import Promises

TicketFact = TicketOpened | TicketMessageAdded | TicketChanged

_MACHINE_MAIL = frozenset(
    {"auto-reply", "out-of-office", "bounce", "complaint", "read-receipt", "calendar-answer", "list", "bulk"}
)


@dataclass(frozen=True, slots=True)
class Followed:
    """The state after an event, and what is to be stated about it."""

    state: TicketClocks
    fired: list[Fired]
    """What had run out before the event happened, and was not said yet."""
    clocks_set: ClocksSet | None

    @property
    def events(self) -> list[Event]:
        stated: list[Event] = [one.event for one in self.fired]
        return stated if self.clocks_set is None else [*stated, self.clocks_set]


def follow(known: TicketClocks | None, event: TicketFact, promises: Promises, now: datetime) -> Followed | None:
    """Apply an event to what is known of its ticket.

    None when there is nothing to do: the event is an old one, or the ticket's opening never came (it may still come,
    replayed from the dead letters, and then the clocks begin).
    """
    if known is None:
        return _opened(event, promises, now) if isinstance(event, TicketOpened) else None
    if event.ticket.version <= known.seen:
        return None
    at = max(in_milliseconds(event.at), known.phases[-1].since)
    # Whatever ran out before this happened did so even if we hear of it only now, after an outage.
    fired_state, fired = fire(known, at, now)
    state = _with_facts(replace(fired_state, seen=event.ticket.version), event, at)
    state = _without_false_breaches(state, at)
    return _with_clocks(state, event, promises, now, fired, always=_is_placing(event))


def _opened(event: TicketOpened, promises: Promises, now: datetime) -> Followed:
    opened_at = in_milliseconds(event.ticket.opened_at)
    state = TicketClocks(
        ticket=event.ticket.id,
        seen=event.ticket.version,
        version=0,
        phases=(Phase("active", opened_at),),
        exempt=event.imported or event.automatic in _MACHINE_MAIL,
    )
    state = _with_facts(state, event, max(in_milliseconds(event.at), opened_at))
    return _with_clocks(state, event, promises, now, [], always=True)


def _is_placing(event: TicketFact) -> bool:
    """Whether the ticket came into its first queue: now a promise is one, and is stated even if it is as before.

    A policy may ask for a queue, so what was stated at the opening can be another policy's promise.
    """
    placed = event.changes.get("queue") if isinstance(event, TicketChanged) else None
    return placed is not None and placed.old is None


def _with_facts(state: TicketClocks, event: TicketFact, at: datetime) -> TicketClocks:
    """What the event says of phases and replies."""
    kind = phase_of(event.ticket.status)
    if kind != state.phases[-1].kind:
        state = replace(state, phases=(*state.phases, Phase(kind, at)))
    if state.replied_at is None and _is_agents_reply(event):
        state = replace(state, replied_at=at)
    return state


def _without_false_breaches(state: TicketClocks, at: datetime) -> TicketClocks:
    """Take back what was said of a clock that, as we hear now, had been stopped by `at`, before it ran out."""
    true = {metric: due for metric, due in state.breached.items() if due <= at or runs(state, metric)}
    return state if len(true) == len(state.breached) else replace(state, breached=true)


def _is_agents_reply(event: TicketFact) -> bool:
    if isinstance(event, TicketChanged):
        return False
    return event.message.kind == "reply" and event.message.author.kind == "agent"


def _with_clocks(
    state: TicketClocks, event: TicketFact, promises: Promises, now: datetime, fired: list[Fired], *, always: bool
) -> Followed:
    """The clocks as they are now, with a ClocksSet when they, their policy or their schedule differ from before."""
    promise = None if state.exempt else promises.to(event.ticket)
    policy = promise.policy if promise else None
    schedule = promise.schedule if promise else None
    clocks = clocks_of(state, promise)
    if not always and (clocks, policy, schedule) == (state.clocks, state.policy, state.schedule):
        return Followed(state, fired, None)
    state = replace(state, version=state.version + 1, policy=policy, schedule=schedule, clocks=clocks)
    stated = ClocksSet(
        ticket=state.ticket,
        version=state.version,
        queue=event.ticket.queue,
        policy=policy,
        schedule=schedule,
        clocks=clocks,
        at=now,
    )
    return Followed(state, fired, stated)
