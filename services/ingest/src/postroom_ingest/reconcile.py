"""Whether every accepted contact is in the ledger: counted per mailbox and hour, and watched all the time.

`reconciled` holds one document: all up to `through` has been compared once; `gaps` are the times in which something was
missing then, at most one for a mailbox and hour, to be compared again.
"""

import asyncio
import logging
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from pymongo import ASCENDING, IndexModel
from pymongo.errors import PyMongoError

from postroom_ingest.known import OUTCOMES
from postroom_plumbing import measures
from postroom_plumbing.clock import utc_now
from postroom_plumbing.mongo import Database, Document

log = logging.getLogger(__name__)

EVERY_SECONDS = 60.0
GRACE = timedelta(minutes=2)
"""So long a contact may wait to be read before it counts as missing. Longer than any transaction that stores it."""
STRETCH = timedelta(hours=6)
"""So much time is compared in one round at most, when there is some to catch up with."""
GAPS = 24
"""So many gaps are looked at again in one round."""
_HOUR = timedelta(hours=1)
Place = tuple[str, datetime]
"""A mailbox and the beginning of an hour."""


@dataclass(slots=True)
class Counts:
    """Of one mailbox in one hour."""

    accepted: int = 0
    outcomes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))

    @property
    def waiting(self) -> int:
        """Accepted and not in the ledger."""
        return self.accepted - sum(self.outcomes.values())


@dataclass(frozen=True, slots=True)
class Gap:
    """A time within an hour in which not all that a mailbox got is in the ledger."""

    mailbox: str
    since: datetime
    until: datetime
    missing: int


class Intake:
    """Compares what was accepted with the ledger."""

    def __init__(self, database: Database) -> None:
        self._raws = database["raws"]
        self._ledger = database["ledger"]
        self._state = database["reconciled"]

    async def prepare(self) -> None:
        accepted = IndexModel(
            [("at", ASCENDING), ("mailbox", ASCENDING)],
            name="accepted",
            partialFilterExpression={"at": {"$exists": True}},
        )
        await self._raws.create_indexes([accepted])

    async def count(self, since: datetime, until: datetime, mailbox: str | None = None) -> dict[Place, Counts]:
        """By mailbox and hour (UTC), of what was accepted from `since` to just before `until`."""
        found: dict[Place, Counts] = {}
        async for group in self._raws.aggregate(_by_hour(since, until, mailbox)):
            found.setdefault(_place(group), Counts()).accepted = group["count"]
        async for group in self._ledger.aggregate(_by_hour(since, until, mailbox, "outcome")):
            found.setdefault(_place(group), Counts()).outcomes[group["_id"]["outcome"]] = group["count"]
        return found

    async def watch(self) -> None:
        """Compare once a minute until cancelled, and say what is missing."""
        while True:
            try:
                await self.compare(utc_now())
            except PyMongoError as error:
                log.warning("intake not reconciled", extra={"error": type(error).__name__})
            await asyncio.sleep(EVERY_SECONDS)

    async def compare(self, now: datetime) -> int:
        """One round: how many contacts accepted more than GRACE before `now` are not in the ledger."""
        through, gaps = await self._state_at(now)
        until = min(now - GRACE, through + STRETCH)
        found = [one for gap in gaps[:GAPS] for one in await self._missing(gap.since, gap.until, gap.mailbox)]
        if until > through:
            fresh = await self._missing(through, until)
            for gap in fresh:
                log.error(
                    "accepted and not in the ledger",
                    extra={"mailbox": gap.mailbox, "hour": _hour(gap.since).isoformat(), "contacts": gap.missing},
                )
            found += fresh
        kept = gaps[GAPS:] + _joined(found)  # so all have their turn
        await self._state.update_one(
            {"_id": "intake"},
            {"$set": {"through": max(through, until), "gaps": [asdict(gap) for gap in kept]}},
            upsert=True,
        )
        missing = sum(gap.missing for gap in kept)
        measures.intake_unaccounted.set(missing)
        return missing

    async def _state_at(self, now: datetime) -> tuple[datetime, list[Gap]]:
        state = await self._state.find_one({"_id": "intake"})
        if state is not None:
            return state["through"], [Gap(**gap) for gap in state["gaps"]]
        first = await self._raws.find_one({"at": {"$exists": True}}, {"at": 1}, sort=[("at", ASCENDING)])
        return (first["at"] if first is not None else now - GRACE), []

    async def _missing(self, since: datetime, until: datetime, mailbox: str | None = None) -> list[Gap]:
        """What is missing in a time, by mailbox and hour."""
        counts = await self.count(since, until, mailbox)
        return [
            Gap(mailbox, max(hour, since), min(hour + _HOUR, until), one.waiting)
            for (mailbox, hour), one in sorted(counts.items(), key=lambda pair: pair[0][1])
            if one.waiting > 0
        ]


def _joined(gaps: list[Gap]) -> list[Gap]:
    """One for each mailbox and hour."""
    joined: dict[Place, Gap] = {}
    for gap in gaps:
        place = (gap.mailbox, _hour(gap.since))
        other = joined.get(place, Gap(gap.mailbox, gap.since, gap.until, 0))
        joined[place] = Gap(
            gap.mailbox, min(gap.since, other.since), max(gap.until, other.until), gap.missing + other.missing
        )
    return list(joined.values())


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _by_hour(since: datetime, until: datetime, mailbox: str | None, *more: str) -> list[Document]:
    """An aggregation that counts documents by mailbox, hour and the fields of `more`."""
    wanted: Document = {"at": {"$gte": since, "$lt": until}}
    if mailbox is not None:
        wanted["mailbox"] = mailbox
    group: Document = {"mailbox": "$mailbox", "hour": {"$dateTrunc": {"date": "$at", "unit": "hour"}}}
    group |= {name: f"${name}" for name in more}
    return [{"$match": wanted}, {"$group": {"_id": group, "count": {"$sum": 1}}}]


def _place(group: Document) -> Place:
    return group["_id"]["mailbox"], group["_id"]["hour"]
