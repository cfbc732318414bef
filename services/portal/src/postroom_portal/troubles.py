"""Errors as pages, or as RFC 9457 problem details for programs that ask for JSON."""

from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from postroom_plumbing.problems import problem_response
from postroom_portal.errors import VisitorError, unavailable
from postroom_portal.pages import Pages
from postroom_portal.site import texts_for


def add_troubles(app: FastAPI, pages: Pages) -> None:
    """Answer every error of `app` so that a visitor understands it."""

    async def told(request: Request, error: Exception) -> Response:
        if isinstance(error, VisitorError):
            return _response(pages, request, error)
        if isinstance(error, HTTPException):
            reason = HTTPStatus(error.status_code).phrase
            response = _response(pages, request, VisitorError("not_found", error.status_code, reason))
            response.headers.update(error.headers or {})
            return response
        return _response(pages, request, unavailable())

    for kind in (VisitorError, HTTPException, Exception):
        app.add_exception_handler(kind, told)


def _response(pages: Pages, request: Request, error: VisitorError) -> Response:
    again = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    if not _wants_json(request):
        return HTMLResponse(pages.trouble(texts_for(request), error.trouble), error.status, again)
    errors = [{"field": error.field, "reason": error.reason}] if error.field is not None else None
    return problem_response(error.status, error.trouble.replace("_", "-"), error.reason, errors, again)


def _wants_json(request: Request) -> bool:
    accepted = {entry.partition(";")[0].strip().lower() for entry in request.headers.get("accept", "").split(",")}
    return "application/json" in accepted and "text/html" not in accepted
