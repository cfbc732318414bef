"""Routes of tickets."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from postroom_contracts.values import Channel, Priority, Status
from postroom_desk import queries
from postroom_desk.acting import Acting
from postroom_desk.api import shapes
from postroom_desk.api.auth import Auth
from postroom_desk.api.showing import IfMatch, shown
from postroom_desk.people import Agent
from postroom_desk.store import Tickets, customer_id
from postroom_plumbing.mongo import Document


class Asked(BaseModel):
    """What a list of tickets is asked for."""

    q: str | None = Field(None, description="Words, in any script; all must occur in one message")
    status: list[Status] | None = None
    priority: list[Priority] | None = None
    queue: str | None = None
    agent: str | None = Field(None, description='An id, or "none" for tickets nobody has')
    customer: str | None = Field(None, description="A customer's id, address or other identity")
    tag: list[str] | None = Field(None, description="All of these")
    mailbox: str | None = Field(None, description="One that got any of its mails")
    channel: Channel | None = None
    language: str | None = None
    merged: bool = Field(default=False, description="Whether those that were merged into others are wanted too")
    sort: queries.Sort = "-updated_at"
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, description="`next_cursor` of the page before")

    def filters(self) -> Document:
        """What of a ticket's document has to fit, as MongoDB is asked for it."""
        filters: Document = self.model_dump(include={"queue", "channel", "language"}, exclude_none=True)
        if not self.merged:
            filters["merged_into"] = None
        if self.mailbox is not None:
            filters["mailboxes"] = self.mailbox
        if self.status:
            filters["status"] = {"$in": self.status}
        if self.priority:
            filters["priority"] = {"$in": self.priority}
        if self.agent is not None:
            filters["agent"] = None if self.agent == "none" else self.agent
        if self.customer is not None:
            filters["customer.id"] = customer_id(self.customer)
        if self.tag:
            filters["tags"] = {"$all": [one.lower() for one in self.tag]}
        return filters


def router(tickets: Tickets, acting: Acting, auth: Auth) -> APIRouter:
    """Routes under /api/v1/tickets."""
    routes = APIRouter(prefix="/api/v1/tickets", tags=["tickets"])
    Me = Annotated[Agent, Depends(auth.agent)]  # noqa: N806 - a type, used as one

    @routes.get("")
    async def list_tickets(_: Me, asked: Annotated[Asked, Query()]) -> shapes.TicketList:
        """Tickets, one page at a time. With `q` the newest matching message comes first, and `sort` does not apply."""
        if asked.q is not None and asked.q.strip():
            page = await queries.search_tickets(tickets, asked.q, asked.filters(), asked.limit, asked.cursor)
        else:
            page = await queries.list_tickets(tickets, asked.filters(), asked.sort, asked.limit, asked.cursor)
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
