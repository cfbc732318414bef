"""Routes of tickets."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Response

from postroom_contracts.values import Channel, Party, Priority, Status
from postroom_desk import queries
from postroom_desk.acting import Acting
from postroom_desk.api import etags, shapes
from postroom_desk.api.auth import Auth
from postroom_desk.people import Agent
from postroom_desk.store import Tickets, customer_of
from postroom_desk.tickets.record import Record
from postroom_plumbing.mongo import Document
from postroom_plumbing.problems import Problem

IfMatch = Annotated[str | None, Header(description='The ETag the change was made on, e.g. "3"; 412 when it is stale.')]


def router(tickets: Tickets, acting: Acting, auth: Auth) -> APIRouter:
    """Routes under /api/v1/tickets."""
    routes = APIRouter(prefix="/api/v1/tickets", tags=["tickets"])
    Me = Annotated[Agent, Depends(auth.agent)]  # noqa: N806 - a type, used as one

    @routes.get("")
    async def list_tickets(
        _: Me,
        q: Annotated[str | None, Query(description="Words, in any script; all must occur in one message")] = None,
        status: Annotated[list[Status] | None, Query()] = None,
        priority: Annotated[list[Priority] | None, Query()] = None,
        queue: str | None = None,
        agent: Annotated[str | None, Query(description='An id, or "none" for tickets nobody has')] = None,
        customer: Annotated[str | None, Query(description="A customer's id or address")] = None,
        tag: Annotated[list[str] | None, Query(description="All of these")] = None,
        mailbox: str | None = None,
        channel: Channel | None = None,
        language: str | None = None,
        sort: queries.Sort = "-updated_at",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        cursor: Annotated[str | None, Query(description="`next_cursor` of the page before")] = None,
    ) -> shapes.TicketList:
        """Tickets, one page at a time. With `q` the newest matching message comes first, and `sort` does not apply."""
        filters: Document = {
            name: value
            for name, value in (("queue", queue), ("mailbox", mailbox), ("channel", channel), ("language", language))
            if value is not None
        }
        if status:
            filters["status"] = {"$in": status}
        if priority:
            filters["priority"] = {"$in": priority}
        if agent is not None:
            filters["agent"] = None if agent == "none" else agent
        if customer is not None:
            filters["customer.id"] = customer_of(Party(address=customer)).id if "@" in customer else customer
        if tag:
            filters["tags"] = {"$all": [one.lower() for one in tag]}
        if q is not None and q.strip():
            page = await queries.search_tickets(tickets, q, filters, limit, cursor)
        else:
            page = await queries.list_tickets(tickets, filters, sort, limit, cursor)
        return shapes.TicketList(items=[shapes.row(one) for one in page.items], next_cursor=page.next_cursor)

    async def _whole(document: Document, response: Response) -> shapes.TicketShown:
        ticket = document["_id"]
        messages = [one async for one in tickets.messages.find({"ticket": ticket}, {"terms": 0}).sort("_id", 1)]
        history = [one async for one in tickets.history.find({"ticket": ticket}).sort([("at", 1), ("_id", 1)])]
        response.headers["ETag"] = etags.etag(document["version"])
        return shapes.whole(document, messages, history)

    @routes.get("/{ticket}")
    async def get_ticket(ticket: str, response: Response, _: Me) -> shapes.TicketShown:
        """A ticket by id or number, with messages, clocks, the reason of its routing, and history."""
        return await _whole(await _found(ticket), response)

    async def _found(ticket: str) -> Document:
        document = await tickets.find(ticket)
        if document is None:
            raise Problem(404, "not-found", f"there is no ticket {ticket}")
        return document

    async def _answer(record: Record, response: Response) -> shapes.TicketShown:
        return await _whole(await _found(record.ticket.id), response)

    async def _act(
        ticket: str, if_match: str | None, response: Response, what: Callable[..., Awaitable[None]]
    ) -> shapes.TicketShown:
        return await _answer(await acting.on(ticket, if_match, what), response)

    @routes.post("/{ticket}/replies", status_code=201)
    async def reply(
        ticket: str, body: shapes.ReplyBody, response: Response, me: Me, if_match: IfMatch = None
    ) -> shapes.TicketShown:
        """Answer the customer; the mail goes out at once and its delivery shows on the message."""
        return await _act(ticket, if_match, response, acting.reply(body, me))

    @routes.post("/{ticket}/notes", status_code=201)
    async def note(
        ticket: str, body: shapes.NoteBody, response: Response, me: Me, if_match: IfMatch = None
    ) -> shapes.TicketShown:
        """Leave a note for colleagues; it is never sent."""
        return await _act(ticket, if_match, response, acting.note(body, me))

    @routes.patch("/{ticket}")
    async def patch(
        ticket: str, body: shapes.TicketPatch, response: Response, me: Me, if_match: IfMatch = None
    ) -> shapes.TicketShown:
        """Change status, priority, agent, queue or tags."""
        return await _act(ticket, if_match, response, acting.patch(body, me))

    return routes
