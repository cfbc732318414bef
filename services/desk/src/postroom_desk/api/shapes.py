"""What the API shows and takes."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from postroom_contracts.agents import Availability
from postroom_contracts.config import Address, Name
from postroom_contracts.contacts import Authentication, Invitation, Spam
from postroom_contracts.tickets import Ticket
from postroom_contracts.values import Actor, Attachment, Party, Priority, Status
from postroom_desk.people import Role
from postroom_plumbing.mongo import Document

Text = Annotated[str, StringConstraints(min_length=1, max_length=200_000, pattern=r"\S")]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=1, max_length=60)]
Html = Annotated[str, StringConstraints(max_length=400_000)]
Id = Annotated[str, StringConstraints(max_length=100)]
Ids = Annotated[list[Id], Field(max_length=200)]
Tags = Annotated[list[Tag], Field(max_length=200)]


class Body(BaseModel):
    """A request body: an unknown field is a mistake, and named."""

    model_config = ConfigDict(extra="forbid")


class Recipient(Body):
    """Somebody a reply goes to."""

    address: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^@\s<>]+@[^@\s<>]+$", max_length=254)]
    name: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=200)] = ""


class ReplyBody(Body):
    """An agent's reply. It goes to the customer who wrote last unless `to` says otherwise."""

    text: Text
    html: Html | None = None
    to: Annotated[list[Recipient], Field(min_length=1, max_length=50)] | None = None
    cc: Annotated[list[Recipient], Field(max_length=50)] = Field(default_factory=list)
    status: Status | None = None
    """The status the ticket gets with the reply."""


class NoteBody(Body):
    """A note for colleagues; it is never sent."""

    text: Text


