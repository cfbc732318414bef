"""Header blocks (`From: / Sent: / To: / Subject:`) and markers (`-----Original Message-----`) above a quoted mail."""

from typing import Final

import re2

from postroom_ingest.parse.trim.lines import has_date, has_mailbox, is_quoted, is_ruler, seen
from postroom_ingest.parse.trim.phrases import ABOVE_WORDS, HEADER_NAMES, ORIGINAL, REPLY_ABOVE, Kind

_LONGEST_NAME: Final = 24
_LONGEST_MARKER: Final = 120
_LONGEST_LINE: Final = 2_000
_LINES_OF_BLOCK: Final = 16
_LINES_OF_NOTES: Final = 12
_TO_IN_NOTES: Final = frozenset({"To", "An", "A", "À", "Para", "Aan", "Till", "Til", "Pour", "宛先", "收件人"})
_ABOVE_WORD: Final = re2.compile(f"(?i){'|'.join(ABOVE_WORDS)}")
_DECORATION: Final = " -‐_=*#>—–─━~+|[]()「」【】:：."


def header_kind(line: str) -> Kind | None:
    """Which header field a stripped line is, in any language; None for other lines."""
    head = line[: _LONGEST_NAME + 10]
    end = head.find(":")
    if not head.isascii() and (wide := head.find("：", 0, end if end >= 0 else None)) >= 0:
        end = wide
    if end < 0:
        return None
    head = head[:end]
    kind = HEADER_NAMES.get(head.casefold())
    if kind is None and len(head) <= _LONGEST_NAME + 8:
        kind = HEADER_NAMES.get(seen(head).strip("*_| ").casefold())
    return kind


def is_header_block(lines: list[str], start: int) -> bool:
    """Whether the head of a quoted mail begins in `lines[start]`, itself a header line.

    A sender or a sending date is asked for, and a mailbox or a subject: a traveller's `From: / To: / Date:` is none.
    """
    if _is_lone_sender(lines, start):
        return True
    kinds: set[Kind] = set()
    mailbox = False
    blank = False
    others = 0
    for line in lines[start : start + _LINES_OF_BLOCK]:
        stripped = line.strip()
        if not stripped:
            if blank:
                break
            blank = True
            continue
        kind = header_kind(stripped)
        if kind is None or (kind == "from" and _is_a_time(stripped)):
            others += 1
            if blank or others > 4:
                break
        else:
            blank = False
            kinds.add(kind)
            mailbox = mailbox or (kind == "from" and has_mailbox(stripped[:_LONGEST_LINE]))
    return _is_a_head(kinds, mailbox)


def _is_a_time(line: str) -> bool:
    """Whether a sender's line tells when something begins: `From: 10:00`, `Von: 5.5.2026`."""
    value = line.replace("：", ":").partition(":")[2]
    return any(map(str.isdigit, value)) and not any(map(str.isalpha, value))


def _is_lone_sender(lines: list[str], start: int) -> bool:
    """Whether `From: Ada <ada@example.org>` stands in a paragraph of its own."""
    line = lines[start].strip()
    if len(line) > _LONGEST_MARKER or line[-1] not in ">]" or header_kind(line) != "from" or not has_mailbox(line):
        return False
    above = lines[start - 1].strip() if start else ""
    return (not above or is_ruler(above)) and not "".join(lines[start + 1 : start + 2]).strip()


def _is_a_head(kinds: set[Kind], mailbox: bool) -> bool:
    if "from" in kinds:
        return len(kinds) >= 2 and (mailbox or "subject" in kinds or "sent" in kinds)
    return "subject" in kinds and "to" in kinds and ("sent" in kinds or "date" in kinds)


def notes_head_at(lines: list[str], index: int) -> int | None:
    """Where the head of an older mail in Lotus Notes begins, whose `To` without a colon is `lines[index]`.

    Notes puts the sender and the date above it, and below it the labels `cc` and `Subject` on lines of their own.
    """
    if lines[index].strip() not in _TO_IN_NOTES:
        return None
    below = (line.strip() for line in lines[index + 1 : index + _LINES_OF_NOTES])
    if not any(HEADER_NAMES.get(line.casefold()) == "subject" for line in below):
        return None
    above = [at for at in range(max(index - _LINES_OF_NOTES, 0), index) if lines[at].strip()][-2:]
    if not above or not any(has_date(lines[at]) for at in above):
        return None
    return above[-1] if has_mailbox(lines[above[-1]]) else above[0]


def is_marker(line: str) -> bool:
    """Whether a stripped line announces an older mail: `-----Original Message-----`, `Begin forwarded message:`."""
    if len(line) > _LONGEST_MARKER:
        return False
    bare = seen(line).strip(_DECORATION).casefold()
    return bare in ORIGINAL and (bare != seen(line).casefold() or bare.startswith("begin "))


def is_bare_marker(line: str) -> bool:
    """Whether a stripped line has the words of a marker without its dashes."""
    return len(line) <= _LONGEST_MARKER and seen(line).strip(_DECORATION).casefold() in ORIGINAL


def _is_dashed_title(line: str) -> bool:
    """Whether a stripped line is words between dashes: above a head, a marker in whatever language."""
    return len(line) <= _LONGEST_MARKER and line.strip("*")[:3] == line.strip("*")[-3:] == "---"


def may_say_reply_above(text: str) -> bool:
    """Whether `is_reply_above` may hold for a line of `text`: most texts are spared that search."""
    return _ABOVE_WORD.search(text.encode("utf-8", "replace")) is not None


def is_reply_above(line: str) -> bool:
    """Whether a stripped line is a helpdesk's `Please type your reply above this line`."""
    return len(line) <= _LONGEST_MARKER and may_say_reply_above(line) and REPLY_ABOVE.search(line) is not None


def with_rulers_above(lines: list[str], start: int) -> int:
    """The first line of what stands right above a head and belongs to it: a ruler, a marker without dashes."""
    first = start
    for index in range(start - 1, max(start - 5, -1), -1):
        line = lines[index].strip()
        if not line:
            continue
        if is_quoted(line) or not (is_ruler(line) or _is_dashed_title(line) or is_bare_marker(line)):
            break
        first = index
    return first
