"""Attribution lines: `On 3 May, Ada <ada@example.org> wrote:` in its many languages, wrapped or not."""

import re
from typing import Final

from postroom_ingest.parse.trim.lines import has_date, has_mailbox, has_time, is_quoted, seen
from postroom_ingest.parse.trim.phrases import (
    FIRST_PERSON,
    OPENERS,
    QUOTING,
    WROTE,
    WROTE_BEFORE_NAME,
    WROTE_GLUED,
    WROTE_OF_THINGS,
)

_LONGEST_LINE: Final = 400
_LINES_ABOVE: Final = 4
"""How far an attribution may be wrapped above the line it ends in."""
_DATE_CHARS: Final = 40
_TRIMMED_END: Final = " :：.-‐*>–—~_…"
_START: Final = " -‐*>–—~_•"
_MAILBOX_AT_END = re.compile(r"[^\s<>@]@[^\s<>@]+?[>\])]*\s*$")
_EVIDENCE = re.compile(r"[\d@]| via ", re.IGNORECASE)
_POSTED_BY = re.compile(r"posted by .+ on \d\d/\d\d/\d{4}$", re.IGNORECASE)
_DATED_START = re.compile(r"[^\d<@]{0,25}\d")
_ISO_START = re.compile(r"20\d\d[-/.]\s?\d\d?[-/.]\s?\d\d?\.?,? ")
_SECOND_LINE: Final = "at "
"""How the second line of a wrapped attribution may begin: `On Nov 21, 2014,` stands above it."""
_LINK: Final = ("http:", "https:")
_LAST_TWO: Final = frozenset(phrase[-2:] for phrase in (*WROTE, *WROTE_GLUED))
"""How the verbs end."""


def may_end_attribution(line: str) -> bool:
    """A cheap look at the last characters of a stripped line: most lines of a mail stop here."""
    if len(line) > _LONGEST_LINE:
        return False
    if not line[-1].isprintable():
        line = seen(line) or line
    if line[-1] in ":：":
        return not line.endswith(_LINK)
    if line[-1] in ">)":
        return has_mailbox(line) and has_date(line)
    if line[0] in "Pp" and line[:9].casefold() == "posted by":
        return True
    bare = line.rstrip(_TRIMMED_END)
    return bool(bare) and (_last_words_say_wrote(bare) or (line[0] == "2" and _ISO_START.match(line) is not None))


def attribution_at(lines: list[str], end: int, before_quote: bool) -> int | None:
    """The index of the line in which the attribution begins that ends in `lines[end]`; None where there is none.

    `before_quote` says that a quotation follows, which lets less evidence do.
    """
    first = max(end - _LINES_ABOVE, 0)
    if not before_quote and not any(_EVIDENCE.search(line, 0, _LONGEST_LINE) for line in lines[first : end + 1]):
        return None  # the cheap look: without a quotation below, a date, a mailbox or a list is asked for
    text = seen(lines[end])
    if not text:
        return None
    if _is_whole(text, before_quote) and not text.startswith(_SECOND_LINE):
        return end - 1 if text[0].isdigit() and end and _begins_date(seen(lines[end - 1])) else end
    joined = text
    for start in range(end - 1, first - 1, -1):
        above = lines[start]
        if len(above) > _LONGEST_LINE or is_quoted(above) or not (above := seen(above)):
            break
        joined = f"{above} {joined}"
        if not above.startswith(_SECOND_LINE) and _is_whole(joined, before_quote):
            return start
    return end if _is_enough(text, before_quote) or _is_whole(text, before_quote) else None


def _begins_date(above: str) -> bool:
    """Whether a line stops in the midst of a date, whose year begins the next: `On Mon, May 4,`."""
    return (
        above[-1:] == ","
        and above[-2:-1].isdigit()
        and len(above) <= _DATE_CHARS
        and above.casefold().startswith(OPENERS)
    )


def _is_whole(text: str, before_quote: bool) -> bool:
    """Whether the joined lines begin as an attribution does and say enough for one."""
    bare = text.lstrip(_START)
    folded = bare.casefold()
    opened = folded.startswith(OPENERS)
    if _POSTED_BY.match(bare):
        return True
    if (not opened and not _DATED_START.match(bare)) or _of_oneself(text):
        return False
    if not (has_date(text) or has_time(text)):
        said = opened and before_quote and _says_wrote(folded) and not _of_things(folded)
        return said and any(c.isdigit() for c in text)
    if _says_wrote(folded) and not (
        _of_things(folded) and not (has_mailbox(text) or (has_date(text) and has_time(text)))
    ):
        return before_quote or has_time(text) or has_mailbox(text)
    if not opened and _ISO_START.match(bare) and before_quote:
        return True
    return _MAILBOX_AT_END.search(text.rstrip(":：")) is not None and (
        has_time(text) or _ISO_START.match(bare) is not None
    )


def _is_enough(text: str, before_quote: bool) -> bool:
    """Whether one line without a dated beginning is an attribution: `Ada via Forum <ada@...> wrote:`."""
    folded = text.casefold()
    if _of_oneself(text):
        return False
    if not _says_wrote(folded):
        return before_quote and _says_who_and_when(text, folded)
    if before_quote:
        return has_mailbox(text) or (text[-1] in ":：" and (not _of_things(folded) or _is_name(text)))
    return has_mailbox(text) or (has_time(text) and has_date(text)) or (" via " in folded and text[-1] in ":：")


def _says_who_and_when(text: str, folded: str) -> bool:
    """Whether a line has all but a verb that is known: a mailbox, a date and a time, as in every language."""
    if text[-1] not in ":：" or not has_mailbox(text):
        return False
    return (has_date(text) and has_time(text)) or folded.startswith(QUOTING)


def _of_oneself(text: str) -> bool:
    return not FIRST_PERSON.isdisjoint(text.split())


def _of_things(folded: str) -> bool:
    """Whether the verb is one that people use of a screen too: `The display says:`."""
    words = folded.rstrip(_TRIMMED_END).rsplit(None, 1)
    return bool(words) and words[-1] in WROTE_OF_THINGS


def _is_name(text: str) -> bool:
    """Whether all words but the verb begin with a capital, at least two: `Ada Byron writes:`."""
    words = text.lstrip(_START).split()[:-1]
    return len(words) > 1 and all(word[0].isupper() for word in words)


def _says_wrote(folded: str) -> bool:
    bare = folded.rstrip(_TRIMMED_END)
    return _last_words_say_wrote(bare) or (
        folded[-1] in ":：" and not WROTE_BEFORE_NAME.isdisjoint(folded.replace(",", " ").split())
    )


def _last_words_say_wrote(bare: str) -> bool:
    if bare[-2:].casefold()[-2:] not in _LAST_TWO:  # most lines stop here
        return False
    words = bare.casefold().rsplit(None, 2)
    return bool(words) and (words[-1] in WROTE or " ".join(words[-2:]) in WROTE or words[-1].endswith(WROTE_GLUED))