class TicketPatch(Body):
    """Fields to change; those not named stay."""

    status: Status | None = None
    priority: Priority | None = None
    agent: Id | None = None
    """An agent's id, or null for nobody."""
    queue: Id | None = None
    tags: Annotated[list[Tag], Field(max_length=50)] | None = None

    @model_validator(mode="after")
    def _something_and_nothing_emptied(self) -> "TicketPatch":
        if not self.model_fields_set:
            raise ValueError("name at least one of status, priority, agent, queue, tags")
        for name in ("status", "priority", "queue", "tags"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null")
        return self


def _as_text(value: object) -> object:
    """A number as people write it in JSON."""
    return str(value) if type(value) is int else value


class MergeBody(Body):
    """What a ticket is merged into."""

    into: Annotated[
        str, BeforeValidator(_as_text), StringConstraints(strip_whitespace=True, min_length=1, max_length=100)
    ]
    """The id or the number of the ticket that takes over its messages."""


class AgentBody(Body):
    """A new agent."""

    name: Name
    email: Address
    password: Annotated[str, StringConstraints(min_length=8, max_length=200)] | None = None
    role: Role = "agent"
    sees_raw: bool = False
    """Whether they may see mails as they came, before anything was redacted; admins may."""
    queues: Ids = Field(default_factory=list)
    skills: Tags = Field(default_factory=list)
    languages: Tags = Field(default_factory=list)
    capacity: int = Field(default=10, ge=0, le=1000)
    availability: Availability = "offline"


class AgentPatch(Body):
    """Fields of an agent to change."""

    name: Name | None = None
    role: Role | None = None
    active: bool | None = None
    sees_raw: bool | None = None
    queues: Ids | None = None
    skills: Tags | None = None
    languages: Tags | None = None
    capacity: int | None = Field(default=None, ge=0, le=1000)
    availability: Availability | None = None

    @model_validator(mode="after")
    def _something_and_nothing_emptied(self) -> "AgentPatch":
        if not self.model_fields_set:
            raise ValueError("name at least one of " + ", ".join(type(self).model_fields))
        for name in self.model_fields_set:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null")
        return self


class AvailabilityBody(Body):
    """Whether an agent takes tickets now."""

    availability: Availability


class CustomerPatch(Body):
    """What an agent may write on a customer's card."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] | None = None
    notes: Annotated[str, StringConstraints(max_length=10_000)] | None = None


class ClockShown(BaseModel):
    """A clock as the workspace shows it."""

    metric: str
    state: str
    policy: str | None = None
    target_minutes: int
    started_at: datetime
    due_at: datetime | None = None
    met_at: datetime | None = None
    warned_at: datetime | None = None
    breached_at: datetime | None = None


class TicketRow(Ticket):
    """A ticket in a list."""

    clocks: list[ClockShown] = Field(default_factory=list)
    csat: dict[str, Any] | None = None
    mailboxes: list[str] = Field(default_factory=list)
    """All that got one of its mails; `mailbox` is the first, which answers go out from."""
    warnings: list[str] = Field(default_factory=list)
    """What to beware of, such as `forged-reference`."""
    delivery_failed: bool = False
    """Whether the newest reply, or before any the acknowledgement, bounced or could not be sent. The next reply that
    arrives clears it; of an acknowledgement the customer does, too, when they write again."""


class TicketList(BaseModel):
    """One page of tickets."""

    items: list[TicketRow]
    next_cursor: str | None


class AttachmentShown(Attachment):
    """An attachment and where to get it."""

    url: str


class MessageShown(BaseModel):
    """A message of a ticket."""

    id: str
    kind: Literal["contact", "reply", "note"]
    at: datetime
    author: Actor
    text: str
    html: str | None
    text_truncated: bool
    attachments: list[AttachmentShown]
    raw_url: str | None
    message_id: str | None
    to: list[Party]
    cc: list[Party]
    automatic: str | None
    evidence: dict[str, Any] | None
    """Why the message belongs to this ticket."""
    defects: list[str]
    delivery: dict[str, Any] | None
    """Of a reply: `state` is queued, sent, failed, uncertain, delayed or bounced, `recipients` has that of each. The
    reply's own is that of whom a person must look at first, with `to` and what is known of why; `sent` when all are."""
    subject: str | None = None
    merged_from: str | None = None
    """The ticket it was for, where that one has been merged into this."""
    mailbox: str | None = None
    also: list[str] = Field(default_factory=list)
    """Other mailboxes that got the same mail."""
    door: str | None = None
    """How it came in."""
    tls: str | None = None
    own_words: str | None = None
    """What is new in the text: without quotation and signature; null where that is all of it."""
    language: str | None = None
    forwarded_by: Party | None = None
    """The agent who forwarded it in."""
    automatic_evidence: str = ""
    warnings: list[str] = Field(default_factory=list)
    similar: list[str] = Field(default_factory=list)
    spam: Spam | None = None
    authentication: Authentication | None = None
    protection: str | None = None
    invitation: Invitation | None = None
    redactions: int = 0
    """How often something was taken out of what can be read."""
    reread_at: datetime | None = None
    """When it was last read again by a better reader."""


class HistoryEntry(BaseModel):
    """Something that happened to a ticket."""

    model_config = ConfigDict(extra="allow")

    at: datetime
    what: str
    by: Actor


class SimilarTicket(BaseModel):
    """A ticket that may be about the same matter."""

    id: str
    number: int
    subject: str
    status: Status


class TicketShown(TicketRow):
    """A ticket with everything that belongs to it."""

    routing: dict[str, Any] | None
    similar: list[SimilarTicket]
    """Tickets to merge with, or to dismiss."""
    messages: list[MessageShown]
    history: list[HistoryEntry]


def row(document: Document) -> TicketRow:
    """A ticket's document as a row."""
    return TicketRow.model_validate({**document, "id": document["_id"]})


def message(document: Document, ticket: str) -> MessageShown:
    """A message's document as the API shows it on `ticket`: where it was kept under another, that was merged."""
    base = f"/api/v1/messages/{document['_id']}"
    attachments = [
        AttachmentShown(**attachment, url=f"{base}/attachments/{attachment['part']}")
        for attachment in document["attachments"]
    ]
    merged_from = document.get("merged_from") or (document["ticket"] if document["ticket"] != ticket else None)
    fields = {**document, "id": document["_id"], "attachments": attachments, "merged_from": merged_from}
    return MessageShown.model_validate({**fields, "raw_url": f"{base}/raw" if document["raw"] else None})


def whole(
    document: Document, messages: list[Document], history: list[Document], similar: list[Document]
) -> TicketShown:
    """A ticket with its messages and history, and tickets like it."""
    return TicketShown.model_validate(
        {
            **row(document).model_dump(),
            "routing": document["routing"],
            "similar": [{**one, "id": one["_id"]} for one in similar],
            "messages": [message(one, document["_id"]) for one in messages],
            "history": [{k: v for k, v in one.items() if k not in ("_id", "ticket")} for one in history],
        }
    )
