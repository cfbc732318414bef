"""What other services keep, handed through to agents: raw mail and attachments of ingest, figures of analytics."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any
from urllib.parse import quote

import httpx
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse

from postroom_desk.api.auth import Auth
from postroom_desk.people import Agent
from postroom_desk.store import Tickets
from postroom_plumbing.mongo import Document
from postroom_plumbing.problems import Problem

TIMEOUT_SECONDS = 10.0
_HANDED_ON = (400, 404, 409, 422)
"""Refusals that are the caller's affair; all others are ours."""
_HARMLESS = {"image/png", "image/jpeg", "image/gif", "image/webp", "text/plain", "application/pdf"}


class Elsewhere:
    """A client of the other services, with the internal token."""

    def __init__(self, ingest_url: str, analytics_url: str, token: str) -> None:
        self._ingest = ingest_url.rstrip("/")
        self._analytics = analytics_url.rstrip("/")
        self._http = httpx.AsyncClient(
            timeout=TIMEOUT_SECONDS,
            trust_env=False,  # a proxy must not see the token
            headers={"Authorization": f"Bearer {token}"},
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def _ask(self, url: str, what: str, method: str = "GET") -> httpx.Response:
        try:
            response = await self._http.send(self._http.build_request(method, url), stream=True)
        except httpx.HTTPError:
            raise Problem(503, "unavailable", f"{what} cannot be reached; try again") from None
        return response

    async def raw(self, contact: str, part: int | None = None) -> tuple[AsyncIterator[bytes], str]:
        """The bytes of a raw mail (or submission), or of one of its parts, and their media type."""
        url = f"{self._ingest}/v1/raw/{contact}" + ("" if part is None else f"/parts/{part}")
        response = await self._ask(url, "the mail store")
        if response.status_code != 200:
            await response.aclose()
            if response.status_code == 404:
                raise Problem(404, "not-found", "the mail store does not have this")
            raise Problem(503, "unavailable", "the mail store cannot give this now; try again")

        async def pieces() -> AsyncIterator[bytes]:
            try:
                async for piece in response.aiter_bytes():
                    yield piece
            finally:
                await response.aclose()

        return pieces(), response.headers.get("content-type", "application/octet-stream")

    async def figures(self, path: str, query: str) -> Response:
        """What analytics answers, as it is."""
        response = await self._ask(f"{self._analytics}/api/v1/analytics/{path}?{query}", "analytics")
        body = await response.aread()
        return Response(body, response.status_code, media_type=response.headers.get("content-type"))

    async def told(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """What ingest answers of what came in, for a page.

        Raises:
            Problem: 503 when it does not answer, 422 when it was asked something that makes no sense.
        """
        answer = await self.intake(path, query)
        if answer.status_code != httpx.codes.OK:
            raise Problem(answer.status_code, "invalid", "the mail store does not know this")
        return json.loads(bytes(answer.body))

    async def intake(self, path: str, query: Mapping[str, Any] | None = None, method: str = "GET") -> Response:
        """What ingest answers of what came in, as it is; `path` is that behind /v1/.

        Raises:
            Problem: 503 when it does not answer, or not to us.
        """
        asked = httpx.QueryParams({name: value for name, value in (query or {}).items() if value is not None})
        url = httpx.URL(f"{self._ingest}/v1/{path}", params=asked)
        response = await self._ask(str(url), "the mail store", method)
        body = await response.aread()
        if not response.is_success and response.status_code not in _HANDED_ON:
            raise Problem(503, "unavailable", "the mail store cannot say this now; try again")
        return Response(body, response.status_code, media_type=response.headers.get("content-type"))


def router(tickets: Tickets, elsewhere: Elsewhere, auth: Auth) -> APIRouter:
    """Routes of messages' sources and files, and of analytics."""
    routes = APIRouter(prefix="/api/v1")
    Me = Annotated[Agent, Depends(auth.agent)]  # noqa: N806

    async def _message(message: str) -> Document:
        document = await tickets.messages.find_one({"_id": message}, {"raw": 1, "attachments": 1})
        if document is None or document["raw"] is None:
            raise Problem(404, "not-found", "there is no such message, or it did not come by mail")
        return document

    @routes.get("/messages/{message}/raw", tags=["tickets"])
    async def raw(message: str, me: Me) -> StreamingResponse:
        """The mail as it came, before anything was redacted: for admins, and agents with `sees_raw`."""
        if not me.may_see_raw:
            raise Problem(403, "forbidden", "only admins, and agents with sees_raw, may see mails as they came")
        document = await _message(message)
        content, kind = await elsewhere.raw(document["raw"]["id"])
        return _download(content, f"{message}.{'json' if kind == 'application/json' else 'eml'}", kind)

    @routes.get("/messages/{message}/attachments/{part}", tags=["tickets"])
    async def attachment(message: str, part: int, _: Me) -> StreamingResponse:
        """An attachment. Always a download: what a stranger sent is never run on this site."""
        document = await _message(message)
        found = next((one for one in document["attachments"] if one["part"] == part), None)
        if found is None:
            raise Problem(404, "not-found", f"the message has no attachment {part}")
        kind = found["content_type"] if found["content_type"] in _HARMLESS else "application/octet-stream"
        content, _kind = await elsewhere.raw(document["raw"]["id"], part)
        return _download(content, found["name"], kind)

    @routes.get("/analytics/{question}", tags=["analytics"])
    async def figures(question: str, request: Request, _: Me) -> Response:
        """Figures: `summary` and `series`, with from, to, tz, queue, channel, agent and group_by."""
        if question not in ("summary", "series"):
            raise Problem(404, "not-found", "ask for summary or series")
        return await elsewhere.figures(question, request.url.query)

    return routes


def _download(content: AsyncIterator[bytes], name: str, media_type: str) -> StreamingResponse:
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return StreamingResponse(content, media_type=media_type, headers=headers)
