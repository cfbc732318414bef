"""Where a signature begins at the end of somebody's words."""

import re
from typing import Final

from postroom_ingest.parse.trim.lines import has_mailbox, is_ruler, seen
from postroom_ingest.parse.trim.phrases import EXCUSES, OF_A_PARCEL, SENT_FROM, SIGN_OFFS

_SEARCHED: Final = 40
"""Lines from the end in which a signature may begin."""
_DASHES: Final = frozenset({"--", "—", "––", "——", "--=20", "- -"})
_RULED: Final = "-_–—─━―"
_LINK = re.compile(r"\[([^\]\[]{0,100})\]\([^()\s]{0,300}\)|<?<?https?://\S{1,300}")
_PHONE = re.compile(r"\d[\d ()./-]{5,}\d")
_WEB = re.compile(r"https?://|www\.|\.com\b", re.IGNORECASE)
_NAMED = re.compile(r"-- ?\w[\w.'-]*(?: \w[\w.'-]*){0,2}")
_MOST_WORDS: Final = 12
_FEWEST_OF_CARD: Final = 2
_MOST_OF_CARD: Final = 12
"""Lines of a name and contact details under a sign-off."""
_SENTENCE_END: Final = ".?!:;,。？！"


def signature_start(lines: list[str]) -> int:
    """The index at which the signature begins in one run of own words; `len(lines)` where there is none.

    Only the end of the run is looked at: a line with `Sent from ...` inside a text is text.
    """
    start = len(lines)
    while True:
        shorter = _without_last(lines, start)
        if shorter == start:
            return start
        start = shorter


def _without_last(lines: list[str], end: int) -> int:
    """`end` moved up by one signature, one line of a device, or one ruler."""
    last = _last_line(lines, end)
    if last < 0:
        return end
    line = lines[last].strip()
    if is_ruler(line) or is_device_line(line):
        return last
    if _NAMED.fullmatch(line) and last > 0 and not lines[last - 1].strip():
        return last
    return _block_start(lines, last)


def _last_line(lines: list[str], end: int) -> int:
    last = end - 1
    while last >= 0 and not lines[last].strip():
        last -= 1
    return last


def _block_start(lines: list[str], last: int) -> int:
    """The separator or sign-off above a block of contact details that ends in `lines[last]`, or `last + 1`."""
    below: list[str] = []
    for index in range(last, max(last - _SEARCHED, -1), -1):
        raw = lines[index]
        line = raw.strip()
        if not line:
            continue
        if line in _DASHES and (raw == "-- " or len(below) <= 15):
            return index
        if _FEWEST_OF_CARD <= len(below) <= _MOST_OF_CARD and _is_sign_off(line) and _is_card(below):
            return index
        if line[0] in _RULED and len(line) > 1 and is_ruler(line):
            return index if _is_details(below) and not _underlines(lines, index) else last + 1
        below.append(line)
    return last + 1


def _underlines(lines: list[str], index: int) -> bool:
    """Whether the ruler underlines a heading rather than parts a signature from the text."""
    above = lines[index - 1].strip() if index else ""
    return bool(above) and len(above) <= 60 and above[-1] not in _SENTENCE_END and len(lines[index].strip()) > 4


def _is_details(below: list[str]) -> bool:
    """Whether the lines under a ruler are a name card or a list's footer rather than more text."""
    if len(below) > 15 or any(len(line) > 100 or line.endswith("?") for line in below):
        return False
    if any(_is_contact(line) for line in below):
        return True
    return len(below) <= 3 and all(len(line) <= 40 and line[-1] not in _SENTENCE_END for line in below)


def _is_card(below: list[str]) -> bool:
    """Whether the lines under a sign-off are a name (the last of `below` is the topmost) and contact details."""
    if not any(_is_contact(line) for line in below[:-1]):
        return False
    name = below[-1]
    if len(name.split()) > 5 or not name[0].isupper() or name[-1] in "?!:" or _is_contact(name):
        return False
    return all(len(line) <= 90 and not line.endswith("?") for line in below)


def _is_sign_off(line: str) -> bool:
    return len(line) <= 50 and SIGN_OFFS.fullmatch(line.rstrip(" ,.!-")) is not None


def _is_contact(line: str) -> bool:
    return has_mailbox(line) or _PHONE.search(line) is not None or _WEB.search(line) is not None


def is_device_line(line: str) -> bool:
    """Whether a stripped line is what a phone or a mail program adds: `Sent from my iPhone`."""
    if len(line) > 300:
        return False
    shown = _LINK.sub(r"\1", line) if "[" in line or "http" in line else line
    text = seen(shown).strip("<>()[]*_~ .-").lower()
    if not SENT_FROM.match(text) or OF_A_PARCEL.search(text):
        return False
    head, stop, tail = _first_clause(text)
    return len(head.split()) <= _MOST_WORDS and (not stop or not tail or EXCUSES.search(tail) is not None)


def _first_clause(text: str) -> tuple[str, str, str]:
    for index, character in enumerate(text):
        if character in ",;。，" or (character in ".!" and text[index + 1 : index + 2] in (" ", "")):
            return text[:index], character, text[index + 1 :].strip()
    return text, "", ""
