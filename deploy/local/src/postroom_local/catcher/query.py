"""The search box's little language: plain words, field:words and "quoted phrases"."""

import re
from dataclasses import dataclass

FIELDS = ("from", "to", "subject", "message-id")
_TERM = re.compile(r'(?:[^\s"]|"[^"]*(?:"|$))+')


@dataclass(frozen=True, slots=True)
class Term:
    """One thing a mail must contain: `text` (case-folded, never empty) in `field`, or anywhere when None."""

    field: str | None
    text: str


def parse_query(query: str) -> tuple[Term, ...]:
    """Split what was typed into terms, all of which must match; an open quote runs to the end."""
    terms = []
    for token in _TERM.findall(query):
        field, text = _split(token)
        text = " ".join(text.replace('"', "").casefold().split())
        if field == "message-id":
            text = text.strip("<> ")
        if text:
            terms.append(Term(field, text))
    return tuple(terms)


def _split(token: str) -> tuple[str | None, str]:
    name, colon, rest = token.partition(":")
    if colon and name.lower() in FIELDS:
        return name.lower(), rest
    return None, token
