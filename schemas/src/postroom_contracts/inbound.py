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
    envelope_from: str
    envelope_to: tuple[str, ...]
    thread_root: str
    received_at: Instant
    door: Literal["smtp", "import"] = "smtp"
    run: str | None = None
    """The import it came with, if any."""

    @property
    def key(self) -> str:
        return self.thread_root

    @property
    def subject(self) -> str:
        return self.contact
