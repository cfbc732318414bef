"""A ticket with everything that belongs to it, as several routes answer with it."""

from typing import Annotated

from fastapi import Header, Response

from postroom_desk.api import etags, shapes
from postroom_desk.documents import parts_of
from postroom_desk.store import Tickets
from postroom_plumbing.problems import Problem

IfMatch = Annotated[str | None, Header(description='The ETag the change was made on, e.g. "3"; 412 when it is stale.')]


async def shown(tickets: Tickets, ticket: str, response: Response) -> shapes.TicketShown:
    """A ticket by id or number, its version as the response's ETag.

    Raises:
        Problem: 404 when there is none.
    """
    document = await tickets.find(ticket)
    if document is None:
        raise Problem(404, "not-found", f"there is no ticket {ticket}")
    own = {"ticket": {"$in": parts_of(document)}}
    messages = [one async for one in tickets.messages.find(own, {"terms": 0}).sort("_id", 1)]
    history = [one async for one in tickets.history.find({"ticket": document["_id"]}).sort([("at", 1), ("_id", 1)])]
    similar = await tickets.summaries(document.get("similar", ()))
    response.headers["ETag"] = etags.etag(document["version"])
    return shapes.whole(document, messages, history, similar)
