"""The pages of mail that was set aside: all of it, and one to be read."""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from postroom_contracts.contacts import ContactReceived, Spam
from postroom_desk import queries
from postroom_desk.api.auth import Auth
from postroom_desk.api.elsewhere import Elsewhere
from postroom_desk.api.intake import release
from postroom_desk.store import Tickets
from postroom_desk.web.frames import page
from postroom_plumbing.problems import Problem

PAGE = 50
WHY = {
    "own-mail": "It is a mail of ours that came back.",
    "loop": "Its ticket got so many automatic mails that machines seem to answer each other.",
}


def router(elsewhere: Elsewhere, tickets: Tickets, auth: Auth) -> APIRouter:
    """The pages at /set-aside, and their button."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/set-aside")
    async def listed(
        request: Request,
        before: Annotated[str | None, Query()] = None,
        let_in: Annotated[str | None, Query(description="A contact that was just let in")] = None,
    ) -> Response:
        agent = await auth.visitor(request)
        if agent is None:
            return RedirectResponse("/login", status_code=303)
        try:
            found = await elsewhere.told("set-aside", {"limit": PAGE, "before": before})
        except Problem as problem:
            return page(request, "set_aside.html", problem.status_code, agent=agent, problem=problem.detail)
        items = [{**one, "at": datetime.fromisoformat(one["at"])} for one in found["items"]]
        ticket = await queries.ticket_of(tickets, let_in) if let_in else None
        done: dict[str, Any] = {"let_in": let_in, "ticket": ticket}
        return page(request, "set_aside.html", agent=agent, problem=None, items=items, further=found["next"], **done)

    @routes.get("/set-aside/{contact}")
    async def one(request: Request, contact: str) -> Response:
        agent = await auth.visitor(request)
        if agent is None:
            return RedirectResponse("/login", status_code=303)
        try:
            found = await elsewhere.told(f"set-aside/{quote(contact, safe='')}")
        except Problem as problem:
            return page(request, "set_aside.html", problem.status_code, agent=agent, problem=problem.detail)
        return page(request, "set_aside_mail.html", agent=agent, mail=shown(found))

    @routes.post("/set-aside/{contact}/release")
    async def let_in(request: Request, contact: str) -> Response:
        agent = await auth.visitor(request)
        if agent is None:
            return RedirectResponse("/login", status_code=303)
        try:
            await release(elsewhere, contact, agent)
        except Problem as problem:
            return page(request, "set_aside.html", problem.status_code, agent=agent, problem=problem.detail)
        return RedirectResponse(f"/set-aside?let_in={quote(contact, safe='')}", status_code=303)

    return routes


def shown(found: dict[str, Any]) -> dict[str, Any]:
    """What the page says of one mail; never its HTML, for nobody vouches for who wrote it."""
    read = ContactReceived.model_validate(found["read"])
    own = read.text if read.own_words is None else read.own_words
    released_at = found["released_at"]
    return {
        "contact": found["contact"],
        "cause": found["cause"],
        "why": WHY.get(found["cause"]) or _called_spam(read.spam),
        "at": datetime.fromisoformat(found["at"]),
        "released_at": datetime.fromisoformat(released_at) if released_at else None,
        "subject": read.subject_line.strip(),
        "words": own.strip(),
        "whole": "" if own == read.text else read.text.strip(),
        "read": read,
    }


def _called_spam(spam: Spam | None) -> str:
    if spam is None:
        return ""
    score = "" if spam.score is None else f", score {spam.score:g}"
    return f"The mail server in front called it spam ({spam.by}{score})."
