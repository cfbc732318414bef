"""The HTTP side: the part of Mailpit's API v1 that we use, and the page."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException as StarletteHTTPException

from postroom_local.catcher import shape
from postroom_local.catcher.mail import read_mail, self_contained
from postroom_local.catcher.query import parse_query
from postroom_local.catcher.smtp import GroupCommit
from postroom_local.catcher.store import Arrived, Listing, Store

_STATIC = Path(__file__).parent / "static"
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# A caught mail is a stranger's page: no scripts, no forms, nothing from outside; links open in their own tab.
_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
_PART_POLICY = "default-src 'none'; sandbox"
_SHOWN_IN_PLACE = {"image/png", "image/jpeg", "image/gif", "image/webp", "text/plain"}
_GUARDED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-DNS-Prefetch-Control": "off",
}

Start = Annotated[int, Query(ge=0)]
Limit = Annotated[int, Query(ge=1)]


def create_app(store: Store, commits: GroupCommit, lifespan: Any = None) -> FastAPI:
    """The application over this store; `lifespan` starts and stops what belongs to it."""
    app = FastAPI(title="Postroom mail catcher", docs_url=None, redoc_url=None, lifespan=lifespan)
    app.add_exception_handler(StarletteHTTPException, _problem)
    app.add_exception_handler(RequestValidationError, _bad_request)
    app.include_router(_list_routes(store))
    app.include_router(_mail_routes(store))
    app.include_router(_info_routes(store, commits))
    app.mount("/static", StaticFiles(directory=_STATIC))
    return app


def _list_routes(store: Store) -> APIRouter:
    routes = APIRouter()

    @routes.get("/api/v1/messages")
    def messages(start: Start = 0, limit: Limit = 50) -> dict[str, Any]:
        return _listing(store.page(start, limit), start)

    @routes.get("/api/v1/search")
    def search(query: str, start: Start = 0, limit: Limit = 50) -> dict[str, Any]:
        terms = parse_query(query)
        if not terms:
            raise HTTPException(400, "query: there is nothing to look for")
        return _listing(store.search(terms, start, limit), start)

    @routes.delete("/api/v1/messages")
    async def delete(request: Request) -> PlainTextResponse:
        await asyncio.to_thread(store.delete, _ids(await request.body()))
        return PlainTextResponse("ok")

    return routes


def _mail_routes(store: Store) -> APIRouter:
    routes = APIRouter()

    def find(mail_id: str) -> Arrived:
        found = store.get(mail_id)
        if found is None:
            raise HTTPException(404, f"ID: there is no mail {mail_id}")
        return found

    @routes.get("/api/v1/message/{mail_id}")
    def message(mail_id: str) -> dict[str, Any]:
        caught = find(mail_id)
        store.mark_read(caught.id)
        mail = read_mail(caught.raw)
        return shape.detail(caught.id, mail, caught.sender, caught.recipients, caught.at, len(caught.raw))

    @routes.get("/api/v1/message/{mail_id}/headers")
    def headers(mail_id: str) -> dict[str, list[str]]:
        return shape.headers(read_mail(find(mail_id).raw))

    @routes.get("/api/v1/message/{mail_id}/raw")
    def raw(mail_id: str) -> Response:
        return Response(find(mail_id).raw, media_type="text/plain; charset=utf-8", headers=_GUARDED)

    @routes.get("/api/v1/message/{mail_id}/part/{part_id}")
    def part(mail_id: str, part_id: str) -> Response:
        for found in read_mail(find(mail_id).raw).parts:
            if found.part_id == part_id:
                return _download(found.name, found.content_type, found.data())
        raise HTTPException(404, f"PartID: the mail has no part {part_id}")

    @routes.get("/view/{mail_id}.html")
    def view(mail_id: str) -> Response:
        body = self_contained(read_mail(find(mail_id).raw))
        # The parser joins this head with the mail's own, so that its links leave the frame.
        page = f'<!doctype html><meta charset="utf-8"><base target="_blank">{body}'
        headers = {"Content-Security-Policy": _MAIL_POLICY, **_GUARDED}
        return Response(page.encode("utf-8", "replace"), media_type="text/html", headers=headers)

    return routes


def _info_routes(store: Store, commits: GroupCommit, clock: Callable[[], float] = time.monotonic) -> APIRouter:
    routes = APIRouter()
    started = clock()

    @routes.get("/api/v1/info")
    def info() -> dict[str, Any]:
        total, unread = store.counts()
        return {
            "Version": "postroom-catcher",
            "Database": str(store.path),
            "DatabaseSize": store.path.stat().st_size,
            "Messages": total,
            "Unread": unread,
            "Tags": {},
            "RuntimeStats": {
                "Uptime": int(clock() - started),
                "SMTPAccepted": commits.accepted,
                "SMTPAcceptedSize": commits.accepted_bytes,
            },
        }

    @routes.get("/health/live")
    def live() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get("/health/ready")
    def ready() -> dict[str, str]:
        store.counts()
        return {"status": "ok"}

    @routes.get("/")
    def page() -> FileResponse:
        headers = {"Content-Security-Policy": _PAGE_POLICY, "Cache-Control": "no-cache", **_GUARDED}
        return FileResponse(_STATIC / "index.html", headers=headers)

    return routes


def _listing(listing: Listing, start: int) -> dict[str, Any]:
    return {
        "total": listing.total,
        "unread": listing.unread,
        "count": len(listing.messages),
        "messages_count": listing.matching,
        "messages_unread": listing.matching_unread,
        "start": start,
        "tags": [],
        "messages": listing.messages,
    }


def _ids(body: bytes) -> list[str] | None:
    """The mails a DELETE names; None (all of them) for no body or no IDs, as in Mailpit."""
    if not body.strip():
        return None
    try:
        asked = json.loads(body)
    except ValueError as error:
        raise HTTPException(400, f"body: not JSON ({error})") from error
    ids = asked.get("IDs") if isinstance(asked, dict) else None
    if not isinstance(asked, dict) or not isinstance(ids or [], list):
        raise HTTPException(400, "IDs: should be a list of mail ids")
    return [str(mail_id) for mail_id in ids] if ids else None


def _download(name: str, content_type: str, data: bytes) -> Response:
    """A part as a file; only what no browser can run is shown in place and under its own type."""
    harmless = content_type in _SHOWN_IN_PLACE
    where = "inline" if harmless else "attachment"
    headers = {
        "Content-Disposition": f"{where}; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": _PART_POLICY,
        **_GUARDED,
    }
    return Response(data, headers=headers, media_type=content_type if harmless else "application/octet-stream")


async def _problem(_: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, StarletteHTTPException) else 500
    detail = error.detail if isinstance(error, StarletteHTTPException) else "unexpected error"
    return _problem_details(status, detail)


async def _bad_request(_: Request, error: Exception) -> JSONResponse:
    errors = error.errors() if isinstance(error, RequestValidationError) else []
    return _problem_details(400, "; ".join(f"{e['loc'][-1]}: {e['msg']}" for e in errors))


def _problem_details(status: int, detail: str) -> JSONResponse:
    """RFC 9457."""
    body = {"type": "about:blank", "status": status, "detail": detail}
    return JSONResponse(body, status, media_type="application/problem+json")
