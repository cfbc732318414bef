"""One line of a mail's text: how deep it is quoted, which label or separator it is."""

from typing import Final, Literal, NamedTuple

from postroom_ingest.parse.forwards.labels import FORWARD_STARTS, FORWARD_WORDS, LABELS, MARKUP, Field, normal

LONGEST_LABEL: Final = 60
_LONGEST_SEPARATOR: Final = 300
_RULES: Final = "-_=~–—─"
RULES: Final = tuple(3 * rule for rule in _RULES)
"""What every separator has at least."""
_QUOTE: Final = "> \t\u00a0\ufeff"
_FEWEST_DASHES: Final = 3


class Label(NamedTuple):
    """A line such as `From: Jane`."""

    field: Field
    name: str
    """In normal form."""
    value: str


class Separator(NamedTuple):
    """A line such as `----- Forwarded message -----`."""

    says: Literal["forward", "something", "nothing"]
    rest: str
    """What stands behind it in the same line, as Yahoo's fields do."""


def bare(line: str) -> str:
    """The line without quotation marks and outer space."""
    return line.lstrip(_QUOTE).rstrip()


def depth(line: str) -> int:
    """How many quotation marks the line begins with."""
    return line[: len(line) - len(line.lstrip(_QUOTE))].count(">")


def split_label(line: str) -> tuple[str, str] | None:
    """A bare line's words before its first colon, and those behind it."""
    head = line[:LONGEST_LABEL]
    at = head.find(":")
    wide = head.find("：")
    at = wide if 0 <= wide < at or at < 0 else at
    return (line[:at], line[at + 1 :]) if at > 0 else None


def read_label(line: str) -> Label | None:
    """The field a bare line gives, in any language of the tables."""
    parts = split_label(line)
    if parts is None or (field := LABELS.get(name := normal(parts[0]))) is None:
        return None
    value = parts[1].strip(" \t\u00a0")
    if line[0] in "*_":  # `*From:* Jane`, as text made from HTML shows bold labels
        value = value.lstrip("*_").strip(" \t\u00a0")
    return Label(field, name, value)


def read_separator(line: str) -> Separator | None:
    """The separator a bare line is, if any. `says` is `something` for words between dashes that are in no table."""
    if not line or line[0] not in _RULES:
        return None
    inner = line.lstrip(_RULES)
    if len(line) - len(inner) < _FEWEST_DASHES:
        return None
    inner = inner.strip(MARKUP)
    if not inner:
        return Separator("nothing", "")
    ends = [at for rule in _RULES if (at := inner.find(2 * rule, 0, _LONGEST_SEPARATOR)) > 0]
    end = min(ends, default=len(inner))
    rest = inner[end:].lstrip(_RULES + MARKUP)
    if is_forward_words(inner[:end][:_LONGEST_SEPARATOR]):
        return Separator("forward", "" if is_forward_words(rest[:_LONGEST_SEPARATOR].rstrip(_RULES + MARKUP)) else rest)
    return Separator("something", rest) if ends else None


def is_forward_words(words: str) -> bool:
    """Whether words between dashes, or before a colon, name a forwarded mail."""
    said = normal(words).rstrip(" :")
    return said in FORWARD_WORDS or said.startswith(FORWARD_STARTS)


def is_phrase(line: str) -> bool:
    """Whether a bare line is all of `Begin forwarded message:`, as Apple Mail and MailMate write."""
    return (
        len(line) < LONGEST_LABEL
        and line.rstrip(MARKUP)[-1:] in (":", "：")
        and normal(line[:-1].rstrip("*:： ")) in FORWARD_WORDS
    )
