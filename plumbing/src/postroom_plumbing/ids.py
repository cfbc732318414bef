"""Identifiers that sort by time."""

import uuid_utils


def new_id() -> str:
    """A UUIDv7 (RFC 9562 section 5.7) as text; later ids of one process sort after earlier ones."""
    return str(uuid_utils.uuid7())
