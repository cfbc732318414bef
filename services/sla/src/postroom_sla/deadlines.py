"""Business time: when a number of working minutes has passed, and how much of it lies between two moments.

A schedule counts a moment when the wall clock in its zone shows a working hour of a day that is no holiday. Where the
clock is turned back, an hour that it shows twice is meant by its first showing; where it is turned forward, an hour it
never shows means the moment of the turn. So a shift over midnight on a day of the change is as long as people really
work, and business time never runs backwards. A holiday is a whole local date: a shift that began the evening before
stops at its midnight, and one that would have begun on it goes on at the next midnight, where its hours say so.

Without a schedule every moment counts. All moments are aware; what comes out is in UTC.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from postroom_contracts.config import Schedule

MAX_DAYS = 3653
"""Ten years: a deadline further away than this is a mistake in the settings, and is said to be one."""

_DAY_MINUTES = 24 * 60
_SECOND = timedelta(seconds=1)
_ZERO = timedelta()

Interval = tuple[datetime, datetime]


class NeverDueError(ValueError):
    """The schedule has not enough working time within ten years."""


def due_at(start: datetime, minutes: int, schedule: Schedule | None) -> datetime:
    """The first moment at which `minutes` of business time have passed since `start`.

    Raises:
        NeverDueError: that is more than ten years away.
    """
    return later(start, timedelta(minutes=minutes), calendar_of(schedule))


def later(start: datetime, duration: timedelta, calendar: "Calendar | None") -> datetime:
    """Like `due_at`, for any duration and with the schedule made ready.

    Raises:
        NeverDueError: that is more than ten years away.
    """
    start = start.astimezone(UTC)
    if duration <= _ZERO:
        return start
    if calendar is None:
        if duration > timedelta(days=MAX_DAYS):
            raise NeverDueError("that is more than ten years away")
        return start + duration
    left = duration
    for begin, end in _open_from(start, calendar):
        if end - begin >= left:
            return begin + left
        left -= end - begin
    raise NeverDueError(f"the schedule {calendar.name!r} has not that much working time within ten years")


def business_time(start: datetime, end: datetime, calendar: "Calendar | None") -> timedelta:
    """The business time between two moments; zero when `end` is not after `start`."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    if end <= start:
        return _ZERO
    if calendar is None:
        return end - start
    total = _ZERO
    for ordinal in range(calendar.ordinal(start), calendar.ordinal(end) + 1):
        for opens, closes in _openings(calendar, ordinal):
            total += max(min(closes, end) - max(opens, start), _ZERO)
    return total


def next_open(at: datetime, schedule: Schedule | None) -> datetime:
    """`at` itself when it is working time, else the next moment that is.

    Raises:
        NeverDueError: nobody works within ten years.
    """
    at = at.astimezone(UTC)
    calendar = calendar_of(schedule)
    if calendar is None:
        return at
    for begin, _ in _open_from(at, calendar):
        return begin
    raise NeverDueError(f"nobody works by the schedule {calendar.name!r} within ten years")


def _open_from(start: datetime, calendar: "Calendar") -> Iterator[Interval]:
    """Working intervals in order, cut at `start`, for ten years."""
    first = calendar.ordinal(start)
    for ordinal in range(first, min(first + MAX_DAYS, date.max.toordinal())):
        for begin, end in _openings(calendar, ordinal):
            if end > start:
                yield max(begin, start), end


class Calendar:
    """A schedule made ready: for each weekday its working minutes since midnight, in order and without overlap."""

    def __init__(self, schedule: Schedule) -> None:
        self.name = schedule.name
        self.zone = ZoneInfo(schedule.timezone)
        self.holidays = frozenset(day.toordinal() for day in schedule.holidays)
        pieces: list[list[tuple[int, int]]] = [[] for _ in range(7)]
        for hours in schedule.hours:
            start, end = _minutes(hours.start), _minutes(hours.end)
            if end <= start:
                end += _DAY_MINUTES
            pieces[hours.day].append((min(start, _DAY_MINUTES), min(end, _DAY_MINUTES)))
            pieces[(hours.day + 1) % 7].append((max(start - _DAY_MINUTES, 0), max(end - _DAY_MINUTES, 0)))
        self.weekdays = [_united(day) for day in pieces]

    def ordinal(self, at: datetime) -> int:
        """The local date of a moment, as its ordinal."""
        return at.astimezone(self.zone).toordinal()


def calendar_of(schedule: Schedule | None) -> Calendar | None:
    """The schedule made ready; None for None. Schedules of equal content share one."""
    return None if schedule is None else _calendar(schedule)


_calendar = lru_cache(maxsize=256)(Calendar)


@lru_cache(maxsize=20_000)
def _openings(calendar: Calendar, ordinal: int) -> tuple[Interval, ...]:
    """The working intervals of a local date as moments in UTC."""
    if ordinal in calendar.holidays:
        return ()
    day = date.fromordinal(ordinal)
    moments = [
        (_moment(calendar.zone, day, start), _moment(calendar.zone, day, end))
        for start, end in calendar.weekdays[day.weekday()]
    ]
    return tuple((start, end) for start, end in moments if start < end)


def _moment(zone: ZoneInfo, day: date, minutes: int) -> datetime:
    """When the clocks of `zone` first show `minutes` after midnight of `day`, or pass over that time."""
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minutes)  # noqa: DTZ001 - a wall clock's time
    local = wall.replace(tzinfo=zone)
    moment = local.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    return _turn(zone, local.replace(fold=1).astimezone(UTC), moment)


def _turn(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The second between `before` and `after` at which the clocks of `zone` were turned."""
    offset = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after


def _minutes(time: str) -> int:
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)


def _united(pieces: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Pieces in order; those that touch or overlap become one, empty ones go."""
    united: list[tuple[int, int]] = []
    for start, end in sorted(pieces):
        if start >= end:
            continue
        if united and start <= united[-1][1]:
            united[-1] = (united[-1][0], max(united[-1][1], end))
        else:
            united.append((start, end))
    return tuple(united)
