"""The record of a ticket: its state, and what each thing that happens makes of it. Pure; `now` is always given.

Every change goes through `_state`, which raises the version by one and states exactly one event about it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from postroom_contracts.contacts import ContactReceived
from postroom_contracts.tickets import Change, Ticket, TicketChanged, TicketMessageAdded, TicketOpened
from postroom_contracts.values import Actor, Customer, Party, Priority
from postroom_desk.tickets.messages import StoredMessage, contact_message

CHAIN_IDS = 40
"""Message-IDs kept to build References from: the first, and the newest."""
SIMILAR = 20
"""Similar tickets kept of one."""

TicketFact = TicketOpened | TicketMessageAdded | TicketChanged
FINISHED = ("solved", "closed")
NOT_ARRIVED = ("uncertain", "failed", "bounced")
_PRIORITY: Mapping[str, Priority] = {"low": "low", "normal": "normal", "high": "high"}


@dataclass(slots=True)
class Record:
    """A ticket being worked on: where it stands, and what has to be stored and stated."""

    ticket: Ticket
    reply_to: Party
    chain: tuple[str, ...] = ()
    """Message-IDs of the thread, oldest first."""
    routing: dict[str, Any] | None = None
    clocks: list[dict[str, Any]] = field(default_factory=list)
    sla_version: int = 0
    csat: dict[str, Any] | None = None
    placed_by_hand: int = 0
    """The version in which a person last chose queue or agent."""
    opening: dict[str, Any] | None = None
    """The contact that opened it, and when that was last read again: `contact`, `read_at`."""
    warnings: tuple[str, ...] = ()
    """What an agent should beware of, from all its contacts."""
    similar: tuple[str, ...] = ()
    """Tickets that may be about the same matter."""
    not_similar: tuple[str, ...] = ()
    """Those of which an agent said that they are not."""
    mailboxes: tuple[str, ...] = ()
    """All that got one of its mails, the one that opened it first."""
    taken_over: tuple[str, ...] = ()
    """Tickets that were merged into this one, and into those before: their messages are its own."""
    told_reply: dict[str, str] | None = None
    """The newest reply of which anything is known: `reply`, and its `state`."""
    unreached_at: datetime | None = None
    """When it was last told that the acknowledgement did not arrive."""
    reached_at: datetime | None = None
    """When the customer last wrote, or a reply last went out."""
    stored_version: int | None = None
    """The version in the store, None when it is not there yet."""
    touched: bool = False
    messages: list[StoredMessage] = field(default_factory=list)
    events: list[TicketFact] = field(default_factory=list)
    stated: int = 0
    """How many of `events` have been emitted."""

    def state(self, event: TicketFact, ticket: Ticket) -> None:
        """The ticket is now `ticket`, and `event` says so."""
        self.ticket = ticket
        self.events.append(event)
        self.touched = True

    def came_to(self, *mailboxes: str) -> None:
        """Its mails came to these mailboxes, too."""
        known = tuple(dict.fromkeys((*self.mailboxes, *mailboxes)))
        if known != self.mailboxes:
            self.mailboxes, self.touched = known, True

    def offer_similar(self, tickets: Iterable[str]) -> None:
        """Offer tickets that may be about the same matter, but for those that an agent has dismissed."""
        wanted = tuple(one for one in dict.fromkeys((*self.similar, *tickets)) if one not in self.not_similar)
        self.similar = tuple(one for one in wanted if one != self.ticket.id)[:SIMILAR]

    def reached(self, at: datetime) -> None:
        """The customer wrote, or a reply went out to them."""
        if self.reached_at is None or self.reached_at < at:
            self.reached_at, self.touched = at, True

    def unreached(self, at: datetime) -> None:
        """The acknowledgement did not arrive."""
        if self.unreached_at is None or self.unreached_at < at:
            self.unreached_at, self.touched = at, True

    @property
    def delivery_failed(self) -> bool:
        """Whether the newest mail of which anything is known did not arrive: a reply, or the acknowledgement before."""
        if self.unreached_at is not None and (self.reached_at is None or self.reached_at <= self.unreached_at):
            return True
        return self.told_reply is not None and self.told_reply["state"] in NOT_ARRIVED


def chain_of(references: tuple[str, ...], *last: str | None) -> tuple[str, ...]:
    """Message-IDs in order, each once: the first and the newest CHAIN_IDS."""
    chain = tuple(dict.fromkeys([*references, *(one for one in last if one)]))
    return chain if len(chain) <= CHAIN_IDS else (chain[0], *chain[1 - CHAIN_IDS :])


def _reply_to(contact: ContactReceived) -> Party:
    return contact.reply_to[0] if contact.reply_to else contact.sender


def subject_of(line: str) -> str:
    """What a ticket is called after the subject of its first contact."""
    return line.strip() or "(no subject)"


def open_ticket(contact: ContactReceived, number: int, customer: Customer, now: datetime) -> Record:
    """A new ticket for a contact."""
    message = contact_message(contact, contact.ticket)
    ticket = Ticket(
        id=contact.ticket,
        number=number,
        version=1,
        subject=subject_of(contact.subject_line),
        status="new",
        priority=_PRIORITY[contact.importance],
        customer=customer,
        mailbox=contact.mailbox,
        channel=contact.channel,
        language=contact.language,
        opened_at=contact.received_at,
        updated_at=now,
        follows=contact.follows,
    )
    record = Record(ticket, _reply_to(contact), chain_of(contact.references, contact.message_id))
    record.opening = {"contact": contact.contact, "read_at": None}
    _take(record, contact, message)
    opened = TicketOpened(
        ticket=ticket,
        by=message.author,
        at=now,
        message=message.told(),
        reply_to=record.reply_to,
        references=contact.references,
        automatic=contact.automatic,
        imported=contact.imported,
    )
    record.state(opened, ticket)
    return record


def _answers_to(record: Record, contact: ContactReceived) -> Party:
    """Whom answers go to after this contact. Nobody can steer them elsewhere who only says that they belong here."""
    if contact.authentication.dmarc == "fail" or "new-participant" in contact.warnings:
        return record.reply_to
    wanted = _reply_to(contact)
    same_house = _domain(wanted) == _domain(contact.sender)
    return wanted if same_house or wanted.address == record.reply_to.address else contact.sender


def _domain(party: Party) -> str:
    return party.address.rpartition("@")[2].lower()


def add_contact(record: Record, contact: ContactReceived, now: datetime) -> None:
    """The customer (or somebody they copied) wrote again. A person's words reopen; a machine's change nothing."""
    message = contact_message(contact, record.ticket.id)
    _take(record, contact, message)
    record.chain = chain_of(record.chain, *contact.references, contact.message_id)
    changes: dict[str, Change] = {}
    fields: dict[str, Any] = {}
    if contact.automatic is None:
        record.reply_to = _answers_to(record, contact)
        before = record.ticket.status
        if before not in ("new", "open"):
            fields["status"] = "open"
            changes["status"] = Change(old=before, new="open")
        if before in FINISHED:
            fields |= {"solved_at": None, "reopens": record.ticket.reopens + 1}
    _add_message(record, message, fields, changes, message.author, now)


def _take(record: Record, contact: ContactReceived, message: StoredMessage) -> None:
    record.messages.append(message)
    if contact.automatic is None and _same(contact.sender.address, record.ticket.customer.address):
        record.reached(contact.received_at)
    record.came_to(contact.mailbox, *contact.also)
    record.warnings = tuple(dict.fromkeys((*record.warnings, *contact.warnings)))
    record.offer_similar(contact.similar)


def _same(address: str, other: str) -> bool:
    return address.strip().lower() == other.strip().lower()


def _not_before(record: Record, now: datetime) -> datetime:
    """The moment of a change: a ticket's history is in order, although of two transactions at once the one that began
    first may be committed last.
    """
    return max(now, record.ticket.updated_at)


def _add_message(
    record: Record,
    message: StoredMessage,
    fields: dict[str, Any],
    changes: dict[str, Change],
    by: Actor,
    now: datetime,
) -> None:
    at = _not_before(record, now)
    ticket = record.ticket.model_copy(update={**fields, "version": record.ticket.version + 1, "updated_at": at})
    record.state(TicketMessageAdded(ticket=ticket, by=by, at=at, message=message.told(), changes=changes), ticket)


def add_agents_message(record: Record, message: StoredMessage, now: datetime) -> None:
    """An agent's reply or note. A first reply takes a new ticket to open."""
    record.messages.append(message)
    fields: dict[str, Any] = {}
    changes: dict[str, Change] = {}
    if message.kind == "reply":
        record.chain = chain_of(record.chain, message.message_id)
        if record.ticket.status == "new":
            fields["status"] = "open"
            changes["status"] = Change(old="new", new="open")
    _add_message(record, message, fields, changes, message.author, now)


