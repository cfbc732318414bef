"""What a customer sent, read, classified and threaded."""

from typing import Literal

from postroom_contracts.event import Event, Value
from postroom_contracts.topics import Topic
from postroom_contracts.values import Attachment, Automatic, Channel, ClaimCheck, Instant, Party


class Evidence(Value):
    """Why a contact belongs to its ticket."""

    kind: Literal["own-token", "known-message", "expected-message", "subject-number", "none"]
    """It answers a mail of ours; it answers (or repeats the id of) one we have seen; one that answers it came first;
    its subject names the ticket and its sender takes part there; or nothing, and it opens a ticket."""
    detail: str = ""
    """The Message-ID or the number that was found."""


class ContactReceived(Event, topic=Topic.CONTACTS, type="postroom.contact.received.v1"):
    """A contact belongs to a ticket: `ticket` is new when `opens`."""

    contact: str
    """The id it has had since it came in, as raw source and as message."""
    ticket: str
    opens: bool
    """Whether the ticket begins with it."""
    follows: str | None = None
    """The closed ticket this new one goes on from."""
    evidence: Evidence
    channel: Channel
    mailbox: str
    """The id of the mailbox it came to."""
    sender: Party
    reply_to: tuple[Party, ...] = ()
    to: tuple[Party, ...] = ()
    cc: tuple[Party, ...] = ()
    subject_line: str
    text: str
    """Plain text; where the mail has none, made from its HTML."""
    text_truncated: bool = False
    """Whether the text goes on in the raw source."""
    html: str | None = None
    """Cleaned, so that it is safe to show."""
    language: str | None = None
    """ISO 639-1, or None when unsure."""
    automatic: Automatic | None = None
    """Why no machine must answer it (RFC 3834); None for a person's mail."""
    importance: Literal["low", "normal", "high"] = "normal"
    """What the sender thinks of it."""
    attachments: tuple[Attachment, ...] = ()
    raw: ClaimCheck
    """The source as it came, byte for byte."""
    message_id: str
    """RFC 5322 Message-ID without brackets; made up where the mail has none."""
    references: tuple[str, ...] = ()
    """Message-IDs above it, oldest first."""
    sent_at: Instant | None = None
    """What its Date field says, if it can be read."""
    received_at: Instant
    imported: bool = False
    """Whether it is old mail brought over: nobody is acknowledged, nothing is timed."""
    defects: tuple[str, ...] = ()
    """What was wrong with the mail, such as `no-message-id`."""

    @property
    def key(self) -> str:
        return self.ticket
