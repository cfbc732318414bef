"""Questions about tickets and customers: filters, paging and search."""

from dataclasses import dataclass
from typing import Any, Literal

from pymongo import ASCENDING, DESCENDING

from postroom_desk.api import cursors
from postroom_desk.documents import parts_of
from postroom_desk.store import Tickets
from postroom_desk.tickets.terms import query_terms
from postroom_plumbing.mongo import Document

Sort = Literal["-updated_at", "updated_at", "-opened_at", "opened_at"]
SEARCH_MESSAGES = 400
SEARCH_ROUNDS = 10
"""A page looks at this many messages so many times at most; what it did not reach is behind its cursor."""
LIST_FIELDS = dict.fromkeys(
    (
        "reply_to",
        "chain",
        "routing",
        "placed_by_hand",
        "opening",
        "told_reply",
        "similar",
        "unreached_at",
        "reached_at",
    ),
    0,
)
"""What a list leaves out."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some documents, and the cursor of the next page if there is one."""

    items: list[Document]
    next_cursor: str | None


async def list_tickets(tickets: Tickets, filters: Document, sort: Sort, limit: int, cursor: str | None) -> Page:
    """Tickets that fit exact filters, sorted, one page of them."""
    name, direction = sort.lstrip("-"), DESCENDING if sort.startswith("-") else ASCENDING
    field = "_id" if name == "opened_at" else name  # ticket ids sort by the time they were opened
    query = dict(filters)
    if cursor is not None:
        query = {"$and": [query, _after(field, direction, cursor)]}
    order = [("_id", direction)] if field == "_id" else [(field, direction), ("_id", direction)]
    found = tickets.tickets.find(query, LIST_FIELDS).sort(order).limit(limit + 1)
    items = [document async for document in found]
    more = len(items) > limit
    items = items[:limit]
    if not more:
        return Page(items, None)
    last = items[-1]
    return Page(items, cursors.encode(last["_id"]) if field == "_id" else cursors.encode(last[field], last["_id"]))


def _after(field: str, direction: int, cursor: str) -> Document:
    compare = "$lt" if direction == DESCENDING else "$gt"
    if field == "_id":
        (last_id,) = cursors.decode(cursor, 1)
        return {"_id": {compare: str(last_id)}}
    value, last_id = cursors.decode(cursor, 2)
    at = cursors.moment(value)
    return {"$or": [{field: {compare: at}}, {field: at, "_id": {compare: str(last_id)}}]}


async def search_tickets(tickets: Tickets, text: str, filters: Document, limit: int, cursor: str | None) -> Page:
    """Tickets with a message that holds all the words of `text`, the newest message first."""
    terms = query_terms(text)
    if not terms:
        return Page([], None)
    last: str | None = None
    if cursor is not None:
        last = str(cursors.decode(cursor, 1)[0])
    items: list[Document] = []
    seen: set[str] = set()
    for _ in range(SEARCH_ROUNDS):
        messages = await _matching_messages(tickets, terms, last)
        owners = await _owners(tickets, {message["ticket"] for message in messages})
        found = await _fitting(tickets, set(owners.values()), filters)
        for message in messages:
            last = message["_id"]
            owner = owners[message["ticket"]]
            if owner in seen:
                continue
            seen.add(owner)
            if owner in found and await _is_newest(tickets, terms, message, found[owner]):
                items.append(found[owner])
                if len(items) == limit:
                    break
        if len(items) == limit:
            break
        if len(messages) < SEARCH_MESSAGES:
            return Page(items, None)
    return Page(items, cursors.encode(last))


async def _matching_messages(tickets: Tickets, terms: list[str], before: str | None) -> list[Document]:
    query: Document = {"terms": {"$all": terms}}
    if before is not None:
        query["_id"] = {"$lt": before}
    found = tickets.messages.find(query, {"ticket": 1}).sort("_id", DESCENDING).limit(SEARCH_MESSAGES)
    return [document async for document in found]


async def _owners(tickets: Tickets, ids: set[str]) -> dict[str, str]:
    """The tickets that have the messages of others now, because those were merged; themselves where they were not."""
    into: dict[str, str] = {}
    wanted = ids
    while wanted:
        query = {"_id": {"$in": list(wanted)}, "merged_into": {"$ne": None}}
        found = {one["_id"]: one["merged_into"] async for one in tickets.tickets.find(query, {"merged_into": 1})}
        into |= found
        wanted = set(found.values()) - into.keys()
    return {one: _end(one, into) for one in ids}


def _end(ticket: str, into: dict[str, str]) -> str:
    for _ in into:  # a ring would not end by itself
        ticket = into.get(ticket, ticket)
    return ticket


async def ticket_of(tickets: Tickets, message: str) -> Document | None:
    """The ticket that has a message now; None where there is no such message, or not yet."""
    kept = await tickets.messages.find_one({"_id": message}, {"ticket": 1})
    if kept is None:
        return None
    owners = await _owners(tickets, {kept["ticket"]})
    return await tickets.find(owners[kept["ticket"]])


async def _fitting(tickets: Tickets, ids: set[str], filters: Document) -> dict[str, Document]:
    query = {"$and": [{"_id": {"$in": list(ids)}}, filters]}
    return {document["_id"]: document async for document in tickets.tickets.find(query, LIST_FIELDS)}


async def _is_newest(tickets: Tickets, terms: list[str], message: Document, ticket: Document) -> bool:
    """Whether no newer message of the ticket matches: then an earlier page has shown the ticket already."""
    newer = {"ticket": {"$in": parts_of(ticket)}, "_id": {"$gt": message["_id"]}, "terms": {"$all": terms}}
    return await tickets.messages.find_one(newer, {"_id": 1}) is None


async def list_customers(tickets: Tickets, text: str | None, limit: int, cursor: str | None) -> Page:
    """Customers by address, those whose address begins with `text` if given."""
    bounds: dict[str, Any] = {}
    if text:
        prefix = text.strip().lower()
        bounds = {"$gte": prefix, "$lt": prefix + "\U0010ffff"}
    if cursor is not None:
        bounds["$gt"] = str(cursors.decode(cursor, 1)[0])
    found = tickets.customers.find({"address": bounds} if bounds else {}).sort("address", ASCENDING).limit(limit + 1)
    items = [document async for document in found]
    if len(items) <= limit:
        return Page(items, None)
    return Page(items[:limit], cursors.encode(items[limit - 1]["address"]))
