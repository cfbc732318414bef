"""The clocks in MongoDB: one document per ticket.

`next_at` is the earliest moment at which one of the ticket's clocks has something to say; it is absent where none has,
so its sparse index holds running clocks only and does not grow with history.
"""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any

from pymongo import ASCENDING, IndexModel, InsertOne, ReplaceOne

from postroom_contracts.sla import Clock
from postroom_plumbing.errors import StaleError
from postroom_plumbing.mongo import Database, Document
from postroom_sla.clocks import Phase, TicketClocks
from postroom_sla.firing import next_at

Change = tuple[TicketClocks | None, TicketClocks]
"""A ticket's clocks as they were read (None: there were none) and as they shall be."""


class Store:
    """Reads and writes the clocks of tickets."""

    def __init__(self, database: Database) -> None:
        self._collection = database["clocks"]

    async def prepare(self) -> None:
        """Create the index of what is due next."""
        await self._collection.create_indexes([IndexModel([("next_at", ASCENDING)], name="next_at", sparse=True)])

    async def load(self, tickets: Collection[str], session: Any) -> dict[str, TicketClocks]:
        """What is known of these tickets; those not known are left out."""
        cursor = self._collection.find({"_id": {"$in": list(tickets)}}, session=session)
        return {document["_id"]: _read(document) async for document in cursor}

    async def save(self, changes: Iterable[Change], session: Any) -> None:
        """Write changes inside the caller's transaction.

        Raises:
            StaleError: somebody else has changed one of them since it was read.
        """
        changes = list(changes)
        new = [InsertOne(_written(after)) for before, after in changes if before is None]
        known = [
            ReplaceOne({"_id": before.ticket, "seen": before.seen, "version": before.version}, _written(after))
            for before, after in changes
            if before is not None
        ]
        if new:
            await self._collection.bulk_write(new, ordered=False, session=session)
        if known:
            result = await self._collection.bulk_write(known, ordered=False, session=session)
            if result.matched_count != len(known):
                raise StaleError("clocks changed since they were read")

    async def due(self, until: datetime, limit: int, session: Any) -> list[TicketClocks]:
        """Tickets with something to say by `until`, the longest due first."""
        cursor = self._collection.find({"next_at": {"$lte": until}}, session=session).sort("next_at", ASCENDING)
        return [_read(document) async for document in cursor.limit(limit)]

    async def earliest(self) -> datetime | None:
        """When the next clock has something to say."""
        document = await self._collection.find_one(
            {"next_at": {"$exists": True}}, {"_id": False, "next_at": True}, sort=[("next_at", ASCENDING)]
        )
        return None if document is None else _utc(document["next_at"])

    async def find(self, ticket: str) -> TicketClocks | None:
        """What is known of one ticket, for people who ask."""
        document = await self._collection.find_one({"_id": ticket})
        return None if document is None else _read(document)


def _written(state: TicketClocks) -> Document:
    document: Document = {
        "_id": state.ticket,
        "seen": state.seen,
        "version": state.version,
        "phases": [{"kind": phase.kind, "since": phase.since} for phase in state.phases],
        "exempt": state.exempt,
        "replied_at": state.replied_at,
        "policy": state.policy,
        "schedule": state.schedule,
        "clocks": [clock.model_dump() for clock in state.clocks],
        "warned": sorted(state.warned),
        "breached": dict(state.breached),
    }
    following = next_at(state)
    if following is not None:
        document["next_at"] = following
    return document


def _read(document: Document) -> TicketClocks:
    return TicketClocks(
        ticket=document["_id"],
        seen=document["seen"],
        version=document["version"],
        phases=tuple(Phase(phase["kind"], _utc(phase["since"])) for phase in document["phases"]),
        exempt=document["exempt"],
        replied_at=_utc(document["replied_at"]),
        policy=document["policy"],
        schedule=document["schedule"],
        clocks=tuple(Clock(**{name: _utc(value) for name, value in clock.items()}) for clock in document["clocks"]),
        warned=frozenset(document["warned"]),
        breached={metric: _utc(at) for metric, at in document["breached"].items()},
    )


def _utc(value: Any) -> Any:
    """The driver's own UTC is a class in Python; the standard one compares in C."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
