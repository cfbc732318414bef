"""Words that several events share."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, PlainSerializer, WithJsonSchema

from postroom_contracts.event import Value

Priority = Literal["low", "normal", "high", "urgent"]
Status = Literal["new", "open", "pending", "on_hold", "solved", "closed"]
Channel = Literal["email", "form", "chat", "sms", "call", "social", "api"]
Door = Literal["smtp", "lmtp", "imap", "http", "webhook", "import"]
"""How a mail came in: by SMTP or LMTP, fetched from an IMAP account, posted as it is, from a delivery service, or
brought over from files."""
Automatic = Literal[
    "auto-reply",
    "out-of-office",
    "auto-generated",
    "bounce",
    "complaint",
    "read-receipt",
    "calendar-answer",
    "list",
    "bulk",
    "no-reply-wanted",
]
Metric = Literal["first_reply", "resolution"]


def _rfc3339(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


Instant = Annotated[
    AwareDatetime,
    PlainSerializer(_rfc3339, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A moment with its offset, written as RFC 3339 with milliseconds."""


class ClaimCheck(Value):
    """Where a big thing lies: the service that keeps it, its id there, and what it must hash to."""

    store: str
    """The service that keeps it."""
    id: str
    sha256: str
    """Of its bytes, in lower-case hexadecimal."""
    size: int = Field(ge=0)
    """Bytes."""


class Party(Value):
    """Somebody in a message: an address and the name beside it, which may be empty."""

    address: str
    name: str = ""


class Attachment(Value):
    """An attachment, by claim check: part `part` of the raw mail that the event names."""

    name: str
    """The file name, without any path."""
    content_type: str
    """The media type the sender claims (RFC 2045)."""
    size: int = Field(ge=0)
    """Bytes, decoded."""
    sha256: str
    """Of the decoded bytes, in lower-case hexadecimal."""
    part: int
    """Which part of the raw mail it is."""
    content_id: str | None = None
    """By which name the HTML refers to it (RFC 2392)."""
    inline: bool = False
    """Whether it is meant to be shown within the text."""


class Customer(Value):
    """The customer of a ticket."""

    id: str
    address: str
    """The mail address they write from."""
    name: str = ""


class Actor(Value):
    """Who did it: an agent, the customer, or one of Postroom's own services."""

    kind: Literal["agent", "customer", "service"]
    id: str
    """The agent's id, the customer's address, or the service's name."""
    name: str = ""
