"""Pages of the agents' site."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles

from postroom_contracts.values import Status
from postroom_desk import queries
from postroom_desk.api.auth import COOKIE, Auth
from postroom_desk.people import People
from postroom_desk.store import Tickets
from postroom_desk.web.frames import HERE, page
from postroom_desk.web.glance import Glance
from postroom_plumbing.clock import utc_now
from postroom_plumbing.problems import Problem

PAGE = 50
STATUSES: tuple[Status, ...] = ("new", "open", "pending", "on_hold", "solved", "closed")

static = StaticFiles(directory=HERE / "static")


def router(tickets: Tickets, people: People, auth: Auth, session_hours: int, glance: Glance) -> APIRouter:
    """The pages at / and /login."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/login")
    async def ask(request: Request) -> HTMLResponse:
        return page(request, "login.html", problem=None, email="")

    @routes.post("/login")
    async def log_in(request: Request, email: Annotated[str, Form()], password: Annotated[str, Form()]) -> Response:
        peer = request.client.host if request.client else "unknown"
        try:
            agent = await auth.log_in(email, password, peer)
        except Problem as problem:
            return page(request, "login.html", problem.status_code, problem=problem.detail, email=email)
        if agent is None:
            return page(request, "login.html", 401, problem="E-mail or password is wrong.", email=email)
        token, _ = await people.new_session(agent.id, utc_now(), session_hours)
        response = RedirectResponse("/", status_code=303)
        secure = request.url.scheme == "https"
        response.set_cookie(
            COOKIE, token, max_age=session_hours * 3600, httponly=True, samesite="strict", secure=secure
        )
        return response

    @routes.post("/logout")
    async def log_out(request: Request) -> Response:
        token = request.cookies.get(COOKIE)
        if token:
            await people.forget_token(token)
        response = RedirectResponse("/login", status_code=303)
        response.delete_cookie(COOKIE)
        return response

    @routes.get("/")
    async def home(
        request: Request,
        q: Annotated[str, Query()] = "",
        status: Annotated[Status | None, Query()] = None,
        cursor: Annotated[str | None, Query()] = None,
    ) -> Response:
        agent = await auth.visitor(request)
        if agent is None:
            return RedirectResponse("/login", status_code=303)
        filters = {"merged_into": None} | ({"status": status} if status else {})
        if q.strip():
            found = await queries.search_tickets(tickets, q, filters, PAGE, cursor)
        else:
            found = await queries.list_tickets(tickets, filters, "-updated_at", PAGE, cursor)
        names = {one.id: one.name for one in await people.all()}
        intake = await glance.look(utc_now())
        asked: dict[str, Any] = {"q": q, "status": status, "statuses": STATUSES}
        return page(request, "tickets.html", agent=agent, found=found, names=names, intake=intake, **asked)

    return routes
