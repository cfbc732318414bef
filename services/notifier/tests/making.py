"""Makers of events and mails, so that tests say only what they are about."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from postroom_contracts.config import Mailbox, Queue, SettingChanged
from postroom_contracts.outbound import ReplyRequested
from postroom_contracts.sla import Clock, ClocksSet
from postroom_contracts.tickets import Change, Message, Ticket, TicketChanged, TicketOpened
from postroom_contracts.values import Actor, Customer, Party
from postroom_notifier.outgoing import Outgoing

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MAILBOX = Mailbox(address="help@acme.example", name="Acme Help", timezone="Europe/Berlin")
MAILBOXES = {"main": MAILBOX}


def after(minutes: float) -> datetime:
    """That many minutes after NOW."""
    return NOW + timedelta(minutes=minutes)


def ticket(ticket_id: str = "t1", **fields: Any) -> Ticket:
    given: dict[str, Any] = {
        "id": ticket_id,
        "number": 123,
        "version": 1,
        "subject": "Printer broken",
        "status": "new",
        "priority": "normal",
        "customer": Customer(id="c1", address="anna@example.org", name="Anna"),
        "mailbox": "main",
        "channel": "email",
        "opened_at": NOW,
        "updated_at": NOW,
    }
    return Ticket.model_validate(given | fields)


def opened(ticket_id: str = "t1", **fields: Any) -> TicketOpened:
    """A ticket opened by Anna's mail; fields of the ticket and of the event may be given."""
    customer = Actor(kind="customer", id="c1", name="Anna")
    message_id = fields.pop("message_id", f"{ticket_id}@customer.example")
    message = Message(
        id=f"m-{ticket_id}", kind="contact", at=NOW, author=customer, text="It broke.", message_id=message_id
    )
    mine = {name: fields.pop(name) for name in set(fields) & set(TicketOpened.model_fields)}
    given: dict[str, Any] = {"reply_to": Party(address="anna@example.org", name="Anna")}
    return TicketOpened(ticket=ticket(ticket_id, **fields), by=customer, at=NOW, message=message, **given | mine)


def clocks(ticket_id: str = "t1", due_at: datetime | None = None, version: int = 1, **fields: Any) -> ClocksSet:
    """The clocks of a ticket; without `due_at` no policy matched."""
    first = {
        "metric": "first_reply", "state": "running", "target_minutes": 60, "started_at": NOW, "due_at": due_at,
    }  # fmt: skip
    running = () if due_at is None else (Clock.model_validate(first | fields),)
    return ClocksSet(
        ticket=ticket_id, version=version, queue="general", policy=None, schedule=None, clocks=running, at=NOW
    )


def solved(ticket_id: str = "t1", new: str = "solved") -> TicketChanged:
    agent = Actor(kind="agent", id="a1", name="Ben")
    changes = {"status": Change(old="open", new=new)}
    return TicketChanged(ticket=ticket(ticket_id, status=new, version=5), by=agent, at=NOW, changes=changes)


def reply(message: str = "r1", ticket_id: str = "t1", **fields: Any) -> ReplyRequested:
    given: dict[str, Any] = {
        "message": message,
        "ticket": ticket_id,
        "number": 123,
        "mailbox": "main",
        "author": "Ben",
        "to": (Party(address="anna@example.org", name="Anna"),),
        "subject_line": "Re: Printer broken [#123]",
        "text": "Please turn it off and on.\n",
        "message_id": f"reply.{ticket_id}.{message}.signature@acme.example",
        "references": ("first@customer.example", "second@customer.example"),
        "requested_at": NOW,
    }
    return ReplyRequested.model_validate(given | fields)


def mailbox_set(mailbox: Mailbox = MAILBOX, mailbox_id: str = "main") -> SettingChanged:
    return SettingChanged(kind="mailbox", id=mailbox_id, version=1, value=mailbox.model_dump(mode="json"), at=NOW)


def queue_set() -> SettingChanged:
    """Any queue: without one, a service waits for desk's settings."""
    queue = Queue(name="General").model_dump(mode="json")
    return SettingChanged(kind="queue", id="general", version=1, value=queue, at=NOW)


def outgoing(outgoing_id: str = "ack:t1", **fields: Any) -> Outgoing:
    """A queued mail to Anna."""
    to = fields.pop("to", ("anna@example.org",))
    given: dict[str, Any] = {
        "id": outgoing_id,
        "ticket": "t1",
        "kind": "acknowledgement",
        "message": None,
        "envelope_from": "",
        "to": to,
        "left": to,
        "refused": (),
        "subject_line": "Re: Printer broken [#123]",
        "message_id": f"{outgoing_id}@acme.example",
        "raw": f"Subject: {outgoing_id}\r\n\r\n.dot\r\n..\r\nend\r\n".encode(),
        "state": "queued",
        "next_at": datetime(2020, 1, 1, tzinfo=UTC),
        "queued_at": datetime(2020, 1, 1, tzinfo=UTC),
    }
    return Outgoing(**given | fields)


def parsed(raw: bytes) -> EmailMessage:
    """A mail as the standard library reads it."""
    return message_from_bytes(raw, policy=policy.default)


def body(raw: bytes, subtype: str = "plain") -> str:
    """The decoded text of a part, with its line ends as \\n."""
    part = parsed(raw).get_body((subtype,))
    assert isinstance(part, EmailMessage)
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode().replace("\r\n", "\n")
