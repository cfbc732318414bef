"""What one line of a mail is by itself: quoted, blank, ruler; and its text without marks nobody sees."""

import re
from typing import Final

_INVISIBLE: Final = dict.fromkeys(
    [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF, 0xAD], None
) | {0xA0: " ", 0x202F: " ", 0x3000: " ", 0x2009: " ", 0x9: " "}

_RULER_CHARS: Final = "-‐_=+~#*—–─━―‗ᐧ., "
_MAILBOX = re.compile(r"[^\s<>@:;,\"']@[^\s<>@]")
_TIME = re.compile(r"\d[:.h时時시点點]\s?\d\d|\d\s?[ap]\.?m\b", re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)(?:19|20|1[34])\d\d(?!\d)|\d[/.-]\d{1,2}[/.-]\d\d|[۱۲][۳۴۰]\d\d")


def seen(line: str) -> str:
    """The line as it looks: direction marks and zero-width characters gone, spaces plain and single."""
    return " ".join((line if line.isascii() else line.translate(_INVISIBLE)).split())


def is_quoted(line: str) -> bool:
    """Whether the line carries a quotation mark (`>`; mbox writers' `>From ` is none)."""
    if ">" not in line:
        return False
    start = line.lstrip(" \t\u200e\u200f\u202a\u202b")
    return start.startswith(">") and not start.startswith(">From ")


def is_ruler(stripped: str) -> bool:
    """Whether a stripped line draws a line only: dashes, underscores, stars, ..."""
    return bool(stripped) and not stripped.strip(_RULER_CHARS) and stripped.strip("., ") != ""


def has_mailbox(text: str) -> bool:
    return "@" in text and _MAILBOX.search(text) is not None


def has_time(text: str) -> bool:
    return _TIME.search(text) is not None


def has_date(text: str) -> bool:
    return _YEAR.search(text) is not None
