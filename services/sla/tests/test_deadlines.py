import contextlib
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom_contracts.config import Hours, Schedule
from postroom_sla.deadlines import MAX_DAYS, NeverDueError, business_time, calendar_of, due_at, later, next_open

OFFICE = [(day, "09:00", "17:00") for day in range(5)]
NIGHTS = [(day, "22:00", "06:00") for day in range(7)]
ALWAYS = [(day, "00:00", "24:00") for day in range(7)]

# Around a change of the clocks, one week each way; Iran changes at midnight, Lord Howe by half an hour.
CHANGES = [
    ("Europe/Berlin", datetime(2026, 3, 29, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 8, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, tzinfo=UTC)),
    ("Asia/Tehran", datetime(2022, 3, 21, tzinfo=UTC)),
    ("Asia/Tehran", datetime(2022, 9, 21, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, tzinfo=UTC)),
]


def schedule(zone: str, hours: list[tuple[int, str, str]], *holidays: date) -> Schedule:
    intervals = tuple(Hours(day=day, start=start, end=end) for day, start, end in hours)
    return Schedule(name="s", timezone=zone, hours=intervals, holidays=holidays)


def business_seconds(start: datetime, end: datetime, hours: Schedule | None) -> float:
    return business_time(start, end, calendar_of(hours)).total_seconds()


def local(zone: str, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


BERLIN = schedule("Europe/Berlin", OFFICE)
BERLIN_NIGHTS = schedule("Europe/Berlin", NIGHTS)
CHRISTMAS = schedule("Europe/Berlin", NIGHTS, date(2026, 12, 25))

CASES = {
    "within a day": (BERLIN, "2026-06-01T10:00", 60, "2026-06-01T11:00"),
    "until closing time exactly": (BERLIN, "2026-06-01T09:00", 480, "2026-06-01T17:00"),
    "one minute more is the next morning": (BERLIN, "2026-06-01T09:00", 481, "2026-06-02T09:01"),
    "over the weekend": (BERLIN, "2026-06-05T16:30", 60, "2026-06-08T09:30"),
    "opened at night": (BERLIN, "2026-06-01T03:00", 30, "2026-06-01T09:30"),
    "opened on Sunday": (BERLIN, "2026-06-07T12:00", 30, "2026-06-08T09:30"),
    "a week of work": (BERLIN, "2026-06-01T09:00", 5 * 480, "2026-06-05T17:00"),
    "a week of work over the spring change": (BERLIN, "2026-03-27T09:00", 5 * 480, "2026-04-02T17:00"),
    "a holiday is passed over": (
        schedule("Europe/Berlin", OFFICE, date(2026, 5, 1)), "2026-04-30T16:00", 120, "2026-05-04T10:00",
    ),
    "a shift over midnight": (BERLIN_NIGHTS, "2026-06-01T23:00", 180, "2026-06-02T02:00"),
    "from Sunday's shift into Monday": (
        schedule("Europe/Berlin", [(6, "22:00", "06:00")]), "2026-06-07T23:00", 180, "2026-06-08T02:00",
    ),
    "the shift of the spring change has seven hours": (BERLIN_NIGHTS, "2026-03-28T22:00", 420, "2026-03-29T06:00"),
    "the shift of the autumn change has nine hours": (BERLIN_NIGHTS, "2026-10-24T22:00", 540, "2026-10-25T06:00"),
    "a shift from an hour that never came": (
        schedule("Europe/Berlin", [(6, "02:30", "05:00")]), "2026-03-28T12:00", 30, "2026-03-29T03:30",
    ),
    "a shift within the hour that never came": (
        schedule("Europe/Berlin", [(6, "02:10", "02:50")]), "2026-03-28T12:00", 40, "2026-04-05T02:50",
    ),
    "a shift until an hour shown twice ends the first time": (
        schedule("Europe/Berlin", [(6, "01:00", "02:30"), (0, "09:00", "10:00")]),
        "2026-10-25T00:00", 100, "2026-10-26T09:10",
    ),
    "half an hour less on Lord Howe": (
        schedule("Australia/Lord_Howe", NIGHTS), "2026-10-03T22:00", 450, "2026-10-04T06:00",
    ),
    "midnight never came in Tehran": (schedule("Asia/Tehran", NIGHTS), "2022-03-21T22:00", 420, "2022-03-22T06:00"),
    "a holiday stops a shift at midnight": (CHRISTMAS, "2026-12-24T22:00", 121, "2026-12-26T00:01"),
    "until midnight": (schedule("UTC", [(0, "20:00", "24:00")]), "2026-06-01T20:00", 240, "2026-06-02T00:00"),
    "from midnight to midnight": (
        schedule("UTC", [(0, "00:00", "00:00")]), "2026-06-01T00:00", 1441, "2026-06-08T00:01",
    ),
    "from 24:00 is the next day": (
        schedule("UTC", [(0, "24:00", "02:00")]), "2026-06-01T12:00", 60, "2026-06-02T01:00",
    ),
    "overlapping hours count once": (
        schedule("UTC", [(0, "09:00", "12:00"), (0, "10:00", "13:00")]), "2026-06-01T09:00", 240, "2026-06-01T13:00",
    ),
    "no minutes": (BERLIN, "2026-06-07T12:00", 0, "2026-06-07T12:00"),
}  # fmt: skip


@pytest.mark.parametrize(("hours", "start", "minutes", "due"), CASES.values(), ids=CASES.keys())
def test_when_a_promise_is_due(hours: Schedule, start: str, minutes: int, due: str) -> None:
    assert due_at(local(hours.timezone, start), minutes, hours) == local(hours.timezone, due)


def test_without_a_schedule_every_hour_counts() -> None:
    start = datetime(2026, 3, 28, 22, tzinfo=UTC)
    assert due_at(start, 600, None) == start + timedelta(hours=10)
    assert business_seconds(start, start + timedelta(hours=10), None) == 36_000
    assert next_open(start, None) == start


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        pytest.param("2026-06-01T09:00", "2026-06-01T09:00", id="as work begins"),
        pytest.param("2026-06-01T12:00", "2026-06-01T12:00", id="at work"),
        pytest.param("2026-06-01T17:00", "2026-06-02T09:00", id="closing time is closed"),
        pytest.param("2026-06-06T12:00", "2026-06-08T09:00", id="at the weekend"),
    ],
)
def test_when_work_begins_next(at: str, opens: str) -> None:
    assert next_open(local("Europe/Berlin", at), BERLIN) == local("Europe/Berlin", opens)


