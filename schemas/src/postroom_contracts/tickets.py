"""What happened to a ticket. Every event carries the whole ticket, so that a projection is one upsert by version."""

from typing import Any, Literal

from pydantic import Field

from postroom_contracts.event import Event, Value
from postroom_contracts.topics import Topic
from postroom_contracts.values import Actor, Automatic, Channel, Customer, Instant, Party, Priority, Status


class Ticket(Value):
    """A ticket as it is after the event."""

    id: str
    number: int
    """What people call it: `[#1]`. Numbers grow; some may be missing."""
    version: int = Field(ge=1)
    """Counts the changes; the same as `ce_sequence`."""
    subject: str
    status: Status
    priority: Priority
    queue: str | None = None
    """The id of the queue it waits in; None until it was routed."""
    agent: str | None = None
    """The id of the agent who has it."""
    tags: tuple[str, ...] = ()
    customer: Customer
    mailbox: str
    """The id of the mailbox it came to."""
    channel: Channel
    language: str | None = None
    """ISO 639-1, or None when unsure."""
    opened_at: Instant
    """When the contact that opened it came in."""
    updated_at: Instant
    solved_at: Instant | None = None
    reopens: int = 0
    """How often it was taken up again after it was solved."""
    follows: str | None = None
    """The closed ticket this one goes on from."""
    merged_into: str | None = None
    """The ticket that took over its messages; what is for this one goes there."""


class Message(Value):
    """A message of a ticket: the words up to a cap, never the files."""

    id: str
    kind: Literal["contact", "reply", "note"]
    at: Instant
    author: Actor
    text: str
    text_truncated: bool = False
    """Whether the text goes on in the desk."""
    message_id: str | None = None
    """RFC 5322 Message-ID without brackets, where the message is or will be a mail."""


class TicketEvent(Value):
    """What all facts about tickets share."""

    ticket: Ticket
    """The whole ticket as it is after this event."""
    by: Actor
    """Who did it."""
    at: Instant

    @property
    def key(self) -> str:
        return self.ticket.id

    @property
    def sequence(self) -> int | None:
        return self.ticket.version


class TicketOpened(TicketEvent, Event, topic=Topic.TICKETS, type="postroom.ticket.opened.v1"):
    """A ticket was opened by the contact in `message`."""

    message: Message
    reply_to: Party
    """Whom an answer goes to."""
    references: tuple[str, ...] = ()
    """Message-IDs above the contact, oldest first."""
    automatic: Automatic | None = None
    """Why no machine must answer it (RFC 3834); None for a person's contact."""
    imported: bool = False
    """Whether it is old mail brought over: nobody is acknowledged, nothing is timed."""


class TicketMessageAdded(TicketEvent, Event, topic=Topic.TICKETS, type="postroom.ticket.message_added.v1"):
    """A contact, a reply or a note was added; a contact may have reopened the ticket."""

    message: Message
    changes: dict[str, "Change"] = Field(default_factory=dict)
    """What else it changed, by field of the ticket."""


class Change(Value):
    """A field's value before and after."""

    old: Any = None
    new: Any = None


class TicketChanged(TicketEvent, Event, topic=Topic.TICKETS, type="postroom.ticket.changed.v1"):
    """Fields of a ticket changed."""

    changes: dict[str, Change]
    """By field of the ticket."""
    reason: str = ""
    """Why, in words, where a service did it."""
