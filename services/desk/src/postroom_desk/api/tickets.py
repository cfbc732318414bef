"""Routes of tickets."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from postroom_contracts.values import Channel, Priority, Status
from postroom_desk import queries
from postroom_desk.acting import Acting
from postroom_desk.api import shapes
from postroom_desk.api.auth import Auth
from postroom_desk.api.showing import IfMatch, shown
from postroom_desk.people import Agent
from postroom_desk.store import Tickets, customer_id
from postroom_plumbing.mongo import Document


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
        customer: Annotated[str | None, Query(description="A customer's id, address or other identity")] = None,
        tag: Annotated[list[str] | None, Query(description="All of these")] = None,
        mailbox: str | None = None,
        channel: Channel | None = None,
        language: str | None = None,
        merged: Annotated[bool, Query(description="Whether those that were merged into others are wanted too")] = False,
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
        if not merged:
            filters["merged_into"] = None
        if status:
            filters["status"] = {"$in": status}
        if priority:
            filters["priority"] = {"$in": priority}
        if agent is not None:
            filters["agent"] = None if agent == "none" else agent
        if customer is not None:
            filters["customer.id"] = customer_id(customer)
        if tag:
            filters["tags"] = {"$all": [one.lower() for one in tag]}
        if q is not None and q.strip():
            page = await queries.search_tickets(tickets, q, filters, limit, cursor)
        else:
            page = await queries.list_tickets(tickets, filters, sort, limit, cursor)
        return shapes.TicketList(items=[shapes.row(one) for one in page.items], next_cursor=page.next_cursor)

    @routes.get("/{ticket}")
    async def get_ticket(ticket: str, response: Response, _: Me) -> shapes.TicketShown:
        """A ticket by id or number, with messages, clocks, the reason of its routing, and history.

        One that was merged says so in `merged_into`, and has no messages any more.
        """
        return await shown(tickets, ticket, response)

    async def _act(
        ticket: str, if_match: str | None, response: Response, what: Callable[..., Awaitable[None]]
    ) -> shapes.TicketShown:
        record = await acting.on(ticket, if_match, what)
        return await shown(tickets, record.ticket.id, response)

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
        """Change status, priority, agent, queue or tags; 409 for a ticket that was merged."""
        return await _act(ticket, if_match, response, acting.patch(body, me))

    return routes
