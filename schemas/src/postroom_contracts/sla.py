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
    started_at: Instant
    due_at: Instant | None = None
    """When it is (or was) due; None while paused."""
    warn_at: Instant | None = None
    met_at: Instant | None = None
    breached_at: Instant | None = None


class ClocksSet(Event, topic=Topic.SLA, type="postroom.sla.clocks_set.v1"):
    """The clocks of a ticket as they are now; an empty list when no policy matches."""

    ticket: str
    version: int = Field(ge=1)
    """Counts the changes to this ticket's clocks."""
    policy: str | None
    schedule: str | None
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
    version: int = Field(ge=1)

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
