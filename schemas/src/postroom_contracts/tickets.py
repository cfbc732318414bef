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
    version: int = Field(ge=1)
    subject: str
    status: Status
    priority: Priority
    queue: str | None = None
    agent: str | None = None
    tags: tuple[str, ...] = ()
    customer: Customer
    mailbox: str
    channel: Channel
    language: str | None = None
    opened_at: Instant
    updated_at: Instant
    solved_at: Instant | None = None
    reopens: int = 0
    follows: str | None = None
    """The closed ticket this one goes on from."""


class Message(Value):
    """A message of a ticket: the words up to a cap, never the files."""

    id: str
    kind: Literal["contact", "reply", "note"]
    at: Instant
    author: Actor
    text: str
    text_truncated: bool = False
    message_id: str | None = None
    """RFC 5322 Message-ID without brackets, where the message is or will be a mail."""


class TicketEvent(Value):
    """What all facts about tickets share."""

    ticket: Ticket
    by: Actor
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
    references: tuple[str, ...] = ()
    automatic: Automatic | None = None
    imported: bool = False


class TicketMessageAdded(TicketEvent, Event, topic=Topic.TICKETS, type="postroom.ticket.message_added.v1"):
    """A contact, a reply or a note was added; a contact may have reopened the ticket."""

    message: Message
    changes: dict[str, "Change"] = Field(default_factory=dict)


class Change(Value):
    """A field's value before and after."""

    old: Any = None
    new: Any = None


class TicketChanged(TicketEvent, Event, topic=Topic.TICKETS, type="postroom.ticket.changed.v1"):
    """Fields of a ticket changed."""

    changes: dict[str, Change]
    reason: str = ""
