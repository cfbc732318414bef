"""Raw mail, kept as it came.

Documents of `raws`: `_id` is `<contact>/<n>`, `data` the n-th piece. The first piece also says what the whole is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pymongo import ASCENDING, IndexModel

from postroom_contracts.values import ClaimCheck
from postroom_plumbing.errors import PermanentError
from postroom_plumbing.mongo import Database, Document
from postroom_plumbing.unit import Unit

PIECE_BYTES = 4_000_000
"""Well below MongoDB's 16 MB a document."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A mail as a door got it."""

    raw: bytes
    mailbox: str
    envelope_from: str
    envelope_to: tuple[str, ...]
    door: Literal["smtp", "import"]
    run: str | None = None


def _pieces(size: int) -> int:
    return max(1, -(-size // PIECE_BYTES))


class RawMissingError(PermanentError):
    """There is no such raw mail, or not all of it."""


class RawStore:
    """Raw mail by claim check."""

    def __init__(self, database: Database) -> None:
        self._collection = database["raws"]

    async def prepare(self) -> None:
        await self._collection.create_indexes(
            [IndexModel([("run", ASCENDING)], partialFilterExpression={"run": {"$exists": True}})]
        )

    async def add(self, mails: Iterable[tuple[ClaimCheck, Incoming]], unit: Unit) -> None:
        """Store mails inside the caller's transaction."""
        documents: list[Document] = []
        for check, mail in mails:
            for n in range(_pieces(check.size)):
                document: Document = {
                    "_id": f"{check.id}/{n}",
                    "data": mail.raw[n * PIECE_BYTES : (n + 1) * PIECE_BYTES],
                }
                if n == 0:
                    document |= {"sha256": check.sha256, "size": check.size, "mailbox": mail.mailbox, "at": unit.now}
                    if mail.run is not None:
                        document["run"] = mail.run
                documents.append(document)
        await self._collection.insert_many(documents, ordered=False, session=unit.session)

    async def read(self, checks: Iterable[ClaimCheck]) -> dict[str, bytes]:
        """The raw mails by id.

        Raises:
            RawMissingError: one of them is not there.
        """
        wanted = {check.id: check.size for check in checks}
        ids = [f"{contact}/{n}" for contact, size in wanted.items() for n in range(_pieces(size))]
        pieces = {
            document["_id"]: document["data"]
            async for document in self._collection.find({"_id": {"$in": ids}}, {"data": 1})
        }
        if len(pieces) != len(ids):
            raise RawMissingError(f"{len(ids) - len(pieces)} pieces of raw mail are missing")
        return {
            contact: b"".join(pieces[f"{contact}/{n}"] for n in range(_pieces(size)))
            for contact, size in wanted.items()
        }

    async def find(self, contact: str) -> ClaimCheck | None:
        """The claim check of a raw mail, or None."""
        document = await self._collection.find_one({"_id": f"{contact}/0"}, {"sha256": 1, "size": 1})
        if document is None:
            return None
        return ClaimCheck(store="ingest", id=contact, sha256=document["sha256"], size=document["size"])

    async def count_run(self, run: str) -> int:
        """How many mails an import has handed in."""
        return await self._collection.count_documents({"run": run})
