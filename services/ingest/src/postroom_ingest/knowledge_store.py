"""What ingest remembers to thread contacts: Message-IDs seen, and tickets as ingest opened them and desk told of them.

`message_ids`: `_id` is the Message-ID (or the thread key of another channel), `ticket`, and in `copies` what came
under it: `contact`, `ticket`, `fingerprint`, `mailboxes`.
`tickets`: `_id` is the ticket; the fields are those of KnownTicket, and desk's `number` and `version`. An `opening`
is kept of what came in by itself, not of imports.
"""

import struct
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel, InsertOne, UpdateOne

from postroom_contracts.tickets import Ticket
from postroom_ingest.conversation import SIMILAR_DAYS, ticket_numbers
from postroom_ingest.known import Clues, Copy, Knowledge, KnownId, KnownTicket, Learned, Opening
from postroom_plumbing.mongo import Database, Document
from postroom_plumbing.unit import Unit

RECENT_TICKETS = 2_000
"""Of all customers in a batch together: so many of the tickets they opened last are looked at."""
MOMENTS = 200
"""How many moments are kept of automatic mail and of a flood, the newest."""
CHAIN = 10
"""How many tickets further a merged or closed one is followed."""


class KnowledgeStore:
    """Loads what a batch needs to know, and saves what it learned."""

    def __init__(self, database: Database) -> None:
        self._ids = database["message_ids"]
        self._tickets = database["tickets"]

    async def prepare(self) -> None:
        await self._tickets.create_indexes(
            [
                IndexModel([("number", ASCENDING)]),
                IndexModel(
                    [("opening.customer", ASCENDING), ("opening.at", DESCENDING)],
                    name="recent",
                    partialFilterExpression={"opening.at": {"$exists": True}},
                ),
            ]
        )

    async def load(self, batch: Iterable[Clues], unit: Unit) -> Knowledge:
        """What is known about the ids, tickets, numbers and customers that the contacts of a batch name."""
        clues = list(batch)
        knowledge = Knowledge()
        ids = {one for clue in clues for one in (clue.message_id, *clue.answers)}
        ids |= {clue.thread_key for clue in clues if clue.thread_key is not None}
        async for document in self._ids.find({"_id": {"$in": list(ids)}}, session=unit.session):
            knowledge.ids[document["_id"]] = _known_id(document)
        numbers = {number for clue in clues for number in ticket_numbers(clue.subject)}
        tickets = {own for clue in clues for own in clue.own}
        for known in knowledge.ids.values():
            tickets |= {known.ticket, *(copy.ticket for copy in known.copies)}
        await self._load_tickets(knowledge, _named(tickets, numbers), unit)
        await self._load_recent(knowledge, clues, unit)
        await self._load_chains(knowledge, unit)
        return knowledge

    async def _load_tickets(self, knowledge: Knowledge, wanted: Document, unit: Unit) -> None:
        async for document in self._tickets.find(wanted, session=unit.session):
            knowledge.tickets[document["_id"]] = _known_ticket(document)
            if document.get("number") is not None:
                knowledge.by_number[int(document["number"])] = document["_id"]

    async def _load_recent(self, knowledge: Knowledge, clues: list[Clues], unit: Unit) -> None:
        """The tickets that the customers of a batch opened of late."""
        live = [clue for clue in clues if not clue.imported]
        if not live:
            return
        since = min(clue.received_at for clue in live) - timedelta(days=SIMILAR_DAYS)
        customers = sorted({clue.customer for clue in live})
        found = self._tickets.find(
            {"opening.customer": {"$in": customers}, "opening.at": {"$gt": since}}, session=unit.session
        )
        newest = [document async for document in found.sort("opening.at", DESCENDING).limit(RECENT_TICKETS)]
        for document in reversed(newest):
            knowledge.tickets[document["_id"]] = _known_ticket(document)
            knowledge.by_customer.setdefault(document["opening"]["customer"], []).append(document["_id"])

    async def _load_chains(self, knowledge: Knowledge, unit: Unit) -> None:
        """Where merged tickets went, and what followed closed ones: mostly nothing, so no round trip."""
        looked: set[str] = set()
        for _ in range(CHAIN):
            tickets = knowledge.tickets.values()
            further = {one for ticket in tickets for one in (ticket.merged_into, ticket.followed_by) if one}
            further -= knowledge.tickets.keys() | looked
            if not further:
                return
            looked |= further
            await self._load_tickets(knowledge, {"_id": {"$in": list(further)}}, unit)

    async def save(self, knowledge: Knowledge, existing: set[str], unit: Unit) -> None:
        """Save what was learned; `existing` are the Message-IDs that were loaded."""
        ids: list[InsertOne[Document] | UpdateOne] = []
        for message_id in knowledge.changed:
            known = knowledge.ids[message_id]
            fields = {"ticket": known.ticket, "copies": [_copy(one) for one in known.copies]}
            if message_id in existing:
                ids.append(UpdateOne({"_id": message_id}, {"$set": fields}))
            else:
                ids.append(InsertOne({"_id": message_id, **fields}))
        if ids:
            await self._ids.bulk_write(ids, ordered=False, session=unit.session)
        tickets = [
            UpdateOne({"_id": ticket}, update, upsert=True)
            for ticket, learned in knowledge.learned.items()
            if (update := _update(knowledge.tickets[ticket], learned))
        ]
        if tickets:
            await self._tickets.bulk_write(tickets, ordered=False, session=unit.session)

    async def follow(self, told: Iterable[tuple[Ticket, datetime]], unit: Unit) -> None:
        """Keep what desk says of tickets, each as it was after an event, and when that was."""
        writes = [UpdateOne({"_id": ticket.id}, [{"$set": _told(ticket, at)}], upsert=True) for ticket, at in told]
        if writes:
            await self._tickets.bulk_write(writes, session=unit.session)