def test_holidays_for_years_are_an_error_and_no_endless_search() -> None:
    holidays = [date(2026, 1, 1) + timedelta(days=day) for day in range(MAX_DAYS + 10)]
    closed = schedule("Europe/Berlin", OFFICE, *holidays)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(NeverDueError, match="ten years"):
        due_at(start, 1, closed)
    with pytest.raises(NeverDueError, match="ten years"):
        next_open(start, closed)
    assert business_seconds(start, start + timedelta(days=365), closed) == 0


@pytest.mark.parametrize("hours", [BERLIN, None], ids=["office hours", "every hour"])
def test_a_deadline_beyond_ten_years_is_an_error(hours: Schedule | None) -> None:
    with pytest.raises(NeverDueError, match="ten years"):
        due_at(datetime(2026, 1, 1, tzinfo=UTC), 10**9, hours)


# Properties

unhurried = settings(deadline=None)  # a busy machine is no counterexample

clock_times = st.builds(lambda h, m: f"{h:02}:{m:02}", st.integers(0, 23), st.sampled_from([0, 10, 30, 59]))
whole_hours = st.builds(lambda h: f"{h:02}:00", st.integers(0, 24))


@st.composite
def weeks(draw: st.DrawFn, times: st.SearchStrategy[str] = clock_times) -> tuple[Schedule, datetime]:
    """A schedule, and a moment in the weeks around a change of its clocks."""
    zone, change = draw(st.sampled_from(CHANGES))
    hours = draw(st.lists(st.tuples(st.integers(0, 6), times, times), min_size=1, max_size=8))
    holidays = draw(st.lists(st.integers(-3, 3).map(lambda n: change.date() + timedelta(days=n)), max_size=2))
    seconds = draw(st.integers(-5 * 86_400, 3 * 86_400))
    return schedule(zone, hours, *holidays), change + timedelta(seconds=seconds)


