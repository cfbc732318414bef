"""The desk's tickets, messages, history and customers in MongoDB."""

import re
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime

from pymongo import ASCENDING, DESCENDING, IndexModel, InsertOne, ReplaceOne, ReturnDocument, UpdateOne

from postroom_contracts.contacts import ContactReread, ContactSeenAgain
from postroom_contracts.values import Customer, Party
from postroom_desk.documents import history_document, message_document, reread_document, to_document, to_record
from postroom_desk.tickets.merging import follow
from postroom_desk.tickets.record import Record
from postroom_plumbing.mongo import Database, Document
from postroom_plumbing.unit import Unit

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CUSTOMERS = uuid.UUID("6f1d2c0e-54c1-4b8e-9b53-0f2f3b1f7a10")


def customer_of(party: Party) -> Customer:
    """The customer an identity belongs to (`ann@example.com`, `+49…`, `telegram:123`): one identity, one customer."""
    address = party.address.strip().lower()
    return Customer(id=str(uuid.uuid5(_CUSTOMERS, address)), address=address, name=party.name)


def customer_id(id_or_address: str) -> str:
    """The id of a customer named by their id or by an address or other identity of theirs."""
    is_id = _UUID.fullmatch(id_or_address) is not None
    return id_or_address if is_id else customer_of(Party(address=id_or_address)).id


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
                IndexModel([("mailboxes", ASCENDING), *newest]),
            ]
        )
        # tickets kept before all of their mailboxes were noted
        await self.tickets.update_many({"mailboxes": None}, [{"$set": {"mailboxes": ["$mailbox"]}}])
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

    async def note_customers(self, seen: Iterable[tuple[Customer, datetime]]) -> None:
        """Make sure customers are known, seen when. Outside any transaction: one may write to many partitions at once.

        Who is known is left as they are, which writes nothing.
        """
        first: dict[str, tuple[Customer, datetime]] = {}
        for customer, at in seen:
            first.setdefault(customer.id, (customer, at))
        writes = [
            UpdateOne(
                {"_id": customer.id},
                {"$setOnInsert": {"address": customer.address, "name": customer.name, "first_seen_at": at}},
                upsert=True,
            )
            for customer, at in first.values()
        ]
        if writes:
            await self.customers.bulk_write(writes, ordered=False)

    async def load(self, ids: Iterable[str], unit: Unit) -> dict[str, Record]:
        """The records of tickets that exist, and of those that they were merged into, by id."""
        records: dict[str, Record] = {}
        wanted = set(ids)
        while wanted:
            found = self.tickets.find({"_id": {"$in": list(wanted)}}, session=unit.session)
            loaded = {document["_id"]: to_record(document) async for document in found}
            records |= loaded
            further = {record.ticket.merged_into for record in loaded.values()}
            wanted = {one for one in further if one is not None} - records.keys()
        return records

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
        messages = [message_document(message, record) for record in changed for message in record.messages]
        if messages:
            await self.messages.insert_many(messages, ordered=False, session=unit.session)
        entries = [history_document(event) for record in changed for event in record.events]
        if entries:
            await self.history.insert_many(entries, ordered=False, session=unit.session)

    async def remember(self, entries: Iterable[Document], unit: Unit) -> None:
        """Add entries to the history that may have been added before."""
        writes = [UpdateOne({"_id": entry["_id"]}, {"$setOnInsert": entry}, upsert=True) for entry in entries]
        if writes:
            await self.history.bulk_write(writes, ordered=False, session=unit.session)

    async def replies(
        self, ids: Iterable[str], reported: Iterable[tuple[Sequence[str], str]], unit: Unit
    ) -> list[Document]:
        """Replies by id, and those on some tickets by Message-ID: whom they went to, and what was told of them."""
        wanted: list[Document] = [{"_id": {"$in": list(ids)}}]
        wanted += [
            {"ticket": {"$in": list(tickets)}, "kind": "reply", "message_id": message_id}
            for tickets, message_id in reported
        ]
        fields = dict.fromkeys(("at", "message_id", "to.address", "cc.address", "tidings"), 1)
        return [one async for one in self.messages.find({"$or": wanted}, fields, session=unit.session)]

    async def set_delivery(self, states: dict[str, Document], unit: Unit) -> None:
        """Set fields of replies, by id."""
        writes = [UpdateOne({"_id": message}, {"$set": state}) for message, state in states.items()]
        if writes:
            await self.messages.bulk_write(writes, ordered=False, session=unit.session)

    async def update_contacts(
        self, again: Iterable[ContactSeenAgain | ContactReread], records: dict[str, Record], unit: Unit
    ) -> None:
        """Note on contacts that are there already where else they came in, and what they say when read again."""
        writes = []
        for event in again:
            if isinstance(event, ContactSeenAgain):
                elsewhere = {"_id": event.contact, "mailbox": {"$ne": event.mailbox}}
                writes.append(UpdateOne(elsewhere, {"$addToSet": {"also": event.mailbox}}))
            else:
                record = records.get(follow(event.ticket, records))
                older = {"_id": event.contact, "reread_at": {"$not": {"$gte": event.at}}}
                fields = reread_document(event, record.ticket if record else None)
                writes.append(UpdateOne(older, {"$set": fields}))
        if writes:
            await self.messages.bulk_write(writes, session=unit.session)

    async def summaries(self, ids: Iterable[str]) -> list[Document]:
        """Number, subject and status of those of `ids` that were not merged, in that order."""
        order = {ticket: at for at, ticket in enumerate(ids)}
        if not order:
            return []
        wanted = {"_id": {"$in": list(order)}, "merged_into": None}
        found = self.tickets.find(wanted, {"number": 1, "subject": 1, "status": 1})
        return sorted([one async for one in found], key=lambda one: order[one["_id"]])

    async def find(self, id_or_number: str, unit: Unit | None = None) -> Document | None:
        """The document of a ticket by id or number."""
        key: Document = (
            {"number": int(id_or_number)} if re.fullmatch(r"\d{1,12}", id_or_number) else {"_id": id_or_number}
        )
        return await self.tickets.find_one(key, session=unit.session if unit else None)
