"""Answers to surveys: what a visitor may say, and what becomes of it. Pure."""

import re
from dataclasses import dataclass, replace
from urllib.parse import parse_qs

from postroom_portal.errors import VisitorError, bad_rating

COMMENT_CHARACTERS = 4000
BODY_BYTES = 64_000
"""Room for the longest comment with every character percent-encoded, in any script."""
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Survey:
    """One survey of one ticket."""

    ticket: str
    id: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The latest answer to a survey; `number` counts the answers."""

    rating: int
    comment: str
    number: int


def decide(known: Answer | None, rating: int, comment: str | None) -> Answer | None:
    """The answer that follows `known`, or None when it says the same again. A comment of None leaves the known one."""
    if known is None:
        return Answer(rating, comment or "", 1)
    said = replace(known, rating=rating, comment=known.comment if comment is None else comment)
    return None if said == known else replace(said, number=known.number + 1)


def read_rating(values: list[str]) -> int | None:
    """The rating given in a query or a form, None when there is none.

    Raises:
        VisitorError: it is not one whole number from 1 to 5.
    """
    if not values:
        return None
    if len(values) > 1 or not re.fullmatch("[1-5]", values[0]):
        raise bad_rating()
    return int(values[0])


def read_form(body: bytes) -> tuple[int, str | None]:
    """The rating and the comment (None when the form has no such field) of a URL-encoded form.

    Raises:
        VisitorError: the rating is missing or wrong, or the comment is longer than COMMENT_CHARACTERS.
    """
    try:
        fields = parse_qs(body.decode("ascii", "replace"), keep_blank_values=True, errors="replace", max_num_fields=10)
    except ValueError:
        raise bad_rating() from None
    rating = read_rating(fields.get("rating", []))
    if rating is None:
        raise bad_rating()
    comments = fields.get("comment")
    return rating, None if comments is None else _comment(comments[0])


def _comment(text: str) -> str:
    text = _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if len(text) > COMMENT_CHARACTERS:
        raise VisitorError("too_long", 422, f"longer than {COMMENT_CHARACTERS} characters", "comment")
    return text
