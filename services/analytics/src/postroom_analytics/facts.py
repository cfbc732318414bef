"""What analytics knows of one ticket."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from postroom_contracts.values import Channel, Metric, Priority, Status


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The ticket as its highest version told it."""

    version: int
    opened_at: datetime
    status: Status
    priority: Priority
    mailbox: str
    channel: Channel
    queue: str | None
    agent: str | None
    solved_at: datetime | None
    """When it was last solved; None while it is not solved."""
    merged: bool = False
    """Whether another ticket took it over."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a clock ended: met in time, or not."""

    in_time: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Breach:
    """A breach and the version of the clocks that states it."""

    version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """The latest answer to one survey."""

    number: int
    rating: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Fact:
    """All of it. Each part remembers the highest sequence it was told, so repeats and latecomers change nothing."""

    ticket: str
    snapshot: Snapshot | None = None
    """None as long as only clocks or answers were heard of."""
    first_reply_at: datetime | None = None
    clocks_version: int = 0
    outcomes: Mapping[Metric, Outcome] = field(default_factory=dict)
    """As the clocks of `clocks_version` say; a clock still open is left out."""
    breaches: Mapping[Metric, Breach] = field(default_factory=dict)
    answers: Mapping[str, Answer] = field(default_factory=dict)
    """By survey: a ticket solved twice may be asked twice."""

    def outcome(self, metric: Metric) -> Outcome | None:
        """How the clock for `metric` ended; None while it is open or where there is none."""
        breach = self.breaches.get(metric)
        if breach is not None and breach.version >= self.clocks_version:
            return Outcome(False, breach.at)
        return self.outcomes.get(metric)
