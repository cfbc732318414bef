"""Invitations: what a calendar object in a mail asks for (RFC 5545, RFC 5546, RFC 6047).

Only the first event and the few fields a person wants to see; repetition and time zones' rules are left to calendars.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

MAX_CALENDAR_BYTES: Final = 256 * 1024
"""Calendar text beyond this is not read; an invitation is 1-20 KB."""
_MAX_LINES: Final = 20_000
_MAX_VALUE_CHARS: Final = 1_000
_FOLD = re.compile(r"\r?\n[ \t]")
_LINE = re.compile(r'([A-Za-z0-9-]+)((?:;(?:"[^"]*"|[^":])*)?):(.*)')
_PARAM = re.compile(r';([A-Za-z0-9-]+)=("[^"]*"|[^;]*)')
_ESCAPED = re.compile(r"\\(.)")
_WHEN = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?(Z?))?")
_EVENTS: Final = frozenset({"VEVENT", "VTODO", "VFREEBUSY"})
_WANTED: Final = frozenset({"SUMMARY", "DTSTART", "DTEND", "DUE", "ORGANIZER", "LOCATION"})


@dataclass(frozen=True, slots=True)
class Invitation:
    """A calendar object; what it does not say is empty."""

    method: str
    """REQUEST, REPLY, CANCEL ... in upper case; PUBLISH where none is given."""
    summary: str = ""
    starts: str = ""
    """ISO 8601 as the calendar wrote it: `2026-03-01`, `2026-03-01T10:00:00Z`, or local with its zone behind a space,
    as in `2026-03-01T10:00:00 Europe/Berlin` (zones may have any name the calendar gives them)."""
    ends: str = ""
    """Like `starts`."""
    organizer: str = ""
    """An e-mail address where there is one."""
    location: str = ""


def read_invitation(text: str, method: str = "") -> Invitation | None:
    """The first event of a calendar's text, or None where there is no event in it.

    `method` is the one of the Content-Type field (RFC 6047 section 2.4), for calendars that do not say.
    """
    found: dict[str, tuple[str, str]] = {}
    depth: list[str] = []
    seen = False
    for name, params, value in _properties(text):
        if name == "BEGIN":
            depth.append(value.strip().upper()[:20])
            seen = seen or depth[-1] in _EVENTS
        elif name == "END" and depth:
            if depth.pop() in _EVENTS:
                break
        elif name == "METHOD" and len(depth) <= 1:
            method = value.strip()
        elif depth and depth[-1] in _EVENTS and name in _WANTED:
            found.setdefault(name, (params, value))
    if not seen:
        return None
    return Invitation(
        method=re.sub(r"[^A-Z-]", "", method.upper())[:20] or "PUBLISH",
        summary=_text(found.get("SUMMARY")),
        starts=_when(found.get("DTSTART")),
        ends=_when(found.get("DTEND") or found.get("DUE")),
        organizer=_person(found.get("ORGANIZER")),
        location=_text(found.get("LOCATION")),
    )


def _properties(text: str) -> Iterator[tuple[str, str, str]]:
    """Name in upper case, parameters with their `;`, and value of each line that is one."""
    lines = _FOLD.sub("", text[:MAX_CALENDAR_BYTES]).split("\n", _MAX_LINES)
    for line in lines[:_MAX_LINES]:
        if match := _LINE.match(line.rstrip("\r")):
            yield match[1].upper(), match[2], match[3]


def _param(params: str, name: str) -> str:
    return next((m[2].strip('"') for m in _PARAM.finditer(params) if m[1].upper() == name), "")


def _text(found: tuple[str, str] | None) -> str:
    """A text value unescaped (RFC 5545 section 3.3.11), on one line."""
    if not found:
        return ""
    text = _ESCAPED.sub(lambda m: " " if m[1] in "nN" else m[1], found[1][:_MAX_VALUE_CHARS])
    return " ".join(text.split())


def _when(found: tuple[str, str] | None) -> str:
    match = _WHEN.match(found[1].strip()) if found else None
    if not found or not match:
        return ""
    day = f"{match[1]}-{match[2]}-{match[3]}"
    if not match[4]:
        return day
    zone = _param(found[0], "TZID")[:100]
    return f"{day}T{match[4]}:{match[5]}:{match[6] or '00'}{match[7] or (zone and f' {zone}')}"


def _person(found: tuple[str, str] | None) -> str:
    if not found:
        return ""
    address = re.sub(r"(?i)^mailto:", "", found[1].strip())[:_MAX_VALUE_CHARS]
    return address if "@" in address else _param(found[0], "CN")[:_MAX_VALUE_CHARS] or address
