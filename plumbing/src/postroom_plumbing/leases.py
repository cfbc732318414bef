"""Leases: who may work on what, for a few seconds at a time, by MongoDB's clock."""

import asyncio
import logging
import time
from collections.abc import Iterable
from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError, PyMongoError

from postroom_plumbing.ids import new_id
from postroom_plumbing.mongo import Database

log = logging.getLogger(__name__)

LEASE_SECONDS = 8.0
RENEW_SECONDS = 2.0
_FROM_NOW = {"$add": ["$$NOW", int(LEASE_SECONDS * 1000)]}
_PROLONG = [{"$set": {"until": _FROM_NOW}}]


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

    def want(self, names: Iterable[str]) -> None:
        """Share these names from the next round on; those held that are not among them are given back."""
        self._names = tuple(names)

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
        """One round: prolong what is ours, see who else is there, take what is free and give back what is too much."""
        sent = time.monotonic()
        await self._collection.update_many({"kind": self._kind, "owner": self._me}, _PROLONG)
        documents = [document async for document in self._collection.aggregate(self._everything())]
        alive = [document for document in documents if document["alive"]]
        members = {document["owner"] for document in alive if document["member"]} | {self._me}
        if not any(document["member"] and document["owner"] == self._me for document in alive):
            await self._claim(f"member/{self._me}")
        mine = [document["name"] for document in alive if document["owner"] == self._me and not document["member"]]
        taken = {document["name"] for document in alive}
        fair = -(-len(self._names) // len(members))
        held = [name for name in mine if name in self._names][:fair]
        for surplus in set(mine) - set(held):
            await self._give(surplus)
        for name in self._names:
            if len(held) < fair and name not in taken and await self._claim(name):
                held.append(name)
        self._until = dict.fromkeys(held, sent + LEASE_SECONDS - 1)
        gone = [document["_id"] for document in documents if document["member"] and not document["alive"]]
        if gone:
            await self._collection.delete_many({"_id": {"$in": gone}, "$expr": {"$lte": ["$until", "$$NOW"]}})

    def _everything(self) -> list[dict[str, Any]]:
        alive = {"$gt": ["$until", "$$NOW"]}
        fields = {"name": 1, "owner": 1, "member": 1, "alive": alive}
        return [{"$match": {"kind": self._kind}}, {"$project": fields}]

    async def _claim(self, name: str) -> bool:
        """Take a lease that is free or has run out."""
        free = {"$or": [{"$eq": ["$owner", self._me]}, {"$lte": [{"$ifNull": ["$until", "$$NOW"]}, "$$NOW"]}]}
        claim = {
            "kind": self._kind,
            "name": name,
            "member": name.startswith("member/"),
            "owner": {"$cond": [free, self._me, "$owner"]},
            "until": {"$cond": [free, _FROM_NOW, "$until"]},
        }
        try:
            document = await self._collection.find_one_and_update(
                {"_id": f"{self._kind}/{name}"}, [{"$set": claim}], upsert=True, return_document=ReturnDocument.AFTER
            )
        except DuplicateKeyError:  # two were first at the same moment; the other is
            return False
        return bool(document["owner"] == self._me)

    async def _give(self, name: str) -> None:
        self._until.pop(name, None)
        await self._collection.delete_one({"_id": f"{self._kind}/{name}", "owner": self._me})

    async def release(self) -> None:
        """Give everything back, so that others need not wait."""
        self._until.clear()
        await self._collection.delete_many({"kind": self._kind, "owner": self._me})
