"""The intake ledger: what became of every accepted mail.

Documents of `ledger`: `_id` is the contact, `outcome` one of OUTCOMES, `ticket`, `mailbox`, `at`, `run`, `cause`.
"""

from pymongo import ASCENDING, IndexModel

from postroom_ingest.conversation import OUTCOMES
from postroom_plumbing.mongo import Database, Document
from postroom_plumbing.unit import Unit


class Ledger:
    """What became of every accepted mail."""

    def __init__(self, database: Database) -> None:
        self._collection = database["ledger"]

    async def prepare(self) -> None:
        await self._collection.create_indexes(
            [
                IndexModel([("run", ASCENDING)], partialFilterExpression={"run": {"$exists": True}}),
                IndexModel([("at", ASCENDING)]),
            ]
        )

    async def known(self, contacts: list[str], unit: Unit) -> set[str]:
        """Those of `contacts` that are in the ledger already."""
        found = self._collection.find({"_id": {"$in": contacts}}, {"_id": 1}, session=unit.session)
        return {document["_id"] async for document in found}

    async def add(self, entries: list[Document], unit: Unit) -> None:
        """Enter what became of mails, inside the caller's transaction."""
        if entries:
            await self._collection.insert_many(entries, ordered=False, session=unit.session)

    async def count_run(self, run: str) -> dict[str, int]:
        """How many mails of an import ended how."""
        counts: dict[str, int] = dict.fromkeys(OUTCOMES, 0)
        groups = self._collection.aggregate(
            [{"$match": {"run": run}}, {"$group": {"_id": "$outcome", "count": {"$sum": 1}}}]
        )
        async for group in groups:
            counts[group["_id"]] = group["count"]
        return counts
