"""Routes of what came in: mail that was set aside, the intake ledger, IMAP accounts. Ingest keeps all that."""

import logging
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from pydantic import AwareDatetime

from postroom_desk.api.auth import Auth
from postroom_desk.api.elsewhere import Elsewhere
from postroom_desk.people import Agent

log = logging.getLogger(__name__)

_SET_ASIDE = {
    "type": "object",
    "properties": {
        "contact": {"type": "string"},
        "cause": {"type": "string", "description": "Why, in a word"},
        "at": {"type": "string", "format": "date-time"},
        "mailbox": {"type": "string"},
        "sender": {"type": "string"},
        "subject": {"type": "string"},
        "released_at": {"type": ["string", "null"], "format": "date-time"},
    },
}


def _answers(schema: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {"application/json": {"schema": schema}}}}


def _list_of(name: str, items: dict[str, Any], **more: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {"type": "array", "items": items}, **more}}


async def release(elsewhere: Elsewhere, contact: str, agent: Agent) -> Response:
    """Let in a mail that was set aside, in the name of an agent."""
    answer = await elsewhere.intake(f"set-aside/{quote(contact, safe='')}/release", method="POST")
    log.info("set-aside mail released", extra={"contact": contact, "agent": agent.id, "status": answer.status_code})
    return answer


def router(elsewhere: Elsewhere, auth: Auth) -> APIRouter:
    """Routes under /api/v1, for all agents."""
    routes = APIRouter(prefix="/api/v1", tags=["intake"], default_response_class=Response)
    Me = Annotated[Agent, Depends(auth.agent)]  # noqa: N806

    @routes.get("/set-aside", responses=_answers(_list_of("items", _SET_ASIDE, next={"type": ["string", "null"]})))
    async def list_set_aside(
        _: Me,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
        before: Annotated[str | None, Query(description="`next` of the page before")] = None,
    ) -> Response:
        """Mail that was accepted but put on no ticket, and waits for somebody to look at it, the newest first."""
        return await elsewhere.intake("set-aside", {"limit": limit, "before": before})

    @routes.get("/set-aside/{contact}", responses=_answers(_SET_ASIDE | {"description": "With what can be read"}))
    async def show(contact: str, _: Me) -> Response:
        """One of them, with all that can be read of it in `read`."""
        return await elsewhere.intake(f"set-aside/{quote(contact, safe='')}")

    @routes.post("/set-aside/{contact}/release", status_code=202)
    async def let_in(contact: str, me: Me) -> Response:
        """Let one in: it goes onto a ticket like any other mail. Doing it twice is doing it once."""
        return await release(elsewhere, contact, me)

    @routes.get("/intake-ledger", responses=_answers(_list_of("hours", {"type": "object"})))
    async def ledger(
        _: Me,
        since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
        until: Annotated[AwareDatetime | None, Query(alias="to")] = None,
    ) -> Response:
        """By mailbox and hour, what became of everything accepted; the last 24 hours unless asked otherwise."""
        bounds = {"from": since, "to": until}
        return await elsewhere.intake("ledger", {name: at.isoformat() for name, at in bounds.items() if at is not None})

    @routes.get("/accounts", responses=_answers({"type": "array", "items": {"type": "object"}}))
    async def accounts(_: Me) -> Response:
        """IMAP accounts: `state` is waiting, importing, up, failing, refused, misconfigured or disabled."""
        return await elsewhere.intake("accounts")

    return routes
