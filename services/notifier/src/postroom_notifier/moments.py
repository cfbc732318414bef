"""How each language says a moment."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from postroom_plumbing.languages import Language, with_digits

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


def moment(at: datetime, zone: str, language: Language) -> tuple[str, str]:
    """`at` for customers in `zone`: the day and the time in words, and the zone, as in "Europe/Berlin, UTC+1".

    To the minute and rounded up, so that what meets the clock also meets what was said.
    """
    up = at + timedelta(minutes=1) - timedelta(microseconds=1)
    local = up.astimezone(ZoneInfo(zone)).replace(second=0, microsecond=0)
    words = _MOMENT[language].format(
        weekday=_WEEKDAYS[language][local.weekday()],
        day=local.day,
        month=_MONTHS[language][local.month - 1],
        year=local.year,
        time=f"{local:%H:%M}",
    )
    return with_digits(words, language), _zone(local, zone)


def _zone(local: datetime, name: str) -> str:
    minutes = int((local.utcoffset() or timedelta()).total_seconds() // 60)
    if name.upper() in ("UTC", "ETC/UTC"):
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    offset = f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")
    return f"{name.replace('_', ' ')}, {offset}"
