"""The desk's tickets, messages, history and customers in MongoDB."""

import re
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel, InsertOne, ReplaceOne, ReturnDocument, UpdateOne

from postroom_contracts.tickets import Ticket, TicketChanged, TicketMessageAdded
from postroom_contracts.values import Customer, Party
from postroom_desk.tickets.record import Record, StoredMessage, TicketFact
from postroom_desk.tickets.terms import index_terms
from postroom_plumbing.mongo import Database, Document
from postroom_plumbing.unit import Unit

_CUSTOMERS = uuid.UUID("6f1d2c0e-54c1-4b8e-9b53-0f2f3b1f7a10")


def customer_of(party: Party) -> Customer:
    """The customer an address belongs to: the same address is always the same customer."""
    address = party.address.strip().lower()
    return Customer(id=str(uuid.uuid5(_CUSTOMERS, address)), address=address, name=party.name)


class Tickets:
    """Tickets with their messages and history."""

    def __init__(self, database: Database) -> None:
        self.tickets = database["tickets"]
        self.messages = database["messages"]
        self.history = database["history"]
        self.customers = database["customers"]
        self._counters = database["counters"]

    async def prepare(self) -> None:
        newest = ("updated_at", DESCENDING), ("_id", DESCENDING)
        await self.tickets.create_indexes(
            [
                IndexModel([("number", ASCENDING)], unique=True),
                IndexModel([*newest]),
                IndexModel([("status", ASCENDING), *newest]),
                IndexModel([("queue", ASCENDING), ("status", ASCENDING), *newest]),
                IndexModel([("agent", ASCENDING), ("status", ASCENDING), *newest]),
                IndexModel([("customer.id", ASCENDING), *newest]),
            ]
        )
        await self.messages.create_indexes(
            [
                IndexModel([("ticket", ASCENDING), ("_id", ASCENDING)]),
                IndexModel([("terms", ASCENDING), ("_id", DESCENDING)]),
            ]
        )
        await self.history.create_indexes([IndexModel([("ticket", ASCENDING), ("at", ASCENDING)])])
        await self.customers.create_indexes([IndexModel([("address", ASCENDING)], unique=True)])

    async def numbers(self, count: int) -> range:
        """`count` ticket numbers nobody else gets. Outside any transaction: a hot counter must not be part of one."""
        document = await self._counters.find_one_and_update(
            {"_id": "ticket"}, {"$inc": {"next": count}}, upsert=True, return_document=ReturnDocument.AFTER
        )
        last = int(document["next"])
        return range(last - count + 1, last + 1)

    async def note_customers(self, customers: Iterable[Customer], at: Any) -> None:
        """Make sure customers are known. Outside any transaction: one customer may write to many partitions at once."""
        writes = [
            UpdateOne(
                {"_id": customer.id},
                {"$setOnInsert": {"address": customer.address, "name": customer.name, "first_seen_at": at}},
                upsert=True,
            )
            for customer in {one.id: one for one in customers}.values()
        ]
        if writes:
            await self.customers.bulk_write(writes, ordered=False)

    async def load(self, ids: Iterable[str], unit: Unit) -> dict[str, Record]:
        """The records of tickets that exist, by id."""
        found = self.tickets.find({"_id": {"$in": list(ids)}}, session=unit.session)
        return {document["_id"]: to_record(document) async for document in found}

    async def known_messages(self, ids: Sequence[str], unit: Unit) -> set[str]:
        """Those of `ids` that are stored already."""
        found = self.messages.find({"_id": {"$in": list(ids)}}, {"_id": 1}, session=unit.session)
        return {document["_id"] async for document in found}

    async def save(self, records: Iterable[Record], unit: Unit) -> None:
        """Write what has changed, inside the caller's transaction: one bulk for each collection."""
        changed = [record for record in records if record.touched]
        tickets: list[InsertOne[Document] | ReplaceOne[Document]] = []
        for record in changed:
            document = to_document(record)
            if record.stored_version is None:
                tickets.append(InsertOne(document))
            else:
                tickets.append(ReplaceOne({"_id": record.ticket.id}, document))
        if tickets:
            await self.tickets.bulk_write(tickets, ordered=False, session=unit.session)
        messages = [_message_document(message, record) for record in changed for message in record.messages]
        if messages:
            await self.messages.insert_many(messages, ordered=False, session=unit.session)
        entries = [_history(event) for record in changed for event in record.events]
        if entries:
            await self.history.insert_many(entries, ordered=False, session=unit.session)

    async def remember(self, entries: Iterable[Document], unit: Unit) -> None:
        """Add entries to the history that may have been added before."""
        writes = [UpdateOne({"_id": entry["_id"]}, {"$setOnInsert": entry}, upsert=True) for entry in entries]
        if writes:
            await self.history.bulk_write(writes, ordered=False, session=unit.session)

    async def set_delivery(self, states: dict[str, Document], unit: Unit) -> None:
        """Keep the state of delivery of replies, by message; what an older attempt came to changes nothing.

        Of what one attempt came to for several recipients, a failure is what a person must see.
        """
        writes = [
            UpdateOne(
                {
                    "_id": message,
                    "$or": [
                        {"delivery.attempts": {"$exists": False}},
                        {"delivery.attempts": {"$lt": state["attempts"]}},
                        {"delivery.attempts": state["attempts"], "delivery.state": "sent"},
                    ],
                },
                {"$set": {"delivery": state}},
            )
            for message, state in states.items()
        ]
        if writes:
            await self.messages.bulk_write(writes, ordered=False, session=unit.session)

    async def find(self, id_or_number: str, unit: Unit | None = None) -> Document | None:
        """The document of a ticket by id or number."""
        key: Document = (
            {"number": int(id_or_number)} if re.fullmatch(r"\d{1,12}", id_or_number) else {"_id": id_or_number}
        )
        return await self.tickets.find_one(key, session=unit.session if unit else None)


