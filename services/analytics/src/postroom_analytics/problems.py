"""Errors as RFC 9457 problem details."""

from collections.abc import Sequence
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from pymongo.errors import PyMongoError
from starlette.exceptions import HTTPException


class FieldError(BaseModel):
    """What is wrong with one field of the question."""

    field: str
    reason: str


class Problem(BaseModel):
    """RFC 9457 section 3.1; `errors` is ours."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []


class QuestionError(Exception):
    """The question makes no sense; says which field, and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.error = FieldError(field=field, reason=reason)


def add_problems(app: FastAPI) -> None:
    """Answer every error of `app` with problem details."""

    async def invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class only
        return _invalid(
            [FieldError(field=str(one["loc"][-1]), reason=_reason(str(one["msg"]))) for one in error.errors()]
        )

    async def senseless(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, QuestionError)  # noqa: S101 - see above
        return _invalid([error.error])

    async def failed(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101 - see above
        response = _response(error.status_code, str(error.detail))
        response.headers.update(error.headers or {})
        return response

    async def unreachable(_: Request, __: Exception) -> JSONResponse:
        response = _response(503, "The figures cannot be read at the moment. Please try again.")
        response.headers["Retry-After"] = "5"
        return response

    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(QuestionError, senseless)
    app.add_exception_handler(HTTPException, failed)
    app.add_exception_handler(PyMongoError, unreachable)


def _reason(message: str) -> str:
    return message.removeprefix("Value error, ")


def _invalid(errors: Sequence[FieldError]) -> JSONResponse:
    detail = "; ".join(f"{error.field}: {error.reason}" for error in errors)
    return _response(422, detail, errors)


def _response(status: int, detail: str, errors: Sequence[FieldError] = ()) -> JSONResponse:
    problem = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=list(errors))
    return JSONResponse(
        problem.model_dump(exclude_defaults=False), status_code=status, media_type="application/problem+json"
    )
