"""Raw mail, kept as it came, encrypted.

Documents of `raws`: `_id` is `<contact>/<n>`, `data` the n-th piece, sealed for that place. The first piece
also says what the whole is.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pymongo import ASCENDING, IndexModel

from postroom_contracts.values import Channel, ClaimCheck, Door
from postroom_plumbing.errors import PermanentError
from postroom_plumbing.mongo import Database, Document
from postroom_plumbing.sealing import Sealer
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
    door: Door
    run: str | None = None
    also: tuple[str, ...] = ()
    """Other mailboxes that the same envelope named."""
    peer: str | None = None
    """The IP address it came from, where the door knows it."""
    helo: str | None = None
    tls: str | None = None
    """The version of TLS it came under, such as `TLSv1.3`."""
    imported: bool = False
    """Whether it is old mail brought over."""
    channel: Channel = "email"
    """For another than mail, `raw` is a submission as JSON."""
    thread_key: str | None = None
    """The conversation a submission belongs to."""
    key: tuple[str, str] | None = None
    """The door and the idempotency key it came with."""


def _pieces(size: int) -> int:
    return max(1, -(-size // PIECE_BYTES))


class RawMissingError(PermanentError):
    """There is no such raw mail, or not all of it."""


class RawStore:
    """Raw mail by claim check."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._collection = database["raws"]
        self._sealer = sealer

    async def prepare(self) -> None:
        await self._collection.create_indexes(
            [IndexModel([("run", ASCENDING)], partialFilterExpression={"run": {"$exists": True}})]
        )

    async def add(self, mails: Iterable[tuple[ClaimCheck, Incoming]], unit: Unit) -> None:
        """Store mails inside the caller's transaction."""
        documents: list[Document] = []
        for check, mail in mails:
            for n in range(_pieces(check.size)):
                place = f"{check.id}/{n}"
                piece = mail.raw[n * PIECE_BYTES : (n + 1) * PIECE_BYTES]
                document: Document = {"_id": place, "data": self._sealer.seal(piece, place)}
                if n == 0:
                    document |= {"sha256": check.sha256, "size": check.size, "mailbox": mail.mailbox, "at": unit.now}
                    if mail.channel != "email":
                        document["channel"] = mail.channel
                    if mail.run is not None:
                        document["run"] = mail.run
                documents.append(document)
        if documents:
            await self._collection.insert_many(documents, ordered=False, session=unit.session)

    async def read(self, checks: Iterable[ClaimCheck]) -> dict[str, bytes]:
        """The raw mails by id.

        Raises:
            RawMissingError: one of them is not there.
            SealError: it was encrypted with a secret that is not known any more.
        """
        wanted = {check.id: check.size for check in checks}
        ids = [f"{contact}/{n}" for contact, size in wanted.items() for n in range(_pieces(size))]
        pieces = {
            document["_id"]: self._sealer.open(document["data"], document["_id"])
            async for document in self._collection.find({"_id": {"$in": ids}}, {"data": 1})
        }
        if len(pieces) != len(ids):
            raise RawMissingError(f"{len(ids) - len(pieces)} pieces of raw mail are missing")
        return {
            contact: b"".join(pieces[f"{contact}/{n}"] for n in range(_pieces(size)))
            for contact, size in wanted.items()
        }

    async def find(self, contact: str) -> tuple[ClaimCheck, Channel] | None:
        """The claim check of a raw mail or submission and its channel, or None."""
        wanted = {"sha256": 1, "size": 1, "channel": 1}
        document = await self._collection.find_one({"_id": f"{contact}/0"}, wanted)
        if document is None:
            return None
        check = ClaimCheck(store="ingest", id=contact, sha256=document["sha256"], size=document["size"])
        return check, document.get("channel", "email")

    async def count_run(self, run: str) -> int:
        """How many mails an import has handed in."""
        return await self._collection.count_documents({"run": run})