def _named(tickets: set[str], numbers: set[int]) -> Document:
    by_id: Document = {"_id": {"$in": list(tickets)}}
    return {"$or": [by_id, {"number": {"$in": list(numbers)}}]} if numbers else by_id


def _known_id(document: Document) -> KnownId:
    copies = tuple(_known_copy(one) for one in document.get("copies", ()))
    if not copies and document.get("contact") is not None:  # as version 0.1 kept it
        copies = (Copy(document["contact"], document["ticket"], document["fingerprint"], frozenset()),)
    return KnownId(document["ticket"], copies)


def _known_copy(document: Document) -> Copy:
    return Copy(
        document["contact"],
        document["ticket"],
        document["fingerprint"],
        frozenset(document["mailboxes"]),
        _unpacked(document.get("lines", b"")),
    )


def _packed(numbers: frozenset[int]) -> bytes:
    """Numbers of 32 bits, in their order."""
    return struct.pack(f"<{len(numbers)}I", *sorted(numbers))


def _unpacked(packed: bytes) -> frozenset[int]:
    return frozenset(struct.unpack(f"<{len(packed) // 4}I", packed))


def _copy(copy: Copy) -> Document:
    return {
        "contact": copy.contact,
        "ticket": copy.ticket,
        "fingerprint": copy.fingerprint,
        "mailboxes": sorted(copy.mailboxes),
        "lines": _packed(copy.lines),
    }


def _known_ticket(document: Document) -> KnownTicket:
    participants = document.get("participants", [])
    opening = document.get("opening")
    return KnownTicket(
        document["_id"],
        closed=bool(document.get("closed")),
        closed_at=document.get("closed_at"),
        customer=document.get("customer") or (participants[0] if participants else ""),
        mailbox=document.get("mailbox"),
        participants=frozenset(participants),
        merged_into=document.get("merged_into"),
        followed_by=document.get("followed_by"),
        opening=_opening(opening) if opening else None,
        automatic=tuple(document.get("automatic", ())),
        grown=tuple(document.get("grown", ())),
    )


def _opening(document: Document) -> Opening:
    matter = _unpacked(document["matter"])
    began = document["customer"], document["at"], document["topic"], matter, document["said_at"], document["sender"]
    return Opening(*began, document.get("words", ""))


def _update(ticket: KnownTicket, learned: Learned) -> Document:
    fields: Document = {}
    if learned.opened:
        fields = {"customer": ticket.customer, "mailbox": ticket.mailbox}
        if ticket.opening is not None:
            fields["opening"] = {
                "customer": ticket.opening.customer,
                "at": ticket.opening.at,
                "topic": ticket.opening.topic,
                "matter": _packed(ticket.opening.matter),
                "said_at": ticket.opening.said_at,
                "sender": ticket.opening.sender,
                "words": ticket.opening.words,
            }
    if learned.followed_by is not None:
        fields["followed_by"] = learned.followed_by
    moments = {"automatic": learned.automatic, "grown": learned.grown}
    pushed = {name: {"$each": each, "$slice": -MOMENTS} for name, each in moments.items() if each}
    update: Document = {}
    if fields:
        update["$set"] = fields
    if learned.participants:
        update["$addToSet"] = {"participants": {"$each": sorted(learned.participants)}}
    if pushed:
        update["$push"] = pushed
    return update


def _told(ticket: Ticket, at: datetime) -> Document:
    """Fields from an event, unless a newer one came before; whoever is the customer takes part."""
    newer = {"$gt": [ticket.version, {"$ifNull": ["$version", 0]}]}
    closed = ticket.status == "closed"
    since = {"$cond": ["$closed", {"$ifNull": ["$closed_at", at]}, at]} if closed else None

    def news(name: str, value: Any) -> Document:
        return {"$cond": [newer, value, f"${name}"]}

    customer = ticket.customer.address.lower()
    return {
        "number": ticket.number,
        "closed": news("closed", closed),
        "closed_at": news("closed_at", since),
        "customer": news("customer", {"$literal": customer}),
        "mailbox": news("mailbox", {"$literal": ticket.mailbox}),
        "merged_into": news("merged_into", {"$literal": ticket.merged_into}),
        "version": {"$max": ["$version", ticket.version]},
        "participants": {"$setUnion": [{"$ifNull": ["$participants", []]}, {"$literal": [customer]}]},
    }
