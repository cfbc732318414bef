"""Which lines of a mail are older mail: each line gets a mark, and an older mail without `>` ends the text."""

from dataclasses import dataclass
from typing import Final, Literal

from postroom_ingest.parse.trim.attributions import attribution_at, may_end_attribution
from postroom_ingest.parse.trim.headers import (
    header_kind,
    is_header_block,
    is_marker,
    is_reply_above,
    may_say_reply_above,
    notes_head_at,
    with_rulers_above,
)
from postroom_ingest.parse.trim.lines import is_quoted

Mark = Literal["blank", "own", "quoted", "attribution"]

_LONGEST_TO: Final = 4
_MARKER_STARTS: Final = "-‐_*#=>+—–─━~[(「【|"


@dataclass(frozen=True, slots=True)
class Marked:
    """A mark for each line above `end`; from `end` on, all is older mail (or a helpdesk's marker and what follows)."""

    marks: list[Mark]
    end: int


def mark_lines(lines: list[str], in_blockquote: frozenset[int] = frozenset()) -> Marked:
    """The marks of `lines`; those of `in_blockquote` count as quoted once an attribution has been seen."""
    marks: list[Mark] = []
    attributed = False
    above = may_say_reply_above("\n".join(lines))
    for index, line in enumerate(lines):
        stripped = line.strip()
        if not stripped:
            marks.append("blank")
        elif is_quoted(stripped) or (attributed and index in in_blockquote):
            marks.append("quoted")
        elif (start := _older_mail_at(lines, index, stripped)) is not None or (above and is_reply_above(stripped)):
            start = index if start is None else start
            return Marked(marks[:start], start)
        elif not may_end_attribution(stripped):
            marks.append("own")
        else:
            before_quote = _quote_follows(lines, index, in_blockquote)
            start = attribution_at(lines, index, before_quote)
            if start is None or "quoted" in marks[start:]:
                marks.append("own")
            elif before_quote:
                attributed = True
                marks[start:] = ["attribution"] * (index + 1 - start)
            else:
                start = with_rulers_above(lines, start)
                return Marked(marks[:start], start)
    return Marked(marks, len(lines))


def _older_mail_at(lines: list[str], index: int, stripped: str) -> int | None:
    """Where the older mail begins whose head or marker `lines[index]` is; None where it is neither."""
    colon = ":" in stripped or "：" in stripped
    if colon and header_kind(stripped) is not None and _begins_block(lines, index) and is_header_block(lines, index):
        return with_rulers_above(lines, index)
    if (stripped[0] in _MARKER_STARTS or (colon and stripped[-1] in ":：")) and is_marker(stripped):
        return with_rulers_above(lines, index)
    return notes_head_at(lines, index) if len(stripped) <= _LONGEST_TO else None


def _begins_block(lines: list[str], index: int) -> bool:
    """Whether no header line stands right above: a block is judged once, at its top."""
    above = lines[index - 1].strip() if index else ""
    return not above or header_kind(above) is None


def _quote_follows(lines: list[str], index: int, in_blockquote: frozenset[int]) -> bool:
    for below in range(index + 1, min(index + 8, len(lines))):
        if lines[below].strip():
            return below in in_blockquote or is_quoted(lines[below])
    return False