lengths = st.integers(0, 14 * 86_400).map(lambda seconds: timedelta(seconds=seconds))


@unhurried
@given(weeks(), st.integers(0, 6_000))
def test_the_time_until_a_deadline_is_the_time_promised(week: tuple[Schedule, datetime], minutes: int) -> None:
    hours, start = week
    due = due_at(start, minutes, hours)
    assert business_seconds(start, due, hours) == minutes * 60
    if minutes:  # and it is the first such moment
        assert business_seconds(start, due - timedelta(seconds=1), hours) == minutes * 60 - 1


@unhurried
@given(weeks(), st.integers(0, 6_000), st.integers(0, 600), lengths)
def test_more_minutes_or_a_later_start_are_never_due_earlier(
    week: tuple[Schedule, datetime], minutes: int, more: int, delay: timedelta
) -> None:
    hours, start = week
    try:
        due = due_at(start, minutes, hours)
    except NeverDueError:
        return
    assert due >= start
    with contextlib.suppress(NeverDueError):  # later than ten years is later too
        assert due_at(start, minutes + more, hours) >= due
    with contextlib.suppress(NeverDueError):
        assert due_at(start + delay, minutes, hours) >= due


@unhurried
@given(weeks(), lengths, lengths)
def test_the_parts_of_an_interval_add_up(week: tuple[Schedule, datetime], one: timedelta, two: timedelta) -> None:
    hours, start = week
    middle, end = start + one, start + one + two
    whole = business_seconds(start, end, hours)
    assert whole == business_seconds(start, middle, hours) + business_seconds(middle, end, hours)
    assert 0 <= whole <= (end - start).total_seconds()
    assert business_seconds(end, start, hours) == 0


@unhurried
@given(weeks(), st.integers(0, 3_000), st.integers(0, 3_000))
def test_a_promise_can_be_kept_in_parts(week: tuple[Schedule, datetime], one: int, two: int) -> None:
    hours, start = week
    assert due_at(due_at(start, one, hours), two, hours) == due_at(start, one + two, hours)


@unhurried
@given(weeks())
def test_work_is_open_when_it_is_said_to_be(week: tuple[Schedule, datetime]) -> None:
    hours, at = week
    opens = next_open(at, hours)
    assert business_seconds(at, opens, hours) == 0
    assert later(at, timedelta(seconds=1), calendar_of(hours)) == opens + timedelta(seconds=1)


@unhurried
@given(weeks(whole_hours), st.integers(0, 2_000))
def test_counting_the_minutes_on_the_wall_gives_the_same(week: tuple[Schedule, datetime], minutes: int) -> None:
    hours, start = week
    start = start.replace(second=0)
    zone = ZoneInfo(hours.timezone)
    walls = ((start + timedelta(minutes=n)).astimezone(zone) for n in range(minutes))
    counted = sum(_on_duty(wall, hours) for wall in walls)
    assert business_seconds(start, start + timedelta(minutes=minutes), hours) == counted * 60


def _on_duty(wall: datetime, hours: Schedule) -> bool:
    if wall.date() in hours.holidays:
        return False
    minute = wall.hour * 60 + wall.minute
    for interval in hours.hours:
        start, end = (int(text[:2]) * 60 + int(text[3:]) for text in (interval.start, interval.end))
        end += 1440 * (end <= start)
        begun_today = interval.day == wall.weekday() and start <= minute < end
        begun_yesterday = interval.day == (wall.weekday() - 1) % 7 and start <= minute + 1440 < end
        if begun_today or begun_yesterday:
            return True
    return False


def test_all_hours_of_the_week_are_the_same_as_no_schedule() -> None:
    for zone, change in CHANGES:
        start = change - timedelta(days=3)
        assert due_at(start, 10_000, schedule(zone, ALWAYS)) == due_at(start, 10_000, None)
