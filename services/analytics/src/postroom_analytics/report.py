"""From rollups to figures: which counters a question is about, and what they say. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from postroom_analytics.projections import METRICS, STANDING
from postroom_contracts.values import Channel, Metric

Grouping = Literal["day", "queue", "channel", "agent"]
Key = str | None
MAX_DAYS = 400
_QUARTERS = 96


@dataclass(frozen=True, slots=True)
class Filter:
    """Which tickets a question is about; None is all."""

    queue: str | None = None
    channel: Channel | None = None
    agent: str | None = None


@dataclass(frozen=True, slots=True)
class Rollup:
    """Counters of a UTC day (or STANDING), queue, channel and agent: {name: {quarter: number or {bucket: number}}}."""

    day: str
    queue: str | None
    channel: str
    agent: str | None
    counters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """The days `first` to `last`, both included, in a time zone."""

    first: date
    last: date
    zone: ZoneInfo

    def utc_days(self) -> tuple[str, str]:
        """The first and the last UTC day that share a moment with this span (at most a day more on either side)."""
        return (self.first - timedelta(days=1)).isoformat(), (self.last + timedelta(days=1)).isoformat()

    def days(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]

    def local_days(self, utc_day: str) -> list[date]:
        """The local day of each quarter of a UTC day."""
        midnight = datetime.combine(date.fromisoformat(utc_day), time(), UTC)
        return [
            (midnight + timedelta(minutes=15 * quarter)).astimezone(self.zone).date() for quarter in range(_QUARTERS)
        ]


@dataclass(slots=True)
class Tally:
    """What was counted under one key."""

    opened: int = 0
    solved: int = 0
    backlog: int | None = None
    """None for days to come."""
    durations: dict[Metric, Counter[int]] = field(default_factory=lambda: {metric: Counter() for metric in METRICS})
    met: Counter[Metric] = field(default_factory=Counter)
    breached: Counter[Metric] = field(default_factory=Counter)
    ratings: Counter[int] = field(default_factory=Counter)

    def counted(self) -> bool:
        """Whether anything is not zero."""
        numbers = [self.opened, self.solved, self.backlog or 0, *self.ratings.values()]
        for metric in METRICS:
            numbers += [*self.durations[metric].values(), self.met[metric], self.breached[metric]]
        return any(numbers)

    def add(self, name: str, value: Any) -> None:
        """Add the value of one counter and quarter."""
        if name == "opened":
            self.opened += value
        elif name == "solved":
            self.solved += value
        elif name == "csat":
            _add_counts(self.ratings, value)
        else:
            for metric in METRICS:
                if name == metric:
                    _add_counts(self.durations[metric], value)
                elif name == f"{metric}_met":
                    self.met[metric] += value
                elif name == f"{metric}_breached":
                    self.breached[metric] += value


def _add_counts(counts: Counter[int], value: Mapping[str, int]) -> None:
    for key, number in value.items():
        counts[int(key)] += number


class Table:
    """Adds up rollups for a span, in rows by `grouping`; without one there is a single row under None."""

    def __init__(self, span: Span, grouping: Grouping | None, today: date) -> None:
        self._span = span
        self._grouping = grouping
        self._today = today
        self._tallies: dict[Key, Tally] = {}
        self._unsolved: Counter[Key] = Counter()
        self._net: dict[Key, Counter[date]] = {}
        self._local_days: dict[str, list[date]] = {}

    def add(self, rollup: Rollup) -> None:
        """Count a rollup of any day. Days after the span matter too: the backlog is reckoned back from now."""
        if rollup.day == STANDING:
            self._unsolved[self._group(rollup)] += rollup.counters.get("unsolved", 0)
            return
        if rollup.day not in self._local_days:
            self._local_days[rollup.day] = self._span.local_days(rollup.day)
        local_days = self._local_days[rollup.day]
        net = self._net.setdefault(self._group(rollup), Counter())
        for name, quarters in rollup.counters.items():
            sign = {"opened": 1, "solved": -1}.get(name, 0)
            for quarter, value in quarters.items():
                day = local_days[int(quarter)]
                if sign:
                    net[day] += sign * value
                if self._span.first <= day <= self._span.last:
                    self._tally(self._row(rollup, day)).add(name, value)

    def rows(self) -> dict[Key, Tally]:
        """Every day of the span in order, or every group that has a figure; the single row is always there."""
        if self._grouping == "day":
            return self._rows_by_day()
        groups = {None} if self._grouping is None else {*self._tallies, *self._unsolved, *self._net}
        for key in groups:
            if self._span.first <= self._today:
                self._tally(key).backlog = self._unsolved[key] - self._backlog_change(key)
        return {key: tally for key in groups if (tally := self._tally(key)).counted() or self._grouping is None}

    def _rows_by_day(self) -> dict[Key, Tally]:
        net = self._net.get(None, Counter())
        backlog = self._unsolved[None] - self._backlog_change(None)
        days = self._span.days()
        for day in reversed(days):
            tally = self._tally(day.isoformat())
            tally.backlog = backlog if day <= self._today else None
            backlog -= net[day]
        return {day.isoformat(): self._tally(day.isoformat()) for day in days}

    def _backlog_change(self, group: Key) -> int:
        """How many more came than went after the span."""
        return sum(number for day, number in self._net.get(group, Counter()).items() if day > self._span.last)

    def _tally(self, key: Key) -> Tally:
        if key not in self._tallies:
            self._tallies[key] = Tally()
        return self._tallies[key]

    def _group(self, rollup: Rollup) -> Key:
        if self._grouping is None or self._grouping == "day":
            return None
        key: Key = getattr(rollup, self._grouping)
        return key

    def _row(self, rollup: Rollup, day: date) -> Key:
        return day.isoformat() if self._grouping == "day" else self._group(rollup)
