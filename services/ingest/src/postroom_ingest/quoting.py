"""Whether somebody has seen a message: they quote lines of it. Pure.

A Message-ID can be copied from anywhere; the words of a mail are known to those who have it. Lines are kept as
checksums of 32 bits, the longest few of each message.
"""

import re
from typing import Final
from zlib import crc32

KEPT: Final = 8
"""Lines of a message that are remembered."""
_SHORTEST: Final = 20
"""Characters (a letter of CJK counting two) of a line that is worth it: shorter ones are greetings."""
_MOST_LINES: Final = 2_000
_MARKS: Final = re.compile(r"^[\s>|]+")
_SPACE: Final = re.compile(r"\s+")


def _plain(text: str) -> list[str]:
    lines = (_SPACE.sub(" ", _MARKS.sub("", line)).strip() for line in text.split("\n", _MOST_LINES)[:_MOST_LINES])
    return [line for line in lines if len(line) + sum(character > "⺀" for character in line) >= _SHORTEST]


def marks_of(own_words: str) -> frozenset[int]:
    """What is remembered of a message with these words."""
    longest = sorted(dict.fromkeys(_plain(own_words)), key=len, reverse=True)[:KEPT]
    return frozenset(crc32(line.encode("utf-8", "replace")) for line in longest)


def marks_in(text: str) -> frozenset[int]:
    """All lines of a text, to be held against what is remembered of messages."""
    return frozenset(crc32(line.encode("utf-8", "replace")) for line in _plain(text))
