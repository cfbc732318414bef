"""Reading what came in: raw mail to a contact on its ticket, one batch at a time."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from postroom_contracts import Event
from postroom_contracts.contacts import ContactReceived
from postroom_contracts.inbound import MailReceived
from postroom_contracts.tickets import TicketChanged, TicketMessageAdded, TicketOpened
from postroom_contracts.values import Attachment, Party
from postroom_ingest import parse
from postroom_ingest.conversation import Clues, Decision, answered, decide
from postroom_ingest.knowledge_store import KnowledgeStore
from postroom_ingest.ledger import Ledger
from postroom_ingest.raw import RawStore
from postroom_plumbing import measures
from postroom_plumbing.ids import new_id
from postroom_plumbing.mongo import Document
from postroom_plumbing.tokens import read_own_message_id
from postroom_plumbing.unit import Unit
from postroom_plumbing.wire import Received, of_type

log = logging.getLogger(__name__)

SLICE_BYTES = 16_000_000
"""Raw mail held in memory at once."""
TEXT_CHARS = 64_000
HTML_CHARS = 256_000
"""Caps of what travels in an event; the whole stays in the raw mail."""


@dataclass(frozen=True, slots=True)
class Read:
    """A mail, read."""

    received: Received[MailReceived]
    mail: parse.Mail
    clues: Clues


class Reader:
    """Handles the batches of the reading role."""

    def __init__(self, raws: RawStore, knowledge: KnowledgeStore, ledger: Ledger, secret: str) -> None:
        self._raws = raws
        self._knowledge = knowledge
        self._ledger = ledger
        self._secret = secret

    async def warm_up(self) -> None:
        """Load what reading needs (the language models take a second), so that the first customer need not wait."""
        await asyncio.to_thread(parse.parse, b"Subject: x\r\n\r\nA sentence that is long enough to be guessed at.\r\n")

    async def handle(self, batch: Sequence[Received[Event]], unit: Unit) -> None:
        """Thread and state the mails of a batch, and follow what desk says of tickets."""
        await self._follow_tickets(batch, unit)
        arrived = {one.event.contact: one for one in of_type(batch, MailReceived)}  # a relay may publish one twice
        done = await self._ledger.known(list(arrived), unit) if arrived else set()
        for portion in _slices([one for contact, one in arrived.items() if contact not in done]):
            await self._read(portion, unit)

    async def _read(self, portion: list[Received[MailReceived]], unit: Unit) -> None:
        raws = await self._raws.read([one.event.raw for one in portion])
        mails: list[Read] = []
        for received in portion:
            mails.append(read(received, raws.pop(received.event.contact), self._secret))
            await asyncio.sleep(0)  # a long batch must not keep heartbeats and health from answering
        knowledge = await self._knowledge.load([mail.clues for mail in mails], unit)
        existing = set(knowledge.ids)
        entries: list[Document] = []
        for one in mails:
            event = one.received.event
            decision = decide(one.clues, knowledge, new_id(), event.contact)
            entries.append(_entry(event, decision))
            if decision.outcome != "duplicate":
                unit.emit(contact_event(one, decision), cause=one.received)
        await self._knowledge.save(knowledge, existing, unit)
        await self._ledger.add(entries, unit)
        for entry in entries:
            measures.mails_read.add(1, {"outcome": entry["outcome"]})

    async def _follow_tickets(self, batch: Sequence[Received[Event]], unit: Unit) -> None:
        told = []
        for one in batch:
            event = one.event
            if isinstance(event, TicketOpened) or (
                isinstance(event, TicketChanged | TicketMessageAdded) and "status" in event.changes
            ):
                ticket = event.ticket
                told.append(
                    (ticket.id, ticket.number, ticket.status == "closed", ticket.version, ticket.customer.address)
                )
        await self._knowledge.follow(told, unit)


def _slices(arrived: list[Received[MailReceived]]) -> Iterator[list[Received[MailReceived]]]:
    """Portions of a batch whose raw mail fits into memory."""
    portion: list[Received[MailReceived]] = []
    size = 0
    for one in arrived:
        if portion and size + one.event.raw.size > SLICE_BYTES:
            yield portion
            portion, size = [], 0
        portion.append(one)
        size += one.event.raw.size
    if portion:
        yield portion


def read(received: Received[MailReceived], raw: bytes, secret: str) -> Read:
    """Read a raw mail: pure, and whatever the bytes are."""
    event = received.event
    mail = parse.parse(raw, envelope_from=None if event.door == "import" else event.envelope_from)
    answers = answered(mail.references, mail.in_reply_to)
    own = [token.ticket for answer in answers if (token := read_own_message_id(secret, answer)) is not None]
    clues = Clues(
        message_id=_message_id(mail, event),
        fingerprint=parse.fingerprint(mail),
        sender=mail.from_.address.lower() if mail.from_ else event.envelope_from.lower(),
        subject=mail.subject,
        answers=answers,
        own=tuple(own),
    )
    return Read(received, mail, clues)


def _message_id(mail: parse.Mail, event: MailReceived) -> str:
    """The mail's id; one made from its content where it has none; one of its own where it has not even a date.

    Without a Message-ID and a Date nothing tells a second delivery of one mail from two mails with the same words,
    and of the two mistakes losing a mail is the worse. An import is different: the same bytes are the same mail, so
    that it can be run again.
    """
    if mail.message_id:
        return mail.message_id
    if mail.sent_at is not None:
        return parse.synthetic_message_id(mail)
    return f"{event.raw.sha256[:32]}@import.invalid" if event.door == "import" else f"{event.contact}@contact.invalid"


def _entry(event: MailReceived, decision: Decision) -> Document:
    entry: Document = {
        "_id": event.contact,
        "outcome": decision.outcome,
        "ticket": decision.ticket,
        "mailbox": event.mailbox,
        "at": event.received_at,
    }
    if event.run is not None:
        entry["run"] = event.run
    return entry


def contact_event(one: Read, decision: Decision) -> ContactReceived:
    """The event that tells of a mail and its ticket."""
    event, mail = one.received.event, one.mail
    html = mail.html if mail.html is not None and len(mail.html) <= HTML_CHARS else None
    defects = mail.defects if html is not None or mail.html is None else (*mail.defects, "html-too-long-for-event")
    return ContactReceived(
        contact=event.contact,
        ticket=decision.ticket,
        opens=decision.outcome == "new",
        follows=decision.follows,
        evidence=decision.evidence,
        channel="email",
        mailbox=event.mailbox,
        sender=Party(address=one.clues.sender, name=mail.from_.name if mail.from_ else ""),
        reply_to=_parties(mail.reply_to),
        to=_parties(mail.to),
        cc=_parties(mail.cc),
        subject_line=mail.subject,
        text=mail.text[:TEXT_CHARS],
        text_truncated=len(mail.text) > TEXT_CHARS,
        html=html,
        language=mail.language,
        automatic=mail.automatic,
        importance=mail.importance,
        attachments=tuple(
            Attachment(
                name=part.name,
                content_type=part.content_type,
                size=part.size,
                sha256=part.sha256,
                part=part.part,
                content_id=part.content_id,
                inline=part.inline,
            )
            for part in mail.attachments
        ),
        raw=event.raw,
        message_id=one.clues.message_id,
        references=mail.references or mail.in_reply_to,
        sent_at=mail.sent_at,
        received_at=event.received_at,
        imported=event.door == "import",
        defects=defects,
    )


def _parties(addresses: Sequence[parse.Address]) -> tuple[Party, ...]:
    return tuple(Party(address=one.address, name=one.name) for one in addresses)
