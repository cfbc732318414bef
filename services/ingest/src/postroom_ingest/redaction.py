"""Payment card numbers, and what else is configured, taken out of what people and programs can read. Pure.

A card number is 12 to 19 digits with an issuer's prefix and a right check digit (ISO/IEC 7812, Luhn), in any script's
digits, whole or in groups. Its first six and last four digits stay (PCI DSS 3.4.1), so that people can talk about it.
"""

import html as entities
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import re2

from postroom_contracts.config import Redaction

MASK: Final = "•"
_SHOWN_FIRST: Final = 6
_SHOWN_LAST: Final = 4
_SHORTEST: Final = 12
_PREFIX: Final = 6
_DOUBLED: Final = str.maketrans("0123456789", "0246813579")
"""What a doubled digit adds to Luhn's sum: the digits of the double, added."""
_LONGEST: Final = 19
_CJK_DIGITS: Final = {
    character: str(value)
    for value, characters in enumerate(
        ("〇零", "一壹壱", "二贰貳弐", "三叁參参", "四肆", "五伍", "六陆陸", "七柒漆", "八捌", "九玖")
    )
    for character in characters
}
_DIGIT: Final = rf"[\d{''.join(_CJK_DIGITS)}]"
_SEPARATOR: Final = "[^\\S\r\n]|[-./_,*|·•‐-―−－．\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
_BREAK: Final = r"[ \t]*\r?\n[ \t>]*"
_RUN: Final = re.compile(rf"{_DIGIT}(?:(?:{_BREAK}|(?:{_SEPARATOR}){{0,6}}){_DIGIT}){{{_SHORTEST - 1},}}")
# What may hold a run of digits, in UTF-8: one quick pass over a text or its HTML, in which tags and entities part no
# digits. All that the run above and `_visible` know is in here, and more; \p{Nd} are the digits that \d means.
_MAY_BE_DIGIT: Final = rf"[\p{{Nd}}{''.join(_CJK_DIGITS)}]"
_MAY_PART: Final = (
    r"[\p{Z}\x09-\x0d\x1c-\x1f\x{85}>\-./_,*|·•‐-―−－．\x{ad}\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}-\x{2069}\x{feff}]"
    r"|<[^<>]*>|&[a-zA-Z]{1,9};"
)
_MAY_HOLD_CARD: Final = re2.compile(
    rf"{_MAY_BE_DIGIT}(?:(?:{_MAY_PART})*{_MAY_BE_DIGIT}){{{_SHORTEST - 1}}}|&#|&[a-zA-Z]+[0-9]"
)
_GROUP: Final = re.compile("[0-9]+")
_USUAL_GROUPS: Final = re.compile(r"(?:4,){2,3}[1-4],(?:[1-3],)?|4,6,[45],")
"""How cards are embossed, as lengths of groups; only such numbers are believed over a line's end."""

# Prefixes of issuers with the lengths they use; longer prefixes are written as ranges of six digits.
_ISSUERS: Final[tuple[tuple[int, int, frozenset[int]], ...]] = tuple(
    (int(first.ljust(6, "0")), int(last.ljust(6, "9")), frozenset(lengths))
    for first, last, lengths in (
        ("4", "4", (13, 16, 19)),  # Visa
        ("51", "55", (16,)),  # Mastercard
        ("2221", "2720", (16,)),
        ("34", "34", (15,)),  # American Express
        ("37", "37", (15,)),
        ("300", "305", range(14, 20)),  # Diners Club
        ("3095", "3095", range(14, 20)),
        ("36", "36", range(14, 20)),
        ("38", "39", range(14, 20)),
        ("3528", "3589", range(16, 20)),  # JCB
        ("2200", "2204", range(16, 20)),  # Mir
        ("50", "50", range(12, 20)),  # Maestro, Verve, Iranian banks
        ("56", "69", range(12, 20)),  # Maestro, Discover, UnionPay, RuPay, Iranian banks
        ("81", "82", (16,)),  # RuPay, UnionPay
        ("9792", "9792", (16,)),  # Troy
    )
)


