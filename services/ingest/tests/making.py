"""Mails and events for tests."""

import hashlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from postroom_contracts import Event
from postroom_contracts.contacts import Evidence
from postroom_contracts.inbound import MailReceived
from postroom_contracts.tickets import Change, Message, Ticket, TicketChanged, TicketOpened
from postroom_contracts.values import Actor, ClaimCheck, Customer, Party
from postroom_ingest.conversation import Clues
from postroom_plumbing.wire import Received

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECRET = "0123456789abcdef"
SECRETS = (SECRET,)
NONE = Evidence(kind="none")


def mail(
    message_id: str | None = "m1@mail.example",
    *references: str,
    subject: str = "The printer is on fire",
    sender: str = "Ann <ann@example.com>",
    text: str = "Please help.",
    date: datetime | None = START,
    more: str = "",
) -> bytes:
    """A mail. `references` are the ids above it, oldest first."""
    lines = [f"From: {sender}", "To: support@example.com", f"Subject: {subject}"]
    if message_id is not None:
        lines.append(f"Message-ID: <{message_id}>")
    if references:
        lines.append(f"In-Reply-To: <{references[-1]}>")
        lines.append("References: " + "\r\n ".join(f"<{one}>" for one in references))
    if date is not None:
        lines.append(f"Date: {format_datetime(date)}")
    if more:
        lines.append(more)
    return ("\r\n".join([*lines, "", text]) + "\r\n").encode()


def received(raw: bytes, contact: str = "c1", **other: Any) -> Received[MailReceived]:
    """The event of a mail that came in."""
    fields: dict[str, Any] = {
        "contact": contact,
        "raw": ClaimCheck(store="ingest", id=contact, sha256=hashlib.sha256(raw).hexdigest(), size=len(raw)),
        "mailbox": "support",
        "envelope_from": "ann@example.com",
        "envelope_to": ("support@example.com",),
        "thread_root": "root",
        "received_at": START,
    }
    return Received(MailReceived(**{**fields, **other}), contact, None)


def clues(message_id: str = "m1", *answers: str, **other: Any) -> Clues:
    """What a mail says; `answers` are the ids it answers, newest first."""
    fields: dict[str, Any] = {"fingerprint": f"of {message_id}", "sender": "ann@example.com", "subject": "Hello"}
    fields |= {"received_at": START, "mailbox": "support"}
    return Clues(message_id=message_id, answers=answers, **{**fields, **other})


def ticket(ticket_id: str, number: int, version: int = 1, status: Any = "new", address: str = "") -> Ticket:
    """A ticket as desk tells of it."""
    return Ticket(
        id=ticket_id,
        number=number,
        version=version,
        subject="Hello",
        status=status,
        priority="normal",
        customer=Customer(id="c", address=address or "ann@example.com"),
        mailbox="support",
        channel="email",
        opened_at=START,
        updated_at=START + timedelta(minutes=version),
    )


_AGENT = Actor(kind="agent", id="mina")


def opened(ticket_id: str, number: int, address: str = "") -> Event:
    """Desk opened a ticket."""
    message = Message(id="m", kind="contact", at=START, author=_AGENT, text="")
    return TicketOpened(
        ticket=ticket(ticket_id, number, address=address),
        by=_AGENT,
        at=START,
        message=message,
        reply_to=Party(address="ann@example.com"),
    )


def changed(ticket_id: str, number: int, version: int, status: Any) -> Event:
    """Somebody changed a ticket's status."""
    changes = {"status": Change(old="open", new=status)}
    return TicketChanged(ticket=ticket(ticket_id, number, version, status), by=_AGENT, at=START, changes=changes)
