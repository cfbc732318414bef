"""What the notifier keeps: `tickets` (what is known of each) and `outgoing` (each mail and its state).

Claims run by MongoDB's clock, so that processes need not agree on the time.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from pymongo import ASCENDING, IndexModel, InsertOne, ReplaceOne, UpdateOne

from postroom_contracts.config import Mailbox
from postroom_notifier.domain import Memory
from postroom_notifier.outgoing import Outgoing, Settled, State
from postroom_plumbing.mongo import Database, Document

_memory = TypeAdapter(Memory)
_outgoing = TypeAdapter(Outgoing)
_DUE = [("state", ASCENDING), ("next_at", ASCENDING)]
_WITHOUT_RAW = {"raw": 0}


class Store:
    """The notifier's database. Methods that take a session belong to the caller's transaction."""

    def __init__(self, database: Database, claim_seconds: float = 30) -> None:
        self._tickets = database["tickets"]
        self._outgoing = database["outgoing"]
        self._settings = database["settings"]
        self._until = {"$add": ["$$NOW", int(claim_seconds * 1000)]}

    async def prepare(self) -> None:
        """Create the indexes by which mails are found: by state, those due first; acknowledgements by who got them."""
        acknowledgements = {"kind": "acknowledgement"}
        await self._outgoing.create_indexes(
            [
                IndexModel(_DUE, name="due"),
                IndexModel([("to", ASCENDING), ("queued_at", ASCENDING)], partialFilterExpression=acknowledgements),
            ]
        )

    # What is known

    async def memories(self, tickets: Collection[str], session: Any) -> dict[str, Memory]:
        """What is known of these tickets; unknown ones are left out."""
        found = self._tickets.find({"_id": {"$in": list(tickets)}}, session=session)
        return {document["_id"]: _remembered(document) async for document in found}

    async def existing(self, outgoing: Collection[str], session: Any) -> set[str]:
        """Which of these outgoing mails there are already."""
        found = self._outgoing.find({"_id": {"$in": list(outgoing)}}, {"_id": 1}, session=session)
        return {document["_id"] async for document in found}

    async def acknowledged(self, addresses: Collection[str], since: datetime, session: Any) -> list[tuple[str, str]]:
        """(address, subject) of the acknowledgements that these addresses were sent since a moment."""
        wanted = {"kind": "acknowledgement", "to": {"$in": list(addresses)}, "queued_at": {"$gte": since}}
        found = self._outgoing.find(wanted, {"to": 1, "subject_line": 1}, session=session)
        return [(address, one["subject_line"]) async for one in found for address in one["to"]]

    async def mailboxes(self, ids: Collection[str], session: Any) -> dict[str, Mailbox]:
        """Mailboxes as the settings have them this very moment, this transaction's own changes included."""
        wanted = {"_id": {"$in": [f"mailbox/{one}" for one in ids]}, "value": {"$ne": None}}
        found = self._settings.find(wanted, session=session)
        return {document["id"]: Mailbox.model_validate(document["value"]) async for document in found}

    async def save(self, memories: Iterable[Memory], mails: Iterable[Outgoing], session: Any) -> None:
        """Keep memories, and queue mails that `existing` did not know."""
        changed = [ReplaceOne({"_id": one.ticket}, _memory_document(one), upsert=True) for one in memories]
        if changed:
            await self._tickets.bulk_write(changed, ordered=False, session=session)
        queued = [InsertOne(_outgoing_document(one)) for one in mails]
        if queued:
            await self._outgoing.bulk_write(queued, ordered=False, session=session)

    # Sending

    async def due(self, now: datetime, limit: int) -> list[str]:
        """Queued mails that may be tried now, the longest due first."""
        found = self._outgoing.find({"state": "queued", "next_at": {"$lte": now}}, {"_id": 1})
        return [document["_id"] async for document in found.sort("next_at", ASCENDING).limit(limit)]

    async def claim(self, owner: str, ids: Sequence[str]) -> list[Outgoing]:
        """Claim those of the queued mails `ids` that nobody else has claimed in between."""
        await self._outgoing.update_many(
            {"_id": {"$in": list(ids)}, "state": "queued"},
            [{"$set": {"state": "claimed", "owner": owner, "until": self._until}}],
        )
        found = self._outgoing.find({"_id": {"$in": list(ids)}, "state": "claimed", "owner": owner})
        return sorted([_mail(document) async for document in found], key=lambda mail: mail.next_at)

    async def begin(self, owner: str, ids: Sequence[str]) -> set[str]:
        """Record an attempt at each of these claimed mails; those returned are ours to send now, no others."""
        result = await self._outgoing.update_many(
            {"_id": {"$in": list(ids)}, "state": "claimed", "owner": owner},
            [{"$set": {"state": "sending", "attempts": {"$add": ["$attempts", 1]}, "until": self._until}}],
        )
        if result.modified_count == len(ids):
            return set(ids)
        ours = self._outgoing.find({"_id": {"$in": list(ids)}, "state": "sending", "owner": owner}, {"_id": 1})
        return {document["_id"] async for document in ours}

    async def settle(self, owner: str, settled: Iterable[Settled], session: Any) -> set[str]:
        """Record the outcomes of attempts that `owner` made, also where it was given up for dead meanwhile.

        Returns the mails it recorded: not those whose outcome was recorded before, or that a person has put back.
        """
        by_id = {one.id: one for one in settled}
        ours = {"_id": {"$in": list(by_id)}, "state": {"$in": ["sending", "uncertain"]}, "owner": owner}
        found = self._outgoing.find(ours, {"_id": 1}, session=session)
        unsettled = {document["_id"] async for document in found}
        if unsettled:
            await self._outgoing.bulk_write(
                [UpdateOne({"_id": one}, _settlement(by_id[one])) for one in unsettled],
                ordered=False,
                session=session,
            )
        return unsettled

    async def renew(self, owner: str) -> None:
        """Say that `owner` is alive."""
        await self._outgoing.update_many(
            {"state": {"$in": ["claimed", "sending"]}, "owner": owner}, [{"$set": {"until": self._until}}]
        )

    async def release(self, owner: str) -> None:
        """Give back what `owner` has claimed and not begun."""
        await self._outgoing.update_many(
            {"state": "claimed", "owner": owner}, {"$set": {"state": "queued", "owner": None}}
        )

    async def take_back(self) -> None:
        """Queue again what dead processes had claimed and not begun."""
        await self._outgoing.update_many(
            {"state": "claimed", "$expr": _RUN_OUT}, {"$set": {"state": "queued", "owner": None}}
        )

    async def abandoned(self, session: Any) -> list[Outgoing]:
        """Mails that dead processes were sending."""
        found = self._outgoing.find({"state": "sending", "$expr": _RUN_OUT}, _WITHOUT_RAW, session=session)
        return [_mail(document) async for document in found.limit(100)]

    async def give_up(self, settled: Iterable[Settled], session: Any) -> None:
        """Record what became of abandoned mails; the owner stays, in case it lives after all and knows better."""
        await self._outgoing.bulk_write(
            [UpdateOne({"_id": one.id, "state": "sending"}, _settlement(one)) for one in settled],
            ordered=False,
            session=session,
        )

    # For people

    async def listed(self, state: State | None, limit: int) -> list[Outgoing]:
        """Mails without their bytes, by state and by when they are or were due."""
        found = self._outgoing.find({"state": state} if state else {}, _WITHOUT_RAW).sort(_DUE).limit(limit)
        return [_mail(document) async for document in found]

    async def find(self, outgoing: str, session: Any) -> Outgoing | None:
        """One mail with its bytes."""
        document = await self._outgoing.find_one({"_id": outgoing}, session=session)
        return None if document is None else _mail(document)

    async def put_back(self, mail: Outgoing, settled: Settled, session: Any) -> None:
        """Record a person's decision to send `mail` again."""
        update = _settlement(settled)
        update["$set"]["owner"] = None
        await self._outgoing.update_one({"_id": mail.id, "state": mail.state}, update, session=session)


_RUN_OUT: Mapping[str, Any] = {"$lte": ["$until", "$$NOW"]}


def _settlement(one: Settled) -> Document:
    """The bytes of a mail are forgotten once everybody has got it."""
    update: Document = {
        "$set": {
            "state": one.state,
            "left": list(one.left),
            "refused": list(one.refused),
            "deferrals": one.deferrals,
            "next_at": one.next_at,
            "reason": one.reason,
        }
    }
    if one.state == "sent":
        update["$set"]["raw"] = b""
    return update


def _memory_document(memory: Memory) -> Document:
    document: Document = _memory.dump_python(memory, exclude={"ticket"})
    return document | {"_id": memory.ticket, "decided": sorted(memory.decided)}


def _remembered(document: Document) -> Memory:
    return _memory.validate_python({**document, "ticket": document["_id"]})


def _outgoing_document(mail: Outgoing) -> Document:
    document = asdict(mail)
    document["_id"] = document.pop("id")
    return document


def _mail(document: Document) -> Outgoing:
    return _outgoing.validate_python({"raw": b"", **document, "id": document["_id"]})
