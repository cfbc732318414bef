"""Lines such as `On 1 May, "John Doe" <a@b> wrote:`: who wrote the words below, and when."""

import re
from typing import Final, NamedTuple

from postroom_ingest.parse.forwards.labels import BEFORE_DATE, ROUND_NAME, WROTE, normal
from postroom_ingest.parse.forwards.lines import bare
from postroom_ingest.parse.forwards.mailboxes import read_mailboxes, without_links
from postroom_ingest.parse.model import Address

_LONGEST: Final = 400
_ADDRESS: Final = re.compile(r"[<\[(]{1,2}(?:mailto:)?([^\s<>()\[\]@]{1,64}@[^\s<>()\[\]@]{1,255})[>\])]{1,2}")
_QUOTED: Final = re.compile(r"[\"«„“]([^\"«»„“”]{1,200})[\"»”“]\s*$")
_VERB: Final = re.compile("|".join(map(re.escape, WROTE)), re.IGNORECASE)
_DIGIT: Final = re.compile(r"\d")
_TIME: Final = re.compile(r"\d[:.]\d\d")
_EDGE: Final = " \t\u00a0\ufeff,:;"


class Attribution(NamedTuple):
    """Who wrote, when, and the lines the words about it take."""

    sender: Address | None
    date: str
    start: int
    end: int


def read_attribution(lines: list[str], at: int, *, verb: bool = True) -> Attribution | None:
    """The attribution that ends in line `at`, begun there or a line above; behind a separator it may lack its verb."""
    last = bare(lines[at])
    if not last.endswith((":", "：")) or len(last) > _LONGEST:
        return None
    if _tells(last, verb=verb):
        return Attribution(*_read(last), at, at + 1)
    before = bare(lines[at - 1]) if at else ""
    if before and len(before) < _LONGEST and (_tells(both := f"{before} {last}", verb=verb)):
        return Attribution(*_read(both), at - 1, at + 1)
    return None


def _tells(line: str, *, verb: bool) -> bool:
    """Whether a line has all an attribution has: a date or time, and the verb, or an address in the verb's place."""
    if not _DIGIT.search(line):
        return False
    if _VERB.search(line):
        return True
    timed = line[:-1].rstrip().endswith((">", "]", ")")) and _TIME.search(line)
    return bool((not verb or timed) and _ADDRESS.search(line))


def _read(line: str) -> tuple[Address | None, str]:
    line = without_links(line)
    address = _ADDRESS.search(line)
    if address is None:
        return None, ""
    before, after = line[: address.start()].strip(_EDGE), line[address.end() :].strip(_EDGE)
    quoted = _QUOTED.search(before)
    if quoted:
        name, rest = quoted[1], before[: quoted.start()]
    else:
        name, rest = _name_at_end(before)
    date = _date(rest) or _date(after)
    found = read_mailboxes(f"<{address[1]}>")
    return (Address(name.strip(" \u00a0\"'"), found[0].address) if found else None), date


def _name_at_end(text: str) -> tuple[str, str]:
    """The words behind the date, and the date before them."""
    words = text.split()
    at = len(words)
    while at and not _ends_date(words[at - 1]):
        at -= 1
    return " ".join(words[at:]), " ".join(words[:at])


def _ends_date(word: str) -> bool:
    said = normal(word.rstrip(","))
    return said in ROUND_NAME or said in WROTE or bool(_DIGIT.search(word))


def _date(text: str) -> str:
    """The part of the words that tells a time."""
    words = text.split()
    while words and not _DIGIT.search(words[-1]) and normal(words[-1]) not in ("am", "pm"):
        words.pop()
    while words and (normal(words[0]) in BEFORE_DATE or (not _DIGIT.search(words[0]) and _VERB.search(words[0]))):
        words.pop(0)
    date = " ".join(words).strip(_EDGE)
    return date if _DIGIT.search(date) else ""
