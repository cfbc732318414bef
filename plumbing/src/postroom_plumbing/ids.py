"""Identifiers that sort by time."""

import uuid_utils


def ids_since(milliseconds: int) -> str:
    """What every UUIDv7 made at or after this moment (since 1970) is greater than or equal to, as text."""
    digits = f"{milliseconds:012x}"
    return f"{digits[:8]}-{digits[8:]}"


def new_id() -> str:
    """A UUIDv7 (RFC 9562 section 5.7) as text; later ids of one process sort after earlier ones."""
    return str(uuid_utils.uuid7())