class Edit(NamedTuple):
    """What stands from `start` to `end` of a text becomes `shown`."""

    start: int
    end: int
    shown: str


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text that is safe to keep, and how many things were taken out of it."""

    text: str
    found: int


def is_card(digits: str) -> bool:
    """Whether ASCII `digits` are a card number."""
    return len(digits) in _lengths(digits[:_PREFIX]) and _luhn(digits)


@lru_cache(maxsize=4096)
def _lengths(prefix: str) -> frozenset[int]:
    """How long the card numbers are that begin so."""
    number = int(prefix) if len(prefix) == _PREFIX else -1
    return frozenset(one for first, last, lengths in _ISSUERS if first <= number <= last for one in lengths)


def _luhn(digits: str) -> bool:
    total = sum(map(int, digits[-1::-2])) + sum(map(int, digits[-2::-2].translate(_DOUBLED)))
    return total % 10 == 0


def _ascii(character: str) -> str:
    if character.isdigit():
        return str(unicodedata.digit(character))
    return _CJK_DIGITS.get(character, character)


def _may_hold_card(text: str) -> bool:
    """Whether a text, or HTML, may hold a card number: False is certain, and most mail stops here."""
    return len(text) >= _SHORTEST and _MAY_HOLD_CARD.search(text.encode("utf-8", "replace")) is not None


def _cards(text: str) -> Iterator[list[int]]:
    """The positions of the digits of each card number."""
    for match in _RUN.finditer(text):
        run = match[0] if match[0].isascii() else "".join(map(_ascii, match[0]))
        groups = [group.span() for group in _GROUP.finditer(run)]
        telephone = text[max(0, match.start() - 4) : match.start()].rstrip("( ").endswith("+")
        at = int(telephone)
        while at < len(groups):
            taken = _card_from(run, groups[at : at + _LONGEST])
            if taken:
                yield [match.start() + n for start, end in groups[at : at + taken] for n in range(start, end)]
            at += max(taken, 1)


def _card_from(run: str, groups: list[tuple[int, int]]) -> int:
    """How many of `groups`, from the first on, are a card number, at most; 0 for none."""
    digits, best = "", 0
    for taken, (begin, end) in enumerate(groups, 1):
        digits += run[begin:end]
        if len(digits) > _LONGEST:
            break
        if (
            len(digits) >= _SHORTEST
            and is_card(digits)
            and ("\n" not in run[groups[0][0] : end] or _usual(groups[:taken]))
        ):
            best = taken
        elif len(digits) >= _PREFIX and not _lengths(digits[:_PREFIX]):
            break
    return best


def _usual(groups: list[tuple[int, int]]) -> bool:
    return _USUAL_GROUPS.fullmatch("".join(f"{end - begin}," for begin, end in groups)) is not None


class Redactor:
    """Takes card numbers, and whatever matches the configured patterns, out of texts."""

    def __init__(self, patterns: Mapping[str, Redaction] | None = None) -> None:
        self._patterns = [(re2.compile(one.pattern), one.shown_as) for one in (patterns or {}).values()]

    def leaves(self, text: str) -> bool:
        """Whether it surely changes nothing in `text`, be that plain or HTML; texts may be joined by NUL."""
        return not self._patterns and not _may_hold_card(text)

    def _edits(self, text: str) -> tuple[list[Edit], int]:
        edits: list[Edit] = []
        found = 0
        for positions in _cards(text):
            found += 1
            edits += [Edit(at, at + 1, MASK) for at in positions[_SHOWN_FIRST : len(positions) - _SHOWN_LAST]]
        for pattern, shown in self._patterns:
            for match in pattern.finditer(text):
                if match.end() > match.start():
                    found += 1
                    edits.append(Edit(match.start(), match.end(), shown))
        return _without_overlaps(edits), found

    def text(self, text: str) -> Redacted:
        """A plain text, redacted."""
        if self.leaves(text):
            return Redacted(text, 0)
        edits, found = self._edits(text)
        return Redacted(_applied(text, edits), found)

    def html(self, source: str) -> Redacted:
        """Sanitised HTML, redacted: what a reader sees, across tags and entities, and the attributes of tags."""
        if self.leaves(source):
            return Redacted(source, 0)
        visible, sources = _visible(source)
        edits, found = self._edits(visible)
        outside: list[Edit] = []
        for edit in edits:
            outside.append(Edit(*sources[edit.start], entities.escape(edit.shown)))
            outside += [Edit(*sources[at], "") for at in range(edit.start + 1, edit.end)]
        tags = () if self.leaves("\x00".join(_TAG.findall(source))) else _TAG.finditer(source)
        for tag in tags:
            for value in _VALUE.finditer(source, tag.start(), tag.end()):
                inner, more = self._edits(value[1])
                found += more
                outside += [Edit(value.start(1) + a, value.start(1) + b, entities.escape(c)) for a, b, c in inner]
        return Redacted(_applied(source, sorted(outside)), found)


_TAG = re.compile(r"<[^<>]*>")
_VALUE = re.compile(r'="([^"]*)"')
_PIECE = re.compile(r"<(/?)([a-zA-Z0-9]*)[^<>]*>|&[#a-zA-Z0-9]{1,10};|[^<&]+|[<&]")
_INLINE: Final = re.compile(
    r"a|abbr|b|bdi|bdo|big|cite|code|del|dfn|em|font|i|img|ins|kbd|mark|q|s|samp|small|span|strike|strong|su[bp]|tt|u|var|wbr"
)
_CELLS: Final = frozenset({"td", "th"})


def _visible(source: str) -> tuple[str, "_Sources"]:
    """The characters a reader of HTML sees, and where each comes from. Tags that end a line are a line break."""
    sources = _Sources()
    parts: list[str] = []
    for piece in _PIECE.finditer(source):
        if piece[2] is not None:
            if not _INLINE.fullmatch(tag := piece[2].lower()):
                parts.append(" " if tag in _CELLS else "\n")
                sources.add(piece.end(), piece.end(), 1)
        elif piece[0][0] == "&" and len(piece[0]) > 1:
            character = entities.unescape(piece[0])
            parts.append(character)
            sources.add(piece.start(), piece.end(), len(character))
        else:
            parts.append(piece[0])
            sources.add_plain(piece.start(), len(piece[0]))
    return "".join(parts), sources


class _Sources:
    """Where the characters of the visible text stand in the source, kept by stretches."""

    def __init__(self) -> None:
        self._begins: list[int] = []
        self._stretches: list[tuple[int, int, bool]] = []
        self._length = 0

    def add_plain(self, start: int, length: int) -> None:
        self._begins.append(self._length)
        self._stretches.append((start, start + length, True))
        self._length += length

    def add(self, start: int, end: int, length: int) -> None:
        self._begins.append(self._length)
        self._stretches.append((start, end, False))
        self._length += length

    def __getitem__(self, position: int) -> tuple[int, int]:
        index = bisect_right(self._begins, position) - 1
        start, end, plain = self._stretches[index]
        if plain:
            start += position - self._begins[index]
            return start, start + 1
        return (start, end) if position == self._begins[index] else (end, end)


def _without_overlaps(edits: list[Edit]) -> list[Edit]:
    kept: list[Edit] = []
    for edit in sorted(edits, key=lambda one: (one.start, -one.end)):
        if not kept or edit.start >= kept[-1].end:
            kept.append(edit)
    return kept


def _applied(text: str, edits: Iterable[Edit]) -> str:
    pieces: list[str] = []
    at = 0
    for start, end, shown in edits:
        pieces += (text[at:start], shown)
        at = end
    return "".join(pieces) + text[at:] if pieces else text
