"""Words that several events share."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, PlainSerializer

from postroom_contracts.event import Value

Priority = Literal["low", "normal", "high", "urgent"]
Status = Literal["new", "open", "pending", "on_hold", "solved", "closed"]
Channel = Literal["email", "form", "chat", "sms", "call", "api"]
Automatic = Literal["auto-reply", "auto-generated", "bounce", "list", "bulk", "no-reply-wanted"]
Metric = Literal["first_reply", "resolution"]


def _rfc3339(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


Instant = Annotated[AwareDatetime, PlainSerializer(_rfc3339, return_type=str, when_used="json")]
"""A moment with its offset, written as RFC 3339 with milliseconds."""


class ClaimCheck(Value):
    """Where a big thing lies: the service that keeps it, its id there, and what it must hash to."""

    store: str
    id: str
    sha256: str
    size: int = Field(ge=0, description="bytes")


class Party(Value):
    """Somebody in a message: an address and the name beside it, which may be empty."""

    address: str
    name: str = ""


class Attachment(Value):
    """An attachment, by claim check: part `part` of the raw mail `raw`."""

    name: str
    content_type: str
    size: int = Field(ge=0, description="bytes")
    sha256: str
    part: int
    content_id: str | None = None
    inline: bool = False


class Customer(Value):
    """The customer of a ticket."""

    id: str
    address: str
    name: str = ""


class Actor(Value):
    """Who did it: an agent, the customer, or one of Postroom's own services."""

    kind: Literal["agent", "customer", "service"]
    id: str
    name: str = ""
