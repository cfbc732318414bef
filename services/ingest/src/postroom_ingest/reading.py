"""Reading what came in: raw mail and submissions to contacts on their tickets, one batch at a time."""

import asyncio
import logging
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from functools import partial

from postroom_contracts import Event
from postroom_contracts.agents import AgentChanged
from postroom_contracts.contacts import ContactSeenAgain
from postroom_contracts.inbound import MailReceived, SubmissionReceived
from postroom_contracts.tickets import TicketChanged, TicketMessageAdded, TicketOpened
from postroom_ingest import parse
from postroom_ingest.agents_view import AgentsView
from postroom_ingest.contact import Arrived, Lens, Read, read
from postroom_ingest.conversation import Decision, Rules, decide
from postroom_ingest.knowledge_store import KnowledgeStore
from postroom_ingest.ledger import Ledger
from postroom_ingest.origin import Origins
from postroom_ingest.raw import RawStore
from postroom_ingest.set_aside import SetAsideStore
from postroom_ingest.telling import contact_event
from postroom_plumbing import measures
from postroom_plumbing.ids import new_id
from postroom_plumbing.mongo import Document
from postroom_plumbing.unit import Unit
from postroom_plumbing.wire import Received, of_type

log = logging.getLogger(__name__)

SLICE_BYTES = 16_000_000
"""Raw mail held in memory at once."""
_FOLLOWED = {"status", "merged_into", "customer", "mailbox"}
"""Fields of a ticket that matter for threading."""
Arrivals = list[Received[Arrived]]


class Reader:
    """Handles the batches of the reading role."""

    def __init__(
        self,
        raws: RawStore,
        knowledge: KnowledgeStore,
        ledger: Ledger,
        set_aside: SetAsideStore,
        agents: AgentsView,
        origins: Origins,
        rules: Callable[[], Rules],
        lens: Callable[[], Lens],
    ) -> None:
        """`rules` and `lens` say what the settings are now."""
        self._raws = raws
        self._knowledge = knowledge
        self._ledger = ledger
        self._set_aside = set_aside
        self._agents = agents
        self._origins = origins
        self._rules = rules
        self._lens = lens

    async def warm_up(self) -> None:
        """Load what reading needs (the language models take a second), so that the first customer need not wait."""
        await asyncio.to_thread(parse.parse, b"Subject: x\r\n\r\nA sentence that is long enough to be guessed at.\r\n")

    async def handle(self, batch: Sequence[Received[Event]], unit: Unit) -> None:
        """Thread and state the contacts of a batch, and follow what desk says of tickets."""
        await self._agents.apply([one.event for one in of_type(batch, AgentChanged)], unit)
        await self._follow_tickets(batch, unit)
        came: Arrivals = [*of_type(batch, MailReceived), *of_type(batch, SubmissionReceived)]
        arrived = {one.event.contact: one for one in came}  # a relay may publish one twice
        done = await self._ledger.known(list(arrived), unit) if arrived else {}
        left = [one for contact, one in arrived.items() if contact not in done or _let_in(one, done[contact])]
        for portion in _slices(left):
            await self._read(portion, unit, done)

    async def _read(self, portion: Arrivals, unit: Unit, done: Container[str]) -> None:
        """Read contacts; those of `done` are in the ledger as set aside."""
        contacts = await self._opened(portion)
        knowledge = await self._knowledge.load([one.clues for one in contacts], unit)
        existing = set(knowledge.ids)
        rules = self._rules()
        entries: list[Document] = []
        aside: list[Document] = []
        for received, one in zip(portion, contacts, strict=True):
            event = one.event
            decision = decide(one.clues, knowledge, rules, new_id(), event.contact)
            entries.append(_entry(event, decision))
            if decision.cause is not None:
                aside.append(SetAsideStore.entry(event, decision.cause, contact_event(one, decision)))
            for told in _told(one, decision):
                unit.emit(told, cause=received)
        await self._knowledge.save(knowledge, existing, unit)
        await self._set_aside.add(aside, unit)
        await self._ledger.add(entries, unit, instead=[entry["_id"] for entry in entries if entry["_id"] in done])
        unit.after(partial(_count, entries))

    async def _opened(self, portion: Arrivals) -> list[Read]:
        """The contacts of a portion, read, and what is known of where the mails among them came from."""
        raws = await self._raws.read([one.event.raw for one in portion])
        origins = await self._origins.judge([(one.event, raws[one.event.contact]) for one in portion])
        lens = self._lens()
        contacts: list[Read] = []
        for received in portion:
            event = received.event
            one = read(event, raws.pop(event.contact), lens, origins.get(event.contact))
            contacts.append(one)
            await asyncio.sleep(0)  # a long batch must not keep heartbeats and health from answering
        return contacts

    async def _follow_tickets(self, batch: Sequence[Received[Event]], unit: Unit) -> None:
        told = [
            (one.event.ticket, one.event.at)
            for one in batch
            if isinstance(one.event, TicketOpened)
            or (isinstance(one.event, TicketChanged | TicketMessageAdded) and _FOLLOWED & one.event.changes.keys())
        ]
        await self._knowledge.follow(told, unit)


def _count(entries: Iterable[Document]) -> None:
    """Record what became of contacts."""
    for entry in entries:
        measures.mails_read.add(1, {"outcome": entry["outcome"]})
        if "cause" in entry:
            measures.mails_set_aside.add(1, {"cause": entry["cause"]})


def _let_in(received: Received[Arrived], outcome: str) -> bool:
    """Whether a contact that is in the ledger is to be read once more, because an agent let it in."""
    return received.event.released and outcome == "set-aside"


def _slices(arrived: Arrivals) -> Iterator[Arrivals]:
    """Portions of a batch whose sources fit into memory."""
    portion: Arrivals = []
    size = 0
    for one in arrived:
        if portion and size + one.event.raw.size > SLICE_BYTES:
            yield portion
            portion, size = [], 0
        portion.append(one)
        size += one.event.raw.size
    if portion:
        yield portion


def _entry(event: Arrived, decision: Decision) -> Document:
    entry: Document = {
        "_id": event.contact,
        "outcome": decision.outcome,
        "ticket": decision.ticket,
        "mailbox": event.mailbox,
        "at": event.received_at,
    }
    if decision.cause is not None:
        entry["cause"] = decision.cause
    if isinstance(event, MailReceived):
        entry |= {"door": event.door, "envelope_from": event.envelope_from}
        if event.run is not None:
            entry["run"] = event.run
    return entry


def _told(one: Read, decision: Decision) -> Iterable[Event]:
    """What is to be stated of a contact. That a mail of ours bounced is true even if the report itself is set aside."""
    if decision.outcome == "duplicate":
        yield from _seen_again(one.event, decision)
        return
    if decision.cause is None:
        yield contact_event(one, decision)
    if not one.event.released:
        yield from one.bounces


def _seen_again(event: Arrived, decision: Decision) -> Iterable[ContactSeenAgain]:
    """What is to be told of a mail that came before, but not to this mailbox."""
    for mailbox in decision.elsewhere if decision.first is not None else ():
        yield ContactSeenAgain(
            contact=decision.first or event.contact,
            ticket=decision.ticket,
            mailbox=mailbox,
            again=event.contact,
            received_at=event.received_at,
        )
