"""Errors over HTTP as problem details (RFC 9457)."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pymongo.errors import PyMongoError
from starlette.exceptions import HTTPException as StarletteHTTPException

from postroom_plumbing.mongo import unreachable

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 5
_TEXT = {"type": "string"}
_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "reason"],
                "properties": {"field": _TEXT, "reason": _TEXT},
            },
        },
    },
}


class Problem(HTTPException):
    """An error with a type of its own: `kind` is a short word, `errors` names fields and reasons."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        errors: list[dict[str, str]] | None = None,
        *,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail, headers=headers)
        self.kind = kind
        self.errors = errors


def invalid(field: str, reason: str) -> Problem:
    """What to raise where one field makes no sense: `field` as FastAPI would name it, such as query.from."""
    return Problem(422, "invalid", f"not valid: {field}: {reason}", [{"field": field, "reason": reason}])


def problem_response(
    status: int, kind: str, detail: str, errors: list[dict[str, str]] | None = None, headers: Any = None
) -> JSONResponse:
    """The response for a problem: `type` is a URN that programs can compare, `detail` is for people."""
    body: dict[str, Any] = {
        "type": f"urn:postroom:problem:{kind}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        body["errors"] = errors
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem, also in what its OpenAPI document says."""
    app.router.responses["default"] = {
        "description": "A problem (RFC 9457)",
        "content": {MEDIA_TYPE: {"schema": _SCHEMA}},
    }

    @app.exception_handler(StarletteHTTPException)
    async def http(_: Request, error: StarletteHTTPException) -> JSONResponse:
        kind = (
            error.kind if isinstance(error, Problem) else HTTPStatus(error.status_code).name.lower().replace("_", "-")
        )
        errors = error.errors if isinstance(error, Problem) else None
        return problem_response(error.status_code, kind, str(error.detail), errors, error.headers)

    @app.exception_handler(RequestValidationError)
    async def not_valid(_: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            {
                "field": ".".join(str(part) for part in one["loc"]),
                "reason": str(one["msg"]).removeprefix("Value error, "),
            }
            for one in error.errors()
        ]
        named = ", ".join(one["field"] for one in errors)
        return problem_response(422, "invalid", f"not valid: {named}", errors)

    @app.exception_handler(PyMongoError)
    async def stores(_: Request, error: PyMongoError) -> JSONResponse:
        if unreachable(error):
            again = {"Retry-After": str(RETRY_SECONDS)}
            return problem_response(503, "stores-unreachable", "the stores cannot be reached; try again", None, again)
        return problem_response(500, "internal", "something went wrong on our side")

    @app.exception_handler(Exception)
    async def internal(_: Request, error: Exception) -> JSONResponse:  # noqa: ARG001 - its text is for the log only
        return problem_response(500, "internal", "something went wrong on our side")
