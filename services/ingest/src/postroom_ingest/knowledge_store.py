"""What ingest remembers to thread mail: Message-IDs seen, and the tickets as desk told of them.

`message_ids`: `_id` is the Message-ID, `ticket`, and once it has come `contact` and `fingerprint`.
`tickets`: `_id` is the ticket, `number`, `closed`, `participants`, `version`.
"""

from collections.abc import Iterable

from pymongo import ASCENDING, IndexModel, InsertOne, UpdateOne

from postroom_ingest.conversation import Clues, Knowledge, KnownId, KnownTicket, ticket_numbers
from postroom_plumbing.mongo import Database
from postroom_plumbing.unit import Unit


class KnowledgeStore:
    """Loads what a batch needs to know, and saves what it learned."""

    def __init__(self, database: Database) -> None:
        self._ids = database["message_ids"]
        self._tickets = database["tickets"]

    async def prepare(self) -> None:
        await self._tickets.create_indexes([IndexModel([("number", ASCENDING)])])

    async def load(self, batch: Iterable[Clues], unit: Unit) -> Knowledge:
        """What is known about the ids, tickets and numbers that the mails of a batch name."""
        clues = list(batch)
        knowledge = Knowledge()
        ids = {one for clue in clues for one in (clue.message_id, *clue.answers)}
        async for document in self._ids.find({"_id": {"$in": list(ids)}}, session=unit.session):
            knowledge.ids[document["_id"]] = KnownId(
                document["ticket"], document.get("contact"), document.get("fingerprint")
            )
        numbers = {number for clue in clues for number in ticket_numbers(clue.subject)}
        tickets = {known.ticket for known in knowledge.ids.values()} | {own for clue in clues for own in clue.own}
        wanted = {"$or": [{"_id": {"$in": list(tickets)}}, {"number": {"$in": list(numbers)}}]}
        async for document in self._tickets.find(wanted, session=unit.session):
            knowledge.tickets[document["_id"]] = KnownTicket(
                document["_id"], bool(document["closed"]), frozenset(document["participants"])
            )
            knowledge.by_number[int(document["number"])] = document["_id"]
        return knowledge

    async def save(self, knowledge: Knowledge, existing: set[str], unit: Unit) -> None:
        """Save the Message-IDs learned; `existing` are those that were loaded."""
        writes: list[InsertOne[dict[str, object]] | UpdateOne] = []
        for message_id in knowledge.changed:
            known = knowledge.ids[message_id]
            fields = {"ticket": known.ticket, "contact": known.contact, "fingerprint": known.fingerprint}
            if message_id in existing:
                writes.append(UpdateOne({"_id": message_id}, {"$set": fields}))
            else:
                writes.append(InsertOne({"_id": message_id, **fields}))
        if writes:
            await self._ids.bulk_write(writes, ordered=False, session=unit.session)

    async def follow(self, tickets: Iterable[tuple[str, int, bool, int, str]], unit: Unit) -> None:
        """Keep what desk says of tickets: (id, number, closed, version, an address that takes part)."""
        writes = []
        for ticket, number, closed, version, participant in tickets:
            writes.append(
                UpdateOne(
                    {"_id": ticket},
                    [
                        {
                            "$set": {
                                "number": number,
                                "closed": {
                                    "$cond": [{"$gt": [version, {"$ifNull": ["$version", 0]}]}, closed, "$closed"]
                                },
                                "version": {"$max": ["$version", version]},
                                "participants": {
                                    "$setUnion": [{"$ifNull": ["$participants", []]}, {"$literal": [participant]}]
                                },
                            }
                        }
                    ],
                    upsert=True,
                )
            )
        if writes:
            await self._tickets.bulk_write(writes, session=unit.session)