def to_document(record: Record) -> Document:
    """A record as it is stored: the ticket's fields at the top, so that they can be indexed."""
    document = record.ticket.model_dump()
    document["_id"] = document.pop("id")
    document["tags"] = list(record.ticket.tags)
    return document | {
        "reply_to": record.reply_to.model_dump(),
        "chain": list(record.chain),
        "routing": record.routing,
        "clocks": record.clocks,
        "sla_version": record.sla_version,
        "csat": record.csat,
        "placed_by_hand": record.placed_by_hand,
    }


def to_record(document: Document) -> Record:
    """The record of a stored ticket."""
    return Record(
        ticket=Ticket.model_validate({**document, "id": document["_id"]}),
        reply_to=Party.model_validate(document["reply_to"]),
        chain=tuple(document["chain"]),
        routing=document["routing"],
        clocks=document["clocks"],
        sla_version=document["sla_version"],
        csat=document["csat"],
        placed_by_hand=document["placed_by_hand"],
        stored_version=document["version"],
    )


def _message_document(message: StoredMessage, record: Record) -> Document:
    ticket = record.ticket
    customer = ticket.customer
    return {
        "_id": message.id,
        "ticket": message.ticket,
        "kind": message.kind,
        "at": message.at,
        "author": message.author.model_dump(),
        "text": message.text,
        "html": message.html,
        "text_truncated": message.text_truncated,
        "attachments": [attachment.model_dump() for attachment in message.attachments],
        "raw": message.raw.model_dump() if message.raw else None,
        "message_id": message.message_id,
        "to": [party.model_dump() for party in message.to],
        "cc": [party.model_dump() for party in message.cc],
        "automatic": message.automatic,
        "evidence": message.evidence,
        "defects": list(message.defects),
        "delivery": message.delivery,
        "terms": index_terms(f"#{ticket.number} {ticket.subject}", f"{customer.name} {customer.address}", message.text),
    }


def _history(event: TicketFact) -> Document:
    changes = event.changes if isinstance(event, TicketChanged | TicketMessageAdded) else {}
    return {
        "_id": f"{event.ticket.id}/{event.ticket.version:06d}",
        "ticket": event.ticket.id,
        "version": event.ticket.version,
        "at": event.at,
        "by": event.by.model_dump(),
        "what": type(event).__name__,
        "changes": {name: change.model_dump() for name, change in changes.items()},
        "reason": event.reason if isinstance(event, TicketChanged) else "",
    }
