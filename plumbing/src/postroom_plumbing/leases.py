"""Leases: who may work on what, for a few seconds at a time, by MongoDB's clock."""

import asyncio
import logging
import time
from collections.abc import Iterable

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError, PyMongoError

from postroom_plumbing.ids import new_id
from postroom_plumbing.mongo import Database

log = logging.getLogger(__name__)

LEASE_SECONDS = 6.0
RENEW_SECONDS = 1.5


class Leases:
    """Shares named leases fairly between the processes that want them, and takes over those of the dead.

    `held()` is what this process may work on now. A lease is trusted only until shortly before it runs out, measured
    on this process's monotonic clock from before the renewal was sent.
    """

    def __init__(self, database: Database, kind: str, names: Iterable[str]) -> None:
        self._collection = database["leases"]
        self._kind = kind
        self._names = tuple(names)
        self._me = new_id()
        self._until: dict[str, float] = {}
        self.changed = asyncio.Event()

    def held(self) -> list[str]:
        """The leases this process holds at this moment."""
        now = time.monotonic()
        return [name for name, until in self._until.items() if until > now]

    async def keep(self) -> None:
        """Renew, share and take over, until cancelled."""
        while True:
            try:
                await self.renew()
            except PyMongoError as error:
                log.warning("leases not renewed", extra={"kind": self._kind, "error": type(error).__name__})
            await asyncio.sleep(RENEW_SECONDS)

    async def renew(self) -> None:
        """One round: say that we are alive, see how many share, take our part and give back the rest."""
        before = set(self.held())
        await self._take(f"member/{self._me}", trusted=False)
        members = await self._collection.count_documents(
            {"_id": {"$regex": f"^{self._kind}/member/"}, "$expr": {"$gt": ["$until", "$$NOW"]}}
        )
        fair = -(-len(self._names) // max(members, 1))
        for surplus in sorted(before)[fair:]:
            await self._give(surplus)
        wanted = sorted(before)[:fair] + [name for name in self._names if name not in before]
        taken = 0
        for name in wanted:
            if taken < fair and await self._take(name):
                taken += 1
        if set(self.held()) != before:
            self.changed.set()

    async def _take(self, name: str, *, trusted: bool = True) -> bool:
        sent = time.monotonic()
        free = {"$or": [{"$eq": ["$owner", self._me]}, {"$lte": [{"$ifNull": ["$until", "$$NOW"]}, "$$NOW"]}]}
        until = {"$add": ["$$NOW", int(LEASE_SECONDS * 1000)]}
        claim = {
            "owner": {"$cond": [free, self._me, "$owner"]},
            "until": {"$cond": [free, until, "$until"]},
        }
        try:
            document = await self._collection.find_one_and_update(
                {"_id": f"{self._kind}/{name}"},
                [{"$set": claim}],
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        except DuplicateKeyError:  # two were first at the same moment; the other is
            document = None
        if document is None or document["owner"] != self._me:
            self._until.pop(name, None)
            return False
        if trusted:
            self._until[name] = sent + LEASE_SECONDS - 1
        return True

    async def _give(self, name: str) -> None:
        self._until.pop(name, None)
        await self._collection.delete_one({"_id": f"{self._kind}/{name}", "owner": self._me})

    async def release(self) -> None:
        """Give everything back, so that others need not wait."""
        self._until.clear()
        await self._collection.delete_many({"owner": self._me})
