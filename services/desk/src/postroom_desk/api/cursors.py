"""Cursors for paging: where the last page ended, opaque to the caller."""

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Any

from postroom_plumbing.problems import Problem


def encode(*values: Any) -> str:
    """A cursor of some values."""
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def decode(cursor: str, count: int) -> list[Any]:
    """The `count` values of a cursor.

    Raises:
        Problem: 422 when it is not one of ours.
    """
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        values = None
    if not isinstance(values, list) or len(values) != count:
        raise _not_ours()
    return values


def moment(value: Any) -> datetime:
    """An aware datetime out of a cursor.

    Raises:
        Problem: 422 when it is none.
    """
    try:
        at = datetime.fromisoformat(value)
        if at.tzinfo is None:
            raise _not_ours()
        return at.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise _not_ours() from None


def _not_ours() -> Problem:
    return Problem(422, "invalid", "not valid: cursor", [{"field": "cursor", "reason": "not a cursor of this list"}])
