"""The clocks of one ticket, as a function of what happened to it and of what is promised.

What happened is kept as facts (when it was opened, through which phases it went, when an agent first replied), so that
another priority, queue or policy counts anew from the opening. A clock that is met stays as it was.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

from postroom_contracts.sla import Clock
from postroom_contracts.values import Metric, Status
from postroom_sla.deadlines import NeverDueError, business_time, later
from postroom_sla.promises import Promise

PhaseKind = Literal["active", "waiting", "done"]

METRICS: tuple[Metric, ...] = get_args(Metric)

_PHASE_OF: Mapping[Status, PhaseKind] = {
    "new": "active",
    "open": "active",
    "on_hold": "active",
    "pending": "waiting",
    "solved": "done",
    "closed": "done",
}

_RUNS_IN: Mapping[Metric, tuple[PhaseKind, ...]] = {
    "first_reply": ("active", "waiting"),  # waiting for the customer is no excuse before we said anything
    "resolution": ("active",),
}


@dataclass(frozen=True, slots=True)
class Phase:
    """What the ticket does from `since` until the next phase: its time counts, waits for the customer, or is over."""

    kind: PhaseKind
    since: datetime


@dataclass(frozen=True, slots=True)
class TicketClocks:
    """Everything kept about one ticket. Moments are UTC, in whole milliseconds."""

    ticket: str
    seen: int
    """The version of the ticket that was applied last."""
    version: int
    """Counts the changes to the clocks."""
    phases: tuple[Phase, ...]
    """The first begins when the ticket was opened."""
    exempt: bool = False
    """Nothing is promised to machines, and nothing was promised for what was imported."""
    replied_at: datetime | None = None
    policy: str | None = None
    schedule: str | None = None
    clocks: tuple[Clock, ...] = ()
    warned: frozenset[Metric] = frozenset()
    """The warnings given; a clock warns once, whatever becomes of its target."""
    breached: Mapping[Metric, datetime] = field(default_factory=dict)
    """When which clock ran out; a clock breaches once."""

    @property
    def opened_at(self) -> datetime:
        return self.phases[0].since

    def met_at(self, metric: Metric) -> datetime | None:
        """When the promise was kept, or None while it is open."""
        if metric == "first_reply":
            return self.replied_at
        return self.phases[-1].since if self.phases[-1].kind == "done" else None


def in_milliseconds(at: datetime) -> datetime:
    """A moment as it is stored: UTC, cut to milliseconds."""
    return at.astimezone(UTC).replace(microsecond=at.microsecond // 1000 * 1000)


def phase_of(status: Status) -> PhaseKind:
    """The phase a ticket of this status is in."""
    return _PHASE_OF[status]


def runs(state: TicketClocks, metric: Metric) -> bool:
    """Whether time counts against `metric` now."""
    return _mode(state, metric) == "running"


def clocks_of(state: TicketClocks, promise: Promise | None) -> tuple[Clock, ...]:
    """The clocks that `promise` gives a ticket in this state."""
    if state.exempt or promise is None or promise.target is None:
        return ()
    before = {clock.metric: clock for clock in state.clocks if clock.state == "met"}
    return tuple(_clock(state, metric, promise, before.get(metric)) for metric in METRICS)


def _clock(state: TicketClocks, metric: Metric, promise: Promise, met_before: Clock | None) -> Clock:
    met_at = state.met_at(metric)
    if met_before is not None and met_before.met_at == met_at:
        return met_before
    assert promise.target is not None  # noqa: S101 - clocks_of looked; tells mypy
    minutes = promise.target.minutes(metric)
    mode = _mode(state, metric)
    due = warn = None
    if mode in ("running", "met"):
        stretches = _stretches(state, metric, met_at)
        target = timedelta(minutes=minutes)
        due = _reached(stretches, target, promise)
        warn = _reached(stretches, target * promise.warn_percent / 100, promise)
        if due is None and mode == "running":
            mode = "void"
    return Clock(
        metric=metric,
        state=mode,
        target_minutes=minutes,
        started_at=state.opened_at,
        due_at=due,
        warn_at=warn if due is not None else None,
        met_at=met_at,
        breached_at=state.breached.get(metric),
    )


def _mode(state: TicketClocks, metric: Metric) -> Literal["running", "paused", "met", "void"]:
    """A ticket solved without a reply needs none: its first reply is void, until it is reopened."""
    if state.met_at(metric) is not None:
        return "met"
    now = state.phases[-1].kind
    if now in _RUNS_IN[metric]:
        return "running"
    return "void" if now == "done" else "paused"


Stretch = tuple[datetime, datetime | None]


def _stretches(state: TicketClocks, metric: Metric, met_at: datetime | None) -> list[Stretch]:
    """From when until when the clock ran. A met clock's last stretch is left open: it says when it would be due."""
    phases = state.phases
    if met_at is not None:
        phases = tuple(phase for phase in phases if phase.since < met_at) or phases[:1]
    ends = [*(phase.since for phase in phases[1:]), None]
    return [(phase.since, end) for phase, end in zip(phases, ends, strict=True) if phase.kind in _RUNS_IN[metric]]


def _reached(stretches: list[Stretch], duration: timedelta, promise: Promise) -> datetime | None:
    """When the stretches add up to `duration` of business time; None when they never do."""
    if not promise.schedule_known:
        return None
    left = duration
    for since, until in stretches:
        try:
            moment = later(since, left, promise.calendar)
        except NeverDueError:
            return None
        if until is None or moment <= until:
            return moment
        left -= business_time(since, until, promise.calendar)
    return None
