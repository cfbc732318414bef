"""The languages we write in, their direction, and how they say a moment."""

from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Language = Literal["en", "de", "fa", "zh"]
Direction = Literal["ltr", "rtl"]

_RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
_WEEKDAYS: dict[Language, tuple[str, ...]] = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    "fa": ("دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه", "شنبه", "یکشنبه"),
    "zh": ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日"),
}
_MONTHS: dict[Language, tuple[str, ...]] = {
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
    "de": (
        "Januar", "Februar", "März", "April", "Mai", "Juni",
        "Juli", "August", "September", "Oktober", "November", "Dezember",
    ),
    "fa": (
        "ژانویه", "فوریه", "مارس", "آوریل", "مه", "ژوئن",
        "ژوئیه", "اوت", "سپتامبر", "اکتبر", "نوامبر", "دسامبر",
    ),
    "zh": tuple(f"{number}月" for number in range(1, 13)),
}  # fmt: skip
_MOMENT: dict[Language, str] = {
    "en": "{weekday}, {day} {month} {year}, {time}",
    "de": "{weekday}, {day}. {month} {year}, {time} Uhr",
    "fa": "{weekday} {day} {month} {year} میلادی، ساعت {time}",
    "zh": "{year}年{month}{day}日（{weekday}）{time}",
}
_PERSIAN_DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


def pick(language: str | None) -> Language:
    """The language to write in to somebody who wrote in `language` (a BCP 47 tag or None); English when in doubt."""
    primary = (language or "").replace("_", "-").partition("-")[0].lower()
    return next((known for known in _MOMENT if known == primary), "en")


def direction(language: str) -> Direction:
    """Which way `language` is written."""
    return "rtl" if language.partition("-")[0].lower() in _RIGHT_TO_LEFT else "ltr"


def moment(at: datetime, zone: str, language: Language) -> tuple[str, str]:
    """`at` for customers in `zone`: the day and the time in words, and the zone, as in "Europe/Berlin, UTC+1".

    To the minute and rounded up, so that what meets the clock also meets what was said.
    """
    up = at + timedelta(minutes=1) - timedelta(microseconds=1)
    local = up.astimezone(ZoneInfo(zone)).replace(second=0, microsecond=0)
    day, year, time = str(local.day), str(local.year), f"{local:%H:%M}"
    if language == "fa":
        day, year, time = (part.translate(_PERSIAN_DIGITS) for part in (day, year, time))
    words = _MOMENT[language].format(
        weekday=_WEEKDAYS[language][local.weekday()],
        day=day,
        month=_MONTHS[language][local.month - 1],
        year=year,
        time=time,
    )
    return words, _zone(local, zone)


def _zone(local: datetime, name: str) -> str:
    minutes = int((local.utcoffset() or timedelta()).total_seconds() // 60)
    if name.upper() in ("UTC", "ETC/UTC"):
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    offset = f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")
    return f"{name.replace('_', ' ')}, {offset}"
