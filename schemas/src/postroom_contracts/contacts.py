"""What a customer sent, read, classified and threaded."""

from typing import Literal

from postroom_contracts.event import Event, Value
from postroom_contracts.topics import Topic
from postroom_contracts.values import Attachment, Automatic, Channel, ClaimCheck, Instant, Party


class Evidence(Value):
    """Why a contact belongs to its ticket."""

    kind: Literal["own-token", "known-message", "expected-message", "subject-number", "none"]
    detail: str = ""


class ContactReceived(Event, topic=Topic.CONTACTS, type="postroom.contact.received.v1"):
    """A contact belongs to a ticket: `ticket` is new when `opens`."""

    contact: str
    ticket: str
    opens: bool
    follows: str | None = None
    """The closed ticket this new one goes on from."""
    evidence: Evidence
    channel: Channel
    mailbox: str
    sender: Party
    reply_to: tuple[Party, ...] = ()
    to: tuple[Party, ...] = ()
    cc: tuple[Party, ...] = ()
    subject_line: str
    text: str
    text_truncated: bool = False
    html: str | None = None
    language: str | None = None
    automatic: Automatic | None = None
    importance: Literal["low", "normal", "high"] = "normal"
    attachments: tuple[Attachment, ...] = ()
    raw: ClaimCheck
    message_id: str
    references: tuple[str, ...] = ()
    sent_at: Instant | None = None
    received_at: Instant
    imported: bool = False
    defects: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return self.ticket
