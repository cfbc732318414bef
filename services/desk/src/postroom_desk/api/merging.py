"""Routes of tickets about the same matter: merging one into another, and saying that two are not the same."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from postroom_desk.acting import Acting
from postroom_desk.api import shapes
from postroom_desk.api.auth import Auth
from postroom_desk.api.showing import IfMatch, shown
from postroom_desk.people import Agent
from postroom_desk.store import Tickets


def router(tickets: Tickets, acting: Acting, auth: Auth) -> APIRouter:
    """Routes under /api/v1/tickets/{ticket}."""
    routes = APIRouter(prefix="/api/v1/tickets/{ticket}", tags=["tickets"])
    Me = Annotated[Agent, Depends(auth.agent)]  # noqa: N806

    @routes.post("/merge")
    async def merge(
        ticket: str, body: shapes.MergeBody, response: Response, me: Me, if_match: IfMatch = None
    ) -> shapes.TicketShown:
        """Merge a ticket into another, which is the answer.

        Its messages are shown there, it is closed, and whatever still comes for it goes there. A finished ticket is
        taken up again when the one merged into it was not finished. 409 where one of the two was merged before.
        """
        target = await acting.merge(ticket, if_match, body.into, me)
        return await shown(tickets, target.ticket.id, response)

    @routes.delete("/similar/{other}", status_code=204)
    async def dismiss(ticket: str, other: str, _: Me) -> None:
        """Say that another ticket, offered as similar, is about something else; it is not offered again."""
        await acting.on(ticket, None, acting.dismiss_similar(other))

    return routes
