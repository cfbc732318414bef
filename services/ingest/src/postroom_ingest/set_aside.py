"""What was set aside instead of going onto a ticket: it can be listed, read and let in.

Documents of `set_aside`: `_id` is the contact, `cause`, `at`, `mailbox`, `contact` as it was read (and redacted), and
`arrival`, the event it came with. `released_at` once somebody let it in. They are kept for ever: nothing that was
accepted is thrown away.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import DESCENDING, IndexModel

from postroom_contracts.contacts import ContactReceived
from postroom_contracts.inbound import MailReceived, SubmissionReceived
from postroom_ingest.known import Cause
from postroom_plumbing.mongo import Database, Document
from postroom_plumbing.unit import Unit

Arrival = MailReceived | SubmissionReceived
_ARRIVALS: dict[str, type[MailReceived] | type[SubmissionReceived]] = {
    one.__name__: one for one in (MailReceived, SubmissionReceived)
}
_LISTED = {"cause": 1, "at": 1, "mailbox": 1, "contact.sender": 1, "contact.subject_line": 1, "released_at": 1}


@dataclass(frozen=True, slots=True)
class SetAside:
    """A contact that was set aside."""

    contact: str
    cause: Cause
    at: datetime
    mailbox: str
    sender: str
    subject: str
    released_at: datetime | None
    read: dict[str, Any] | None = None
    """The contact as it was read; None in lists."""


class SetAsideStore:
    """What was set aside."""

    def __init__(self, database: Database) -> None:
        self._collection = database["set_aside"]

    async def prepare(self) -> None:
        await self._collection.create_indexes(
            [IndexModel([("waiting", DESCENDING), ("_id", DESCENDING)], name="waiting")]
        )

    @staticmethod
    def entry(arrival: Arrival, cause: Cause, read: ContactReceived) -> Document:
        """What is kept of one."""
        return {
            "_id": arrival.contact,
            "cause": cause,
            "at": arrival.received_at,
            "mailbox": arrival.mailbox,
            "contact": read.model_dump(mode="json"),
            "type": type(arrival).__name__,
            "arrival": arrival.model_dump(mode="json"),
            "waiting": True,
        }

    async def add(self, entries: list[Document], unit: Unit) -> None:
        """Keep them, inside the caller's transaction."""
        if entries:
            await self._collection.insert_many(entries, ordered=False, session=unit.session)

    async def page(self, limit: int, before: str | None) -> list[SetAside]:
        """Those that wait, the newest first, from behind the contact `before`."""
        wanted: Document = {"waiting": True}
        if before is not None:
            wanted["_id"] = {"$lt": before}
        found = self._collection.find(wanted, _LISTED).sort("_id", DESCENDING).limit(limit)
        return [_set_aside(document) async for document in found]

    async def find(self, contact: str) -> SetAside | None:
        """One of them, let in or not, with all that can be read of it."""
        document = await self._collection.find_one({"_id": contact}, {"arrival": 0})
        return _set_aside(document, document["contact"]) if document is not None else None

    async def release(self, contact: str, unit: Unit) -> bool | None:
        """Let one in: state its arrival again. False where that was done before, None where there is none."""
        document = await self._collection.find_one({"_id": contact}, session=unit.session)
        if document is None:
            return None
        if not document["waiting"]:
            return False
        arrival = _ARRIVALS[document["type"]].model_validate(document["arrival"])
        unit.emit(arrival.model_copy(update={"released": True}))
        change = {"$set": {"waiting": False, "released_at": unit.now}}
        await self._collection.update_one({"_id": contact}, change, session=unit.session)
        return True


def _set_aside(document: Document, read: dict[str, Any] | None = None) -> SetAside:
    return SetAside(
        document["_id"],
        document["cause"],
        document["at"],
        document["mailbox"],
        document["contact"]["sender"]["address"],
        document["contact"]["subject_line"],
        document.get("released_at"),
        read,
    )
