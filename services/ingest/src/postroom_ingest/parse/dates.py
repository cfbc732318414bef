"""The Date field (RFC 5322 section 3.3, obsolete forms of section 4.3), and what programs write instead."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_ORDINARY: Final = re.compile(r"\w{3}, {1,2}\d{1,2} \w{3} \d{4} \d\d:\d\d:[0-5]\d [+-]\d{4}(?: \(\w+\))?")
_COMMENT: Final = re.compile(r"\([^()]*\)")
_ISO: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_FRACTION: Final = re.compile(r"(:\d\d)[.,]\d+")
_LEAP_SECOND: Final = re.compile(r"(:\d\d):60\b")
_NAMED_OFFSET: Final = re.compile(r"\b(?:GMT|UTC?)\s?([+-])(\d{1,2})(?::?(\d\d))?$", re.IGNORECASE)
_COLON_OFFSET: Final = re.compile(r"([+-]\d\d):(\d\d)\b")
_HALF_DAY: Final = re.compile(r"\b(\d{1,2})(:\d\d(?::\d\d)?) ?([AP])M\b", re.IGNORECASE)


def read_date(value: str) -> datetime | None:
    """The moment a Date field names, in UTC; None where it cannot be read. A time without a zone counts as UTC."""
    try:
        date = _read(value.strip(' "'))
        return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _read(value: str) -> datetime:
    if _ORDINARY.fullmatch(value):
        return parsedate_to_datetime(value)
    if _ISO.match(value):
        return datetime.fromisoformat(re.sub(r" (?=[+-]\d)", "", value))
    value = _COMMENT.sub(" ", value)
    value = _LEAP_SECOND.sub(r"\1:59", _FRACTION.sub(r"\1", value))
    value = _NAMED_OFFSET.sub(_as_offset, value.strip())
    value = _HALF_DAY.sub(_of_the_day, _COLON_OFFSET.sub(r"\1\2", value))
    return parsedate_to_datetime(value)


def _as_offset(match: re.Match[str]) -> str:
    return f"{match[1]}{int(match[2]):02}{match[3] or '00'}"


def _of_the_day(match: re.Match[str]) -> str:
    hour = int(match[1]) % 12 + (12 if match[3] in "pP" else 0)
    return f"{hour}{match[2]}"
