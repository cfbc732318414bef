"""What a clock has to say by itself: a warning when part of its target has passed, a breach when all of it has."""

from dataclasses import replace
from datetime import datetime
from typing import Literal, NamedTuple

from postroom_contracts.sla import Clock, ClockBreached, ClockWarned
from postroom_contracts.values import Metric
from postroom_sla.clocks import TicketClocks

Kind = Literal["warning", "breach"]


class Moment(NamedTuple):
    """Something that a clock will have to say; moments sort by time, a breach after its warning."""

    at: datetime
    kind_order: int
    metric: Metric
    due_at: datetime

    @property
    def kind(self) -> Kind:
        return "breach" if self.kind_order else "warning"


class Fired(NamedTuple):
    """A warning or breach as it was stated, and the moment it was meant for."""

    event: ClockWarned | ClockBreached
    moment: Moment


def moments(state: TicketClocks) -> list[Moment]:
    """What is still to be said, in order. Only a running clock speaks, and it says each thing once."""
    ahead: list[Moment] = []
    for clock in state.clocks:
        if clock.state != "running" or clock.due_at is None or clock.metric in state.breached:
            continue
        if clock.warn_at is not None and clock.metric not in state.warned:
            ahead.append(Moment(clock.warn_at, 0, clock.metric, clock.due_at))
        ahead.append(Moment(clock.due_at, 1, clock.metric, clock.due_at))
    return sorted(ahead)


def next_at(state: TicketClocks) -> datetime | None:
    """The earliest moment at which a clock has something to say, or None."""
    ahead = moments(state)
    return ahead[0].at if ahead else None


def fire(state: TicketClocks, until: datetime, now: datetime) -> tuple[TicketClocks, list[Fired]]:
    """Say all that was to be said up to `until`, and the state after it. `now` is when it is said."""
    fired: list[Fired] = []
    for moment in moments(state):
        if moment.at > until:
            break
        state = _said(state, moment)
        model = ClockBreached if moment.kind == "breach" else ClockWarned
        event = model(ticket=state.ticket, metric=moment.metric, due_at=moment.due_at, at=now, version=state.version)
        fired.append(Fired(event, moment))
    return state, fired


def _said(state: TicketClocks, moment: Moment) -> TicketClocks:
    version = state.version + 1
    if moment.kind == "warning":
        return replace(state, version=version, warned=state.warned | {moment.metric})
    return replace(
        state,
        version=version,
        breached={**state.breached, moment.metric: moment.due_at},
        clocks=tuple(_breached(clock, moment) for clock in state.clocks),
    )


def _breached(clock: Clock, moment: Moment) -> Clock:
    return clock.model_copy(update={"breached_at": moment.due_at}) if clock.metric == moment.metric else clock
