"""The head of a message or part: where it ends, and its fields as raw bytes (RFC 5322 section 2.2)."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from postroom_ingest.parse.limits import MAX_FIELD_BYTES, MAX_HEADER_BYTES

_FIELD = re.compile(rb"^([!-9;-~]{1,120})[ \t]*:[ \t]*([^\n]*(?:\n[ \t][^\n]*)*)", re.MULTILINE)
_FOLD = re.compile(rb"[\r\n]+")
_MBOX_LINE = re.compile(rb">?From (?![ \t]*:)[^\n]*\n")
_MOST_MBOX_LINES = 2
_BLANK = b" \t\r\n"
_TOKEN_END = re.compile(r"[;(,]")
_WINDOW = 64 * 1024


class Headers:
    """Fields by lower-case name; a value is unfolded bytes without NUL, still encoded as it was sent."""

    __slots__ = ("_fields", "_values")

    def __init__(self, fields: dict[str, list[bytes]]) -> None:
        self._fields = fields
        self._values: dict[str, bytes] = {}
        """What `value` found before: the same fields are asked for again and again."""

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def any_of(self, names: Iterable[str]) -> bool:
        """Whether one of these fields is there."""
        return not self._fields.keys().isdisjoint(names)

    def value(self, name: str) -> bytes:
        """The first value of the field that is not blank, or empty."""
        if name not in self._fields:
            return b""
        if name not in self._values:
            self._values[name] = next(filter(None, map(_unfolded, self._fields[name])), b"")
        return self._values[name]

    def values(self, name: str) -> list[bytes]:
        """All values of the field in the order of the mail, unfolded and stripped."""
        return [_unfolded(value) for value in self._fields.get(name, ())]

    def token(self, name: str) -> str:
        """The first value up to a parameter or comment, in lower case: for keyword fields."""
        value = self.value(name)
        return (
            _TOKEN_END.split(value[:200].decode("ascii", "replace").lower(), maxsplit=1)[0].strip(' \t"')
            if value
            else ""
        )


class Head(NamedTuple):
    """A head that was read: its fields, where the body begins, and what was odd."""

    headers: Headers
    body: int
    defects: tuple[str, ...]


def _unfolded(value: bytes) -> bytes:
    """A value on one line, without the NUL that no field may hold (RFC 5322 section 2.2) and few stores take."""
    value = value[:MAX_FIELD_BYTES].replace(b"\x00", b"")
    return (_FOLD.sub(b"", value) if b"\n" in value else value).strip()


def prepared(raw: bytes) -> bytes:
    """The message without what may stand before it: byte order mark, blank lines, an mbox `From ` line."""
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    if b"\n" not in (start := raw[:_WINDOW]).rstrip() and b"\r" in start:
        raw = raw.replace(b"\r", b"\n")  # some old systems end lines with a bare CR
    elif start.endswith(b"\r\r", 0, start.find(b"\n")):
        raw = raw.replace(b"\r\r\n", b"\r\n")  # line ends that were converted twice
    start_of_head = _first_line(raw, 0)
    for _ in range(_MOST_MBOX_LINES):
        mbox_line = _MBOX_LINE.match(raw, start_of_head)
        if mbox_line is None:
            break
        start_of_head = _first_line(raw, mbox_line.end())
    return raw[start_of_head:] if start_of_head else raw


def _first_line(raw: bytes, start: int) -> int:
    """Where the first line that is not blank begins, from `start` on."""
    if raw[start : start + 1] not in _BLANK:
        return start
    text = len(raw) - len(raw[start:].lstrip(_BLANK))
    return raw.rfind(b"\n", start, text) + 1 or start


def _blank_line(raw: bytes, start: int, end: int) -> tuple[int, int]:
    """Where the head ends and where the body begins."""
    for first in (b"\n", b"\r\n"):
        if raw.startswith(first, start, end):
            return start, start + len(first)
    for stop in (min(end, start + _WINDOW), end):
        crlf = raw.find(b"\n\r\n", start, stop)
        lf = raw.find(b"\n\n", start, crlf + 1 if crlf >= 0 else stop)
        if lf >= 0:
            return lf + 1, lf + 2
        if crlf >= 0:
            return crlf + 1, crlf + 3
    return end, end


def read_head(raw: bytes, start: int = 0, end: int | None = None) -> Head:
    """Read the head that begins at `start`; the region ends before `end`.

    A line that is no field ends the head when no field follows, so that text is never lost for want of a
    blank line, or when the line before has but white space; in the midst of fields it is passed over, since the
    fields behind it are worth more.
    """
    end = len(raw) if end is None else end
    head_end, body = _blank_line(raw, start, end)
    defects: list[str] = []
    stop = min(head_end, start + MAX_HEADER_BYTES)
    if stop < head_end:
        defects.append("headers-cut")
    fields: dict[str, list[bytes]] = {}
    expected = start
    for match in _FIELD.finditer(raw, start, stop):
        if match.start() != expected:
            if expected == start:
                break  # the very first line is no field: this is text without a head
            if not raw[raw.rfind(b"\n", start, expected - 1) + 1 : expected].strip():
                break  # a line of white space, then no field: it was meant to be the blank line
            defects.append("junk-in-headers")
        expected = match.end() + 1
        fields.setdefault(match[1].lower().decode("ascii"), []).append(match[2])
    if expected < stop == head_end:
        body = expected
        defects.append("no-blank-line-after-headers" if fields else "no-headers")
    return Head(Headers(fields), body, tuple(defects))
