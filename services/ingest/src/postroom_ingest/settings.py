"""Settings of ingest."""

from pydantic import Field

from postroom_plumbing.internal import InternalSettings
from postroom_plumbing.settings import Port


class IngestSettings(InternalSettings):
    """What both roles of ingest need. Desk and the import command show the token to read raw mail and hand mail in."""


class ReceiveSettings(IngestSettings):
    """What the receiving role needs besides."""

    smtp_host: str = "127.0.0.1"
    smtp_port: Port = 2525
    smtp_max_bytes: int = Field(default=26_214_400, ge=10_000, le=200_000_000)
    """The largest mail taken, as announced by SIZE (RFC 1870)."""
    smtp_hostname: str = "postroom.localdomain"
    """The name in the greeting (RFC 5321 section 4.3.1)."""
