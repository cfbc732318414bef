"""What came in at a door and is durable, but not read yet."""

from typing import Literal

from postroom_contracts.event import Event
from postroom_contracts.topics import Topic
from postroom_contracts.values import ClaimCheck, Instant


class MailReceived(Event, topic=Topic.INBOUND, type="postroom.mail.received.v1"):
    """A mail was accepted: the sender has its OK, the raw source is stored."""

    contact: str
    """The id this mail keeps for life: as raw source, as contact and as message."""
    raw: ClaimCheck
    mailbox: str
    """The id of the mailbox it came to."""
    envelope_from: str
    """The sender in SMTP's MAIL command; empty for the null sender (RFC 5321 section 4.5.5)."""
    envelope_to: tuple[str, ...]
    thread_root: str
    """The first Message-ID of References, else of In-Reply-To, else its own."""
    received_at: Instant
    door: Literal["smtp", "import"] = "smtp"
    """How it came in."""
    run: str | None = None
    """The import it came with, if any."""

    @property
    def key(self) -> str:
        return self.thread_root

    @property
    def subject(self) -> str:
        return self.contact
