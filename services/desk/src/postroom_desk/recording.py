"""The record role: contacts, decisions, clocks, deliveries and ratings, written to tickets one batch at a time."""

from collections.abc import Sequence
from datetime import datetime

from postroom_contracts import Event
from postroom_contracts.contacts import ContactReceived, ContactReread, ContactSeenAgain
from postroom_contracts.csat import SurveyAnswered
from postroom_contracts.delivery import MailBounced, MailFailed, MailSent
from postroom_contracts.routing import RoutingDecided
from postroom_contracts.sla import ClockBreached, ClocksSet, ClockWarned
from postroom_contracts.values import Customer
from postroom_desk.documents import told_document
from postroom_desk.entries import entry
from postroom_desk.store import Tickets, customer_of
from postroom_desk.tickets import deliveries, outcomes
from postroom_desk.tickets.merging import follow
from postroom_desk.tickets.record import Record, add_contact, open_ticket
from postroom_plumbing.mongo import Document
from postroom_plumbing.unit import Unit
from postroom_plumbing.wire import Received, of_type

CONSUMES: tuple[type[Event], ...] = (
    ContactReceived,
    ContactSeenAgain,
    ContactReread,
    RoutingDecided,
    ClocksSet,
    ClockWarned,
    ClockBreached,
    MailSent,
    MailFailed,
    MailBounced,
    SurveyAnswered,
)
_OF_THE_TICKET_ITSELF = RoutingDecided | ClocksSet | ClockWarned | ClockBreached
"""What is decided about a ticket that was merged meanwhile is void; everything else goes where it was merged into."""


class Recorder:
    """Handles the batches of the record role."""

    def __init__(self, tickets: Tickets) -> None:
        self._tickets = tickets

    async def handle(self, batch: Sequence[Received[Event]], unit: Unit) -> None:
        """Load the tickets a batch is about, let everything happen to them in order, write each once."""
        records = await self._tickets.load({one.event.key for one in batch}, unit)
        contacts = await self._new_contacts(batch, unit)
        await self._note_customers(contacts, records)
        numbers = await self._numbers_for(contacts, records)
        for contact in contacts:
            self._contact(contact, records, numbers, unit)
        others = [one for one in batch if not isinstance(one.event, ContactReceived) and not _void(one.event, records)]
        for one in others:
            record = records.get(follow(one.event.key, records))
            if record is not None:
                _happen(record, one.event, unit)
                _state(record, one, unit)
        await self._delivered([one.event for one in others], records, unit)
        await self._tickets.save(records.values(), unit)
        await self._beside([one.event for one in others], records, unit)

    async def _beside(self, events: Sequence[Event], records: dict[str, Record], unit: Unit) -> None:
        """Keep what changes messages and history only."""
        again = [one for one in events if isinstance(one, ContactSeenAgain | ContactReread)]
        await self._tickets.update_contacts(again, records, unit)
        entries: list[Document] = []
        for event in events:
            found = entry(event, follow(event.key, records))
            if found is not None:
                entries.append(found)
        await self._tickets.remember(entries, unit)

    async def _delivered(self, events: Sequence[Event], records: dict[str, Record], unit: Unit) -> None:
        """Keep what is told of each recipient of replies, and what that makes of the replies and their tickets."""
        told = [one for one in events if isinstance(one, deliveries.Told) and one.kind == "reply"]
        if not told:
            return
        reported = [(_parts(one, records), one.message_id) for one in told if isinstance(one, MailBounced)]
        named = {one.message for one in told if not isinstance(one, MailBounced) and one.message}
        replies = await self._tickets.replies(named, reported, unit)
        changed: dict[str, Document] = {}
        for reply in replies:
            about = [one for one in told if _reply_of(one) in (reply["_id"], reply["message_id"])]
            fields = told_document(reply, about)
            changed[reply["_id"]] = fields
            record = records.get(follow(about[0].ticket, records))
            if record is not None:
                deliveries.note(record, reply["_id"], fields["delivery"]["state"])
        await self._tickets.set_delivery(changed, unit)

    async def _new_contacts(self, batch: Sequence[Received[Event]], unit: Unit) -> list[Received[ContactReceived]]:
        contacts = {one.event.contact: one for one in of_type(batch, ContactReceived)}
        if not contacts:
            return []
        known = await self._tickets.known_messages(list(contacts), unit)
        return [one for contact, one in contacts.items() if contact not in known]

    async def _note_customers(self, contacts: Sequence[Received[ContactReceived]], records: dict[str, Record]) -> None:
        """Make the customers known of the tickets that contacts come to: a new ticket's is who wrote its first one."""
        seen: dict[str, tuple[Customer, datetime]] = {}
        for one in contacts:
            ticket = follow(one.event.ticket, records)
            if ticket not in seen:
                known = records[ticket].ticket if ticket in records else None
                customer = known.customer if known else customer_of(one.event.sender)
                seen[ticket] = customer, known.opened_at if known else one.event.received_at
        await self._tickets.note_customers(seen.values())

    async def _numbers_for(
        self, contacts: Sequence[Received[ContactReceived]], records: dict[str, Record]
    ) -> dict[str, int]:
        """A number for each ticket that does not exist yet."""
        new = dict.fromkeys(one.event.ticket for one in contacts if one.event.ticket not in records)
        return dict(zip(new, await self._tickets.numbers(len(new)), strict=True)) if new else {}

    def _contact(
        self, one: Received[ContactReceived], records: dict[str, Record], numbers: dict[str, int], unit: Unit
    ) -> None:
        contact = one.event
        record = records.get(follow(contact.ticket, records))
        if record is None:
            record = open_ticket(contact, numbers[contact.ticket], customer_of(contact.sender), unit.now)
            records[contact.ticket] = record
        else:
            add_contact(record, contact, unit.now)
        _state(record, one, unit)


def _reply_of(event: deliveries.Told) -> str:
    """By what the reply is known that an event is about: its id, or for a report its Message-ID."""
    return event.message_id if isinstance(event, MailBounced) else event.message or ""


def _parts(event: deliveries.Told, records: dict[str, Record]) -> Sequence[str]:
    """The tickets under which the messages of the one are kept that an event is about."""
    record = records.get(follow(event.ticket, records))
    return (record.ticket.id, *record.taken_over) if record is not None else ()


def _void(event: Event, records: dict[str, Record]) -> bool:
    record = records.get(event.key)
    return isinstance(event, _OF_THE_TICKET_ITSELF) and record is not None and record.ticket.merged_into is not None


def _state(record: Record, cause: Received[Event], unit: Unit) -> None:
    """Emit what the record has to state and has not stated yet; the record keeps it for the history."""
    for event in record.events[record.stated :]:
        unit.emit(event, cause=cause)
    record.stated = len(record.events)


def _happen(record: Record, event: Event, unit: Unit) -> None:
    match event:
        case RoutingDecided():
            outcomes.route(record, event, unit.now)
        case ClocksSet():
            outcomes.set_clocks(record, event)
        case ClockWarned() | ClockBreached():
            outcomes.mark_clock(record, event)
        case SurveyAnswered():
            outcomes.rate(record, event)
        case ContactReread():
            outcomes.reread(record, event, unit.now)
        case MailSent() | MailFailed() | MailBounced():
            deliveries.acknowledged(record, event)
        case ContactSeenAgain():
            record.came_to(event.mailbox)
        case _:
            pass
