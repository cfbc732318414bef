"""The intake ledger: what became of every accepted contact.

Documents of `ledger`: `_id` is the contact, `outcome` one of OUTCOMES, `ticket`, `mailbox`, `at` (when it was accepted,
as in `raws`), `run`, `cause` where it was set aside, and of a mail `door` and `envelope_from`, which reading it again
needs. Entries are kept for ever, as raw mail is.
"""

from collections.abc import Iterable

from pymongo import ASCENDING, IndexModel, InsertOne, ReplaceOne

from postroom_ingest.known import OUTCOMES, Outcome
from postroom_plumbing.mongo import Database, Document
from postroom_plumbing.unit import Unit


class Ledger:
    """What became of every accepted contact."""

    def __init__(self, database: Database) -> None:
        self._collection = database["ledger"]

    async def prepare(self) -> None:
        await self._collection.create_indexes(
            [
                IndexModel(  # with the outcome, so that counting an import of millions reads no document
                    [("run", ASCENDING), ("outcome", ASCENDING)],
                    name="run",
                    partialFilterExpression={"run": {"$exists": True}},
                ),
                IndexModel([("at", ASCENDING), ("mailbox", ASCENDING), ("outcome", ASCENDING)], name="counted"),
            ]
        )

    async def known(self, contacts: list[str], unit: Unit) -> dict[str, Outcome]:
        """Those of `contacts` that are in the ledger already, and their outcome."""
        found = self._collection.find({"_id": {"$in": contacts}}, {"outcome": 1}, session=unit.session)
        return {document["_id"]: document["outcome"] async for document in found}

    async def add(self, entries: Iterable[Document], unit: Unit, instead: Iterable[str] = ()) -> None:
        """Enter what became of contacts, inside the caller's transaction.

        Entries of `instead` take the place of those that said the contact was set aside.
        """
        replaced = set(instead)
        writes: list[InsertOne[Document] | ReplaceOne[Document]] = [
            ReplaceOne({"_id": entry["_id"]}, entry) if entry["_id"] in replaced else InsertOne(entry)
            for entry in entries
        ]
        if writes:
            await self._collection.bulk_write(writes, ordered=False, session=unit.session)

    async def page(self, after: str | None, limit: int) -> list[Document]:
        """Entries of contacts that are on a ticket, in the order in which they were accepted, from behind `after`."""
        wanted: Document = {"outcome": {"$in": ["new", "appended"]}}
        if after is not None:
            wanted["_id"] = {"$gt": after}
        return [entry async for entry in self._collection.find(wanted).sort("_id", ASCENDING).limit(limit)]

    async def on_tickets(self, contacts: list[str]) -> list[Document]:
        """The entries of those of `contacts` that are on a ticket."""
        wanted: Document = {"_id": {"$in": contacts}, "outcome": {"$in": ["new", "appended"]}}
        return [entry async for entry in self._collection.find(wanted)]

    async def count_run(self, run: str) -> dict[str, int]:
        """How many mails of an import ended how."""
        counts: dict[str, int] = dict.fromkeys(OUTCOMES, 0)
        groups = self._collection.aggregate(
            [{"$match": {"run": run}}, {"$group": {"_id": "$outcome", "count": {"$sum": 1}}}]
        )
        async for group in groups:
            counts[group["_id"]] = group["count"]
        return counts
