"""The page of mail that was set aside."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from postroom_desk.api.auth import Auth
from postroom_desk.api.elsewhere import Elsewhere
from postroom_desk.api.intake import release
from postroom_desk.web.frames import page
from postroom_plumbing.problems import Problem

PAGE = 50


def router(elsewhere: Elsewhere, auth: Auth) -> APIRouter:
    """The page at /set-aside, and its button."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/set-aside")
    async def listed(request: Request, before: Annotated[str | None, Query()] = None) -> Response:
        agent = await auth.visitor(request)
        if agent is None:
            return RedirectResponse("/login", status_code=303)
        try:
            found = await elsewhere.told("set-aside", {"limit": PAGE, "before": before})
        except Problem as problem:
            return page(request, "set_aside.html", problem.status_code, agent=agent, problem=problem.detail)
        items = [_shown(one) for one in found["items"]]
        return page(request, "set_aside.html", agent=agent, problem=None, items=items, further=found["next"])

    @routes.post("/set-aside/{contact}/release")
    async def let_in(request: Request, contact: str) -> Response:
        agent = await auth.visitor(request)
        if agent is None:
            return RedirectResponse("/login", status_code=303)
        try:
            await release(elsewhere, contact, agent)
        except Problem as problem:
            return page(request, "set_aside.html", problem.status_code, agent=agent, problem=problem.detail)
        return RedirectResponse("/set-aside", status_code=303)

    return routes


def _shown(one: dict[str, Any]) -> dict[str, Any]:
    return {**one, "at": datetime.fromisoformat(one["at"])}