def change(record: Record, wanted: Mapping[str, Any], by: Actor, now: datetime, reason: str = "") -> bool:
    """Set fields of a ticket; False when they already were so (nothing is stated then)."""
    before = record.ticket
    fields = {name: value for name, value in wanted.items() if getattr(before, name) != value}
    if not fields:
        return False
    set_fields(record, fields, by, now, reason)
    return True


def set_fields(record: Record, fields: dict[str, Any], by: Actor, now: datetime, reason: str) -> None:
    """Give fields of a ticket other values, or none at all where the reason says what happened; states it."""
    before = record.ticket
    at = _not_before(record, now)
    changes = {name: Change(old=getattr(before, name), new=value) for name, value in fields.items()}
    status = fields.get("status")
    if status is not None:
        if status in FINISHED and before.status not in FINISHED:
            fields = fields | {"solved_at": at}
        elif status not in FINISHED and before.status in FINISHED:
            fields = fields | {"solved_at": None, "reopens": before.reopens + 1}
    ticket = before.model_copy(update={**fields, "version": before.version + 1, "updated_at": at})
    if by.kind == "agent" and fields.keys() & {"queue", "agent"}:
        record.placed_by_hand = ticket.version
    record.state(TicketChanged(ticket=ticket, by=by, at=at, changes=changes, reason=reason), ticket)
