"""Documents that follow an aggregate: its newest event decides, whatever comes late or again."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from motor.motor_asyncio import AsyncIOMotorCollection
from pymongo import UpdateOne

from postroom_contracts import Event
from postroom_plumbing.mongo import Document

E = TypeVar("E", bound=Event)


async def keep_newest(
    collection: AsyncIOMotorCollection[Document], events: Iterable[E], content: Callable[[E], Document], session: Any
) -> bool:
    """Set the `content` of each event in the document of its key unless a newer one did so; False when nothing was new.

    `_id` is the event's key, `version` its sequence; fields that `content` does not name stay as they are.
    """
    newest = {event.key: event for event in sorted(events, key=_version)}
    if not newest:
        return False
    found = collection.find({"_id": {"$in": list(newest)}}, {"version": True}, session=session)
    known = {document["_id"]: document["version"] async for document in found}
    writes = [
        UpdateOne({"_id": key}, {"$set": {**content(event), "version": _version(event)}}, upsert=True)
        for key, event in newest.items()
        if _version(event) > known.get(key, 0)
    ]
    if writes:
        await collection.bulk_write(writes, ordered=False, session=session)
    return bool(writes)


def _version(event: Event) -> int:
    return event.sequence or 0
