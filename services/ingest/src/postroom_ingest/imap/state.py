"""What is kept of accounts. By account:

`imap_cursors`: how far it was taken; moves in the transaction that stores the mails. `imap_taken`: imprints of mails
taken, to know them under other UIDs. `imap_left`: mails left where they are, and why. `imap_tokens`: refresh tokens,
sealed. `imap_states`: how it goes, for people.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne

from postroom_ingest.imap.cursor import Cursor
from postroom_plumbing.errors import StaleError
from postroom_plumbing.mongo import Database, Document
from postroom_plumbing.unit import Unit

REMEMBERED = 500_000
"""Imprints kept of an account, the newest. Without one a mail is taken anew, and found to be a duplicate when read."""
LEFT_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Left:
    """A mail that could not be taken and stays where it is."""

    uid: int
    size: int
    reason: str
    retry: bool
    """Whether it may be had later."""


class AccountStore:
    """The collections of the IMAP door."""

    def __init__(self, database: Database) -> None:
        self._cursors = database["imap_cursors"]
        self._taken = database["imap_taken"]
        self._left = database["imap_left"]
        self._tokens = database["imap_tokens"]
        self._states = database["imap_states"]

    async def prepare(self) -> None:
        """Make the indexes."""
        await self._taken.create_indexes([IndexModel([("account", ASCENDING), ("at", ASCENDING)])])
        await self._left.create_indexes([IndexModel([("account", ASCENDING), ("at", DESCENDING)])])

    async def cursor(self, account: str) -> Cursor | None:
        document = await self._cursors.find_one({"_id": account})
        if document is None:
            return None
        del document["_id"]
        return Cursor(**{**document, "pending": tuple(document["pending"])})

    async def move(self, account: str, cursor: Cursor, unit: Unit) -> None:
        """Write a cursor over the one of its version; the new one has the next version.

        Raises:
            StaleError: somebody else has moved it.
        """
        document = {**asdict(cursor), "pending": list(cursor.pending), "version": cursor.version + 1}
        if cursor.version == 0 and await self._cursors.find_one({"_id": account}, session=unit.session) is None:
            await self._cursors.insert_one({"_id": account, **document}, session=unit.session)
            return
        known = {"_id": account, "version": cursor.version}
        moved = await self._cursors.replace_one(known, document, session=unit.session)
        if moved.matched_count == 0:
            raise StaleError(f"the cursor of {account} was moved by somebody else")

    async def settle(self, account: str, cursor: Cursor) -> None:
        """Note what is still to be flagged, moved or deleted."""
        known = {"_id": account, "version": cursor.version}
        await self._cursors.update_one(known, {"$set": {"pending": list(cursor.pending)}})

    async def known(self, account: str, imprints: Collection[str]) -> set[str]:
        """Those of `imprints` whose mails were taken."""
        wanted = {"_id": {"$in": [f"{account}/{one}" for one in imprints]}}
        return {document["_id"].rpartition("/")[2] async for document in self._taken.find(wanted, {"_id": 1})}

    async def remember(self, account: str, imprints: Collection[str], unit: Unit) -> None:
        """Mails were taken."""
        fields = {"account": account, "at": unit.now}
        writes = [
            UpdateOne({"_id": f"{account}/{one}"}, {"$setOnInsert": fields}, upsert=True) for one in set(imprints)
        ]
        if writes:
            await self._taken.bulk_write(writes, ordered=False, session=unit.session)

    async def forget_oldest(self, account: str, most: int = REMEMBERED) -> None:
        """Keep about `most` imprints of an account."""
        found = self._taken.find({"account": account}, {"at": 1}).sort("at", DESCENDING).skip(most).limit(1)
        async for oldest in found:
            await self._taken.delete_many({"account": account, "at": {"$lte": oldest["at"]}})

    async def leave(self, account: str, cursor: Cursor, mails: Sequence[Left], unit: Unit) -> None:
        """Note mails that stay where they are."""
        for one in mails:
            fields = {"account": account, "uidvalidity": cursor.uidvalidity, "at": unit.now, **asdict(one)}
            key = {"_id": f"{account}/{cursor.uidvalidity}/{one.uid}"}
            await self._left.update_one(key, {"$set": fields}, upsert=True, session=unit.session)

    async def left(self, account: str) -> list[Document]:
        """The newest of the mails that were left, without their ids."""
        found = self._left.find({"account": account}, {"_id": 0, "account": 0}).sort("at", DESCENDING)
        return [document async for document in found.limit(LEFT_SHOWN)]

    async def to_retry(self, account: str, uidvalidity: int) -> list[int]:
        """The UIDs of mails left that may be had by now."""
        wanted = {"account": account, "uidvalidity": uidvalidity, "retry": True}
        return sorted([document["uid"] async for document in self._left.find(wanted, {"uid": 1}).limit(LEFT_SHOWN)])

    async def found(self, account: str, uidvalidity: int, uids: Collection[int], unit: Unit) -> None:
        """Mails that had been left were taken, or are gone."""
        ids = [f"{account}/{uidvalidity}/{uid}" for uid in uids]
        if ids:
            await self._left.delete_many({"_id": {"$in": ids}}, session=unit.session)

    async def kept_token(self, account: str) -> tuple[str, str] | None:
        """`(the sealed refresh token of the setting it grew from, the sealed refresh token)`."""
        document = await self._tokens.find_one({"_id": account})
        return (document["grew_from"], document["token"]) if document else None

    async def keep_token(self, account: str, grew_from: str, token: str) -> None:
        await self._tokens.replace_one({"_id": account}, {"grew_from": grew_from, "token": token}, upsert=True)

    async def say(self, account: str, fields: dict[str, Any], state: str | None, now: datetime) -> None:
        """Note how it goes; `since` changes only with the state."""
        if state is not None:
            await self._states.update_one({"_id": account, "state": {"$ne": state}}, {"$set": {"since": now}})
            fields = {**fields, "state": state}
        await self._states.update_one({"_id": account}, {"$set": fields, "$setOnInsert": {"since": now}}, upsert=True)

    async def states(self) -> dict[str, Document]:
        """How all accounts go, by id."""
        return {document.pop("_id"): document async for document in self._states.find()}

    async def cursors(self) -> dict[str, Document]:
        """How far all accounts were taken, by id."""
        fields = {"uidvalidity": 1, "edge": 1, "back": 1, "front": 1}
        return {document.pop("_id"): document async for document in self._cursors.find({}, fields)}
