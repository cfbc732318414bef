"""Whether two contacts of one customer may be about the same matter: a guess for an agent to look at, never acted on.

A contact's matter is the set of its telling words: the beginnings of words (so that their endings do not count), pairs
of characters where a script has no spaces, and numbers of three digits and more. They are kept as 32-bit hashes: they
are there to be compared, not read.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import islice
from zlib import crc32

from postroom_ingest import common_words
from postroom_plumbing.spelling import SPELLINGS

MOST = 64
"""Telling words kept of a contact; those of the subject come first."""
CHARS = 400
"""How much of a text is looked at."""
STEM = 5
ENOUGH = 0.4
FEWEST = 3

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_CJK}]+|\d+|[^\W\d_{_CJK}]+")
_WESTERN_TOKEN = re.compile(r"[^\W\d_]{3,}|\d{3,}")
_FIRST_CJK = "\u3040"
_NUMBER_DIGITS = 3
_WORD_CHARS = 3
_SPELLINGS = SPELLINGS | str.maketrans(
    {"أ": "ا", "إ": "ا", "آ": "ا", "ۀ": "ه"}
    | {letter: str(at % 10) for at, letter in enumerate("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩")}
)
_COMMON = frozenset(word.translate(_SPELLINGS)[:STEM] for word in common_words.WORDS.split())
_COMMON_PAIRS = frozenset(common_words.PAIRS.split())


def matter(subject: str, text: str) -> frozenset[int]:
    """What a contact is about; `text` is what its sender wrote in it, without quotation."""
    begin = f"{subject[:CHARS]}\n{text[:CHARS]}"
    found = dict.fromkeys(_tokens(begin))
    return frozenset(crc32(token.encode()) for token in islice(found, MOST))


def likeness(one: frozenset[int], other: frozenset[int]) -> float:
    """How much of the shorter of two is in the longer, from 0 to 1; 0 where that is too little to say."""
    shared = len(one & other)
    return shared / min(len(one), len(other)) if shared >= FEWEST else 0.0


def alike(one: frozenset[int], other: frozenset[int]) -> bool:
    """Whether they may be about the same matter."""
    return likeness(one, other) >= ENOUGH


def _tokens(text: str) -> Iterable[str]:
    if text.isascii():
        return _western(text.lower())
    if _is_western(text):
        return _western(unicodedata.normalize("NFKC", text).casefold())
    return _any_script(text)


def _is_western(text: str) -> bool:
    """Whether all of it is in Latin-1: most mail, and several times as fast."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def _western(text: str) -> list[str]:
    tokens = [token if token[0] <= "9" else token[:STEM] for token in _WESTERN_TOKEN.findall(text)]
    return [token for token in tokens if token[:STEM] not in _COMMON]


def _any_script(text: str) -> Iterator[str]:
    text = unicodedata.normalize("NFKC", text).casefold().translate(_SPELLINGS)
    for token in _TOKEN.findall(text):
        if token[0] >= _FIRST_CJK and _is_cjk(token[0]):
            yield from _pairs(token)
        elif token[0].isdigit():
            if len(token) >= _NUMBER_DIGITS:
                yield token
        elif len(token) >= _WORD_CHARS and (stem := token[:STEM]) not in _COMMON:
            yield stem


def _is_cjk(letter: str) -> bool:
    return (
        "\u3040" <= letter <= "\u30ff"
        or "\u3400" <= letter <= "\u9fff"
        or "\uac00" <= letter <= "\ud7af"
        or "\uf900" <= letter <= "\ufaff"
    )


def _pairs(run: str) -> Iterator[str]:
    if len(run) == 1:
        yield run
    for at in range(len(run) - 1):
        if (pair := run[at : at + 2]) not in _COMMON_PAIRS:
            yield pair
