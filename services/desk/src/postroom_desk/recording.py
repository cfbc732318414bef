"""The record role: contacts, decisions, clocks, deliveries and ratings, written to tickets one batch at a time."""

from collections.abc import Sequence

from postroom_contracts import Event
from postroom_contracts.contacts import ContactReceived
from postroom_contracts.csat import SurveyAnswered
from postroom_contracts.delivery import MailFailed, MailSent
from postroom_contracts.routing import RoutingDecided
from postroom_contracts.sla import ClockBreached, ClocksSet, ClockWarned
from postroom_desk.store import Tickets, customer_of
from postroom_desk.tickets import outcomes
from postroom_desk.tickets.record import Record, add_contact, open_ticket
from postroom_plumbing.mongo import Document
from postroom_plumbing.unit import Unit
from postroom_plumbing.wire import Received, of_type

CONSUMES: tuple[type[Event], ...] = (
    ContactReceived,
    RoutingDecided,
    ClocksSet,
    ClockWarned,
    ClockBreached,
    MailSent,
    MailFailed,
    SurveyAnswered,
)


class Recorder:
    """Handles the batches of the record role."""

    def __init__(self, tickets: Tickets) -> None:
        self._tickets = tickets

    async def handle(self, batch: Sequence[Received[Event]], unit: Unit) -> None:
        """Load the tickets a batch is about, let everything happen to them in order, write each once."""
        records = await self._tickets.load({one.event.key for one in batch}, unit)
        contacts = await self._new_contacts(batch, unit)
        numbers = await self._numbers_for(contacts, records)
        for contact in contacts:
            self._contact(contact, records, numbers, unit)
        for one in batch:
            record = records.get(one.event.key)
            if record is not None and not isinstance(one.event, ContactReceived):
                _happen(record, one.event, unit)
                _state(record, one, unit)
        await self._tickets.save(records.values(), unit)
        await self._tickets.set_delivery(_deliveries(batch), unit)
        await self._tickets.remember([entry for one in batch if (entry := _entry(one.event)) is not None], unit)

    async def _new_contacts(self, batch: Sequence[Received[Event]], unit: Unit) -> list[Received[ContactReceived]]:
        contacts = {one.event.contact: one for one in of_type(batch, ContactReceived)}
        if not contacts:
            return []
        known = await self._tickets.known_messages(list(contacts), unit)
        return [one for contact, one in contacts.items() if contact not in known]

    async def _numbers_for(
        self, contacts: Sequence[Received[ContactReceived]], records: dict[str, Record]
    ) -> dict[str, int]:
        """A number for each ticket that does not exist yet; its customers are made known on the way."""
        new = {one.event.ticket: one.event for one in contacts if one.event.ticket not in records}
        if not new:
            return {}
        await self._tickets.note_customers(
            (customer_of(one.sender) for one in new.values()), next(iter(new.values())).received_at
        )
        return dict(zip(new, await self._tickets.numbers(len(new)), strict=True))

    def _contact(
        self, one: Received[ContactReceived], records: dict[str, Record], numbers: dict[str, int], unit: Unit
    ) -> None:
        contact = one.event
        record = records.get(contact.ticket)
        if record is None:
            record = open_ticket(contact, numbers[contact.ticket], customer_of(contact.sender), unit.now)
            records[contact.ticket] = record
        else:
            add_contact(record, contact, unit.now)
        _state(record, one, unit)


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


def _deliveries(batch: Sequence[Received[Event]]) -> dict[str, Document]:
    states: dict[str, Document] = {}
    for one in batch:
        event = one.event
        if not isinstance(event, MailSent | MailFailed) or event.message is None:
            continue
        state: Document = {"state": "sent", "at": event.at, "attempts": event.attempts}
        if isinstance(event, MailFailed):
            state |= {"state": "uncertain" if event.uncertain else "failed", "reason": event.reason}
        kept = states.get(event.message)
        if kept is None or (kept["attempts"], kept["state"] != "sent") < (event.attempts, state["state"] != "sent"):
            states[event.message] = state
    return states


def _entry(event: Event) -> Document | None:
    """The history entry of something that does not change the ticket itself."""
    match event:
        case MailSent() | MailFailed():
            what = "MailSent" if isinstance(event, MailSent) else "MailFailed"
            first = next(iter(event.to), "")  # one attempt may end differently for different recipients
            entry = {"_id": f"{event.outgoing}/{what}/{event.attempts}/{first}", "kind": event.kind, "at": event.at}
            entry["to"] = list(event.to)
            if isinstance(event, MailFailed):
                entry |= {"reason": event.reason, "uncertain": event.uncertain}
            by = "notifier"
        case ClockWarned() | ClockBreached():
            what = type(event).__name__
            entry = {"_id": f"{event.ticket}/{what}/{event.metric}/{event.version}", "at": event.at}
            entry |= {"metric": event.metric, "due_at": event.due_at}
            by = "sla"
        case SurveyAnswered():
            what = "SurveyAnswered"
            entry = {"_id": f"{event.survey}/{what}/{event.answer}", "at": event.at, "rating": event.rating}
            by = "portal"
        case _:
            return None
    return entry | {"ticket": event.key, "what": what, "by": {"kind": "service", "id": by, "name": ""}}
