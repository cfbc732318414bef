"""Cursors for paging: where the last page ended, opaque to the caller."""

import base64
import binascii
import json
from datetime import datetime
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
    except (binascii.Error, ValueError):
        values = None
    if not isinstance(values, list) or len(values) != count:
        raise Problem(422, "invalid", "not valid: cursor", [{"field": "cursor", "reason": "not a cursor of this list"}])
    return values


def moment(value: Any) -> datetime:
    """A datetime out of a cursor."""
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise Problem(
            422, "invalid", "not valid: cursor", [{"field": "cursor", "reason": "not a cursor of this list"}]
        ) from None
