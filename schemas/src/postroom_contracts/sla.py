"""Clocks: what was promised, until when, and whether it was kept."""

from typing import Literal

from pydantic import Field

from postroom_contracts.event import Event, Value
from postroom_contracts.topics import Topic
from postroom_contracts.values import Instant, Metric


class Clock(Value):
    """One running SLA target of a ticket."""

    metric: Metric
    state: Literal["running", "paused", "met", "void"]
    target_minutes: int = Field(ge=1)
    """What was promised, in minutes of the policy's schedule."""
    started_at: Instant
    due_at: Instant | None = None
    """When it is (or was) due; None while paused."""
    warn_at: Instant | None = None
    """When a warning is (or was) to be given."""
    met_at: Instant | None = None
    breached_at: Instant | None = None
    """When it ran out, if it did."""


class ClocksSet(Event, topic=Topic.SLA, type="postroom.sla.clocks_set.v1"):
    """The clocks of a ticket as they are now; an empty list when no policy matches."""

    ticket: str
    version: int = Field(ge=1)
    """Counts the changes to this ticket's clocks."""
    queue: str | None = None
    """The queue the ticket was in when this was decided; before it is in one, the promise is not final."""
    policy: str | None
    """The id of the policy that applies."""
    schedule: str | None
    """The id of the schedule whose hours count; None counts every hour."""
    clocks: tuple[Clock, ...]
    at: Instant

    @property
    def key(self) -> str:
        return self.ticket

    @property
    def sequence(self) -> int | None:
        return self.version


class _ClockFact(Value):
    ticket: str
    metric: Metric
    due_at: Instant
    at: Instant
    """When it was stated, at or after the moment it was meant for."""
    version: int = Field(ge=1)
    """Counts the changes to this ticket's clocks."""

    @property
    def key(self) -> str:
        return self.ticket

    @property
    def sequence(self) -> int | None:
        return self.version


class ClockWarned(_ClockFact, Event, topic=Topic.SLA, type="postroom.sla.warned.v1"):
    """A clock will soon be due."""


class ClockBreached(_ClockFact, Event, topic=Topic.SLA, type="postroom.sla.breached.v1"):
    """A clock ran out before its target was met."""
