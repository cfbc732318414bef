"""Idempotency keys: what was handed in under a key is not handed in twice.

Documents of `door_keys`: `_id` is the door and a hash of the key, `contact` and `sha256` what came under it, `at`.
"""

import hashlib
from collections.abc import Mapping

from pymongo import ASCENDING, IndexModel

from postroom_plumbing.mongo import Database
from postroom_plumbing.unit import Unit

KEPT_SECONDS = 30 * 86_400


def key_id(door: str, key: str) -> str:
    """The id under which a door keeps a key."""
    return f"{door}/{hashlib.sha256(key.encode()).hexdigest()}"


class KeyStore:
    """Keys in MongoDB."""

    def __init__(self, database: Database) -> None:
        self._collection = database["door_keys"]

    async def prepare(self) -> None:
        await self._collection.create_indexes([IndexModel([("at", ASCENDING)], expireAfterSeconds=KEPT_SECONDS)])

    async def find(self, keys: list[str], unit: Unit) -> dict[str, tuple[str, str]]:
        """(contact, sha256) of what came under keys, by key."""
        found = self._collection.find({"_id": {"$in": keys}}, session=unit.session)
        return {document["_id"]: (document["contact"], document["sha256"]) async for document in found}

    async def keep(self, contacts: Mapping[str, tuple[str, str]], unit: Unit) -> None:
        """Remember (contact, sha256) by key, in the caller's transaction."""
        if contacts:
            documents = [
                {"_id": key, "contact": contact, "sha256": sha256, "at": unit.now}
                for key, (contact, sha256) in contacts.items()
            ]
            await self._collection.insert_many(documents, session=unit.session)
