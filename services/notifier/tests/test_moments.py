"""How a moment is said."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_notifier.moments import moment
from postroom_plumbing.languages import Language

AT = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "zone", "expected"),
    [
        ("en", "Europe/Berlin", ("Tuesday, 24 November 2026, 15:00", "Europe/Berlin, UTC+1")),
        ("en", "America/New_York", ("Tuesday, 24 November 2026, 09:00", "America/New York, UTC-5")),
        ("en", "Asia/Kathmandu", ("Tuesday, 24 November 2026, 19:45", "Asia/Kathmandu, UTC+5:45")),
        ("en", "America/St_Johns", ("Tuesday, 24 November 2026, 10:30", "America/St Johns, UTC-3:30")),
        ("en", "UTC", ("Tuesday, 24 November 2026, 14:00", "UTC")),
        ("de", "Europe/Berlin", ("Dienstag, 24. November 2026, 15:00 Uhr", "Europe/Berlin, UTC+1")),
        ("fa", "Asia/Tehran", ("سه‌شنبه ۲۴ نوامبر ۲۰۲۶ میلادی، ساعت ۱۷:۳۰", "Asia/Tehran, UTC+3:30")),
        ("zh", "Asia/Shanghai", ("2026年11月24日（星期二）22:00", "Asia/Shanghai, UTC+8")),
        ("zh", "Pacific/Auckland", ("2026年11月25日（星期三）03:00", "Pacific/Auckland, UTC+13")),
    ],
)
def test_moment(language: Language, zone: str, expected: tuple[str, str]) -> None:
    assert moment(AT, zone, language) == expected


def test_the_same_wall_clock_twice_a_year_is_told_apart_by_the_offset() -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    summer = moment(first, "Europe/Berlin", "en")
    winter = moment(first + timedelta(hours=1), "Europe/Berlin", "en")
    assert summer[0] == winter[0] == "Sunday, 25 October 2026, 02:30"
    assert (summer[1], winter[1]) == ("Europe/Berlin, UTC+2", "Europe/Berlin, UTC+1")


@given(
    st.integers(0, 10**9).map(lambda ms: AT + timedelta(milliseconds=ms * 500)),
    st.sampled_from(["UTC", "Europe/Berlin", "Asia/Tehran", "America/St_Johns", "Australia/Lord_Howe"]),
)
def test_what_is_said_is_never_before_the_clock_and_less_than_a_minute_after(at: datetime, zone: str) -> None:
    words, told_zone = moment(at, zone, "en")
    offset = told_zone.rpartition("UTC")[2] or "+0"
    sign = -1 if offset[0] == "-" else 1
    hours, _, minutes = offset[1:].partition(":")
    wall = datetime.strptime(words, "%A, %d %B %Y, %H:%M").replace(tzinfo=UTC)
    said = wall - sign * timedelta(hours=int(hours), minutes=int(minutes or 0))
    assert timedelta() <= said - at < timedelta(minutes=1)
    assert said.astimezone(ZoneInfo(zone)).strftime("%H:%M") == words[-5:]
