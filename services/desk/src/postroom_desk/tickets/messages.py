"""The messages of a ticket, as the desk keeps them and as events tell them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from postroom_contracts.contacts import ContactReceived
from postroom_contracts.tickets import Message
from postroom_contracts.values import Actor, Attachment, ClaimCheck, Party

EVENT_TEXT_CHARS = 10_000
"""The customer's words in a ticket event; the whole is in the desk."""
INTAKE = (
    "mailbox",
    "language",
    "own_words",
    "door",
    "also",
    "forwarded_by",
    "automatic_evidence",
    "warnings",
    "similar",
    "spam",
    "authentication",
    "protection",
    "tls",
    "invitation",
    "redactions",
)
"""What ingest found out about a contact, kept on its message under the same names."""


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message as the desk keeps it."""

    id: str
    ticket: str
    kind: Literal["contact", "reply", "note"]
    at: datetime
    author: Actor
    text: str
    html: str | None = None
    text_truncated: bool = False
    attachments: tuple[Attachment, ...] = ()
    raw: ClaimCheck | None = None
    message_id: str | None = None
    to: tuple[Party, ...] = ()
    cc: tuple[Party, ...] = ()
    automatic: str | None = None
    evidence: Mapping[str, Any] | None = None
    defects: tuple[str, ...] = ()
    delivery: Mapping[str, Any] | None = None
    subject: str | None = None
    intake: Mapping[str, Any] = field(default_factory=dict)
    """The fields of INTAKE, for a contact."""
    merged_from: str | None = None
    """The ticket it was for, where that one has been merged into its own."""

    def told(self) -> Message:
        """The message as events carry it."""
        return Message(
            id=self.id,
            kind=self.kind,
            at=self.at,
            author=self.author,
            text=self.text[:EVENT_TEXT_CHARS],
            text_truncated=self.text_truncated or len(self.text) > EVENT_TEXT_CHARS,
            message_id=self.message_id,
        )


def contact_message(contact: ContactReceived, ticket: str) -> StoredMessage:
    """A contact as a message of `ticket`: its own, or what that was merged into."""
    return StoredMessage(
        id=contact.contact,
        ticket=ticket,
        kind="contact",
        at=contact.received_at,
        author=Actor(kind="customer", id=contact.sender.address, name=contact.sender.name),
        text=contact.text,
        html=contact.html,
        text_truncated=contact.text_truncated,
        attachments=contact.attachments,
        raw=contact.raw,
        message_id=contact.message_id,
        to=contact.to,
        cc=contact.cc,
        automatic=contact.automatic,
        evidence=contact.evidence.model_dump(),
        defects=contact.defects,
        subject=contact.subject_line,
        intake=contact.model_dump(include=set(INTAKE)),
        merged_from=contact.ticket if ticket != contact.ticket else contact.evidence.merged_from,
    )
