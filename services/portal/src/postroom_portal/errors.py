"""What can go wrong for a visitor."""

from dataclasses import dataclass
from typing import Literal

Trouble = Literal["not_found", "bad_link", "bad_rating", "too_long", "too_many", "unavailable"]


@dataclass(eq=False)
class VisitorError(Exception):
    """The visitor gets a page about `trouble` with `status`; `field` and `reason` are for programs."""

    trouble: Trouble
    status: int
    reason: str
    field: str | None = None
    retry_after: int | None = None
    """Seconds to wait before trying again."""


def bad_link() -> VisitorError:
    return VisitorError("bad_link", 404, "not a survey link of ours", "token")


def bad_rating() -> VisitorError:
    return VisitorError("bad_rating", 422, "not a whole number from 1 to 5", "rating")


def too_many() -> VisitorError:
    return VisitorError("too_many", 429, "too many requests for one survey", retry_after=60)


def unavailable() -> VisitorError:
    return VisitorError("unavailable", 503, "the answer could not be stored", retry_after=10)
