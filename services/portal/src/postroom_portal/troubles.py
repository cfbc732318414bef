"""Errors as pages, or as RFC 9457 problem details for programs that ask for JSON."""

from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException

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
    response: Response
    if _wants_json(request):
        response = JSONResponse(_problem(error), error.status, media_type="application/problem+json")
    else:
        response = HTMLResponse(pages.trouble(texts_for(request), error.trouble), error.status)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _wants_json(request: Request) -> bool:
    accepted = {entry.partition(";")[0].strip().lower() for entry in request.headers.get("accept", "").split(",")}
    return "application/json" in accepted and "text/html" not in accepted


def _problem(error: VisitorError) -> dict[str, object]:
    """RFC 9457 section 3.1."""
    problem: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.reason,
    }
    if error.field is not None:
        problem["errors"] = [{"field": error.field, "reason": error.reason}]
    return problem
