"""Where in a text a forwarded mail begins, and which of the signs say so."""

import re
from dataclasses import dataclass
from typing import Final

from postroom_ingest.parse.forwards.attribution import Attribution, read_attribution
from postroom_ingest.parse.forwards.fields import Block, read_block, read_one_line, skip_blank
from postroom_ingest.parse.forwards.labels import FINNISH_OR_ESTONIAN, FORWARD_WORDS, LABELS, MARKUP, normal
from postroom_ingest.parse.forwards.lines import (
    LONGEST_LABEL,
    RULES,
    Separator,
    bare,
    depth,
    is_phrase,
    read_label,
    read_separator,
)
from postroom_ingest.parse.forwards.subjects import Prefixed

_MOST_TRIES: Final = 200
"""Lines that look like the head of a forward but are none, before the search gives up."""
_MOST_LINES: Final = 10_000
"""Nobody writes more above what they forward."""
_MOST_COLONS: Final = 1_000
_MOST_WRAPPED: Final = 6
_FEWEST_FIELDS: Final = 3
_BEGINS_A_BLOCK: Final = ("from", "date")


_OPENERS: Final = FORWARD_WORDS | {word for word, means in LABELS.items() if means in _BEGINS_A_BLOCK}
_ROUND_LABEL: Final = "> " + MARKUP
_ASCII_RULES: Final = tuple(rule for rule in RULES if rule.isascii())
_RAW_FIELD: Final = re.compile(r"(?:[A-Za-z]+-[A-Za-z-]+|Received|DomainKey\w*):")
"""The head of a raw message, as bounces return it, and no client prints in a forward."""


@dataclass(frozen=True, slots=True)
class Found:
    """A forward's place: what was written above ends before line `start`, its words begin in line `body`."""

    start: int
    body: int
    block: Block | None = None
    attribution: Attribution | None = None


@dataclass(slots=True)
class _Search:
    lines: list[str]
    subject: Prefixed
    tries: int = 0
    colons: int = 0
    answered: bool = False
    """What follows is a reply's quotation, not forwarded."""


def may_hold_forward(text: str) -> bool:
    """A cheap first look at text with LF line ends: False for most mails without a forward, for none that has one."""
    in_ascii = text.isascii()
    if any(rule in text for rule in (_ASCII_RULES if in_ascii else RULES)):
        return True
    for colon in (":",) if in_ascii else (":", "："):
        at = text.find(colon)
        while at >= 0:
            if not text.startswith("//", at + 1) and not text[at - 1 : at].isdigit():  # no link, no time
                start = text.rfind("\n", max(0, at - LONGEST_LABEL), at)
                if (start >= 0 or at < LONGEST_LABEL) and _opens(text[start + 1 : at]):
                    return True
            at = text.find(colon, at + 1)
    return False


def _opens(words: str) -> bool:
    said = words.strip(_ROUND_LABEL)
    return (said.casefold() if said.isascii() and "  " not in said else normal(said)) in _OPENERS


def find_forward(lines: list[str], subject: Prefixed) -> Found | None:
    """The first forward in the lines, judged with what the subject says."""
    search = _Search(lines, subject)
    for at, line in enumerate(lines[:_MOST_LINES]):
        one = bare(line)
        if not one:
            continue
        if subject.kind == "reply" and depth(line):
            return None
        found = _at(search, at, one)
        if found:
            return found
        if search.answered or search.tries > _MOST_TRIES:
            return None
    return None


def _at(search: _Search, at: int, line: str) -> Found | None:
    label = read_label(line)
    separator = None if label else read_separator(line)
    if separator and separator.says != "nothing":
        return _behind_separator(search, at, separator)
    if is_phrase(line):
        search.tries += 1
        block = read_block(search.lines, at + 1)
        return Found(at, block.end, block) if block and block.size > 1 else None
    if label and label.field in _BEGINS_A_BLOCK:
        search.tries += 1
        block = read_block(search.lines, at)
        if block and _tells_forward(search, block) and not _raw_head(search, at, block):
            return Found(_rule_above(search.lines, at), block.end, block)
    return _below_attribution(search, at)


def _behind_separator(search: _Search, at: int, separator: Separator) -> Found | None:
    search.tries += 1
    block = read_block(search.lines, at + 1)
    if separator.says != "forward":
        told = block is not None and _tells_forward(search, block)
        return Found(at, block.end, block) if block and told else None
    if one_line := _in_one_line(search.lines, at, separator.rest):
        return Found(at, one_line.end, one_line)
    if block:
        return Found(at, block.end, block)
    below = skip_blank(search.lines, at + 1)  # Yandex: an attribution in place of the fields
    for one in range(below, min(below + 2, len(search.lines))):
        if attribution := read_attribution(search.lines, one, verb=False):
            return Found(at, attribution.end, attribution=attribution)
    return Found(at, at + 1)


def _in_one_line(lines: list[str], at: int, rest: str) -> Block | None:
    """Fields without line ends between them, behind the separator or below it, perhaps wrapped since."""
    first = at if rest else skip_blank(lines, at + 1)
    text = rest
    for end in range(first + 1, min(first + _MOST_WRAPPED, len(lines)) + 1):
        text = rest if end == at + 1 else f"{text} {bare(lines[end - 1])}".lstrip()
        block = read_one_line(text)
        if block is None:
            return None
        if "subject" in block.values:
            return block._replace(end=end)
    return None


def _tells_forward(search: _Search, block: Block) -> bool:
    """Fields alone head a reply's quotation too: only the subject tells, or its silence and a full head."""
    kind = search.subject.kind
    if kind == "forward":
        return block.size > 1 and not (search.subject.prefix == "vs" and block.sender_label in FINNISH_OR_ESTONIAN)
    if kind == "reply":
        search.answered = search.answered or block.size >= _FEWEST_FIELDS
        return False
    return block.size >= _FEWEST_FIELDS and "date" in block.values


def _raw_head(search: _Search, at: int, block: Block) -> bool:
    """Whether the fields are part of a raw head, which machines quote: it goes on above or below them."""
    if search.subject.kind == "forward":
        return False
    above = bare(search.lines[at - 1]) if at else ""
    below = bare(search.lines[block.end]) if block.end < len(search.lines) else ""
    return bool(_RAW_FIELD.match(below)) or not (above == "" or read_separator(above))


def _rule_above(lines: list[str], at: int) -> int:
    """The line of a rule that stands right above the fields, as Outlook on the web draws it; else `at`."""
    above = at - 1
    while above >= 0 and above >= at - 2 and not bare(lines[above]):
        above -= 1
    if above >= 0 and (separator := read_separator(bare(lines[above]))) and separator.says == "nothing":
        return above
    return at


def _below_attribution(search: _Search, at: int) -> Found | None:
    """Old Outlook writes a forward like a reply; elsewhere an attribution ends the search."""
    search.colons += bare(search.lines[at]).endswith((":", "："))
    attribution = read_attribution(search.lines, at) if search.colons < _MOST_COLONS else None
    if attribution is None:
        return None
    if search.subject.kind != "forward":
        search.answered = True
        return None
    return Found(attribution.start, attribution.end, attribution=attribution) if attribution.sender else None
