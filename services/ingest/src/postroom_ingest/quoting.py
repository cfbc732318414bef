"""Whether somebody has seen a message: they quote lines of it. Pure.

A Message-ID can be copied from anywhere; the words of a mail are known to those who have it. Lines are kept as
checksums of 32 bits, the longest few of each message.
"""

from typing import Final
from zlib import crc32

KEPT: Final = 8
"""Lines of a message that are remembered."""
_SHORTEST: Final = 20
"""Characters (a letter of CJK counting two) of a line that is worth it: shorter ones are greetings."""
_MOST_LINES: Final = 2_000
_MARKS: Final = "> |\t"


def _plain(text: str) -> list[str]:
    lines = text.split("\n", _MOST_LINES)[:_MOST_LINES]
    plain = [_bare(line.lstrip(_MARKS)) for line in lines if len(line) >= _SHORTEST // 2]
    return [line for line in plain if len(line) >= _SHORTEST or (not line.isascii() and _weight(line) >= _SHORTEST)]


def _bare(line: str) -> str:
    """The line with single spaces."""
    if line.isascii() and "  " not in line and line.isprintable():  # most lines, and nothing to be done
        return line.rstrip(" ")
    return " ".join(line.split())


def _weight(line: str) -> int:
    return len(line) + sum(character > "⺀" for character in line)


def marks_of(own_words: str) -> frozenset[int]:
    """What is remembered of a message with these words."""
    longest = sorted(dict.fromkeys(_plain(own_words)), key=len, reverse=True)[:KEPT]
    return frozenset(crc32(line.encode("utf-8", "replace")) for line in longest)


def marks_in(text: str) -> frozenset[int]:
    """All lines of a text, to be held against what is remembered of messages."""
    return frozenset(crc32(line.encode("utf-8", "replace")) for line in _plain(text))
