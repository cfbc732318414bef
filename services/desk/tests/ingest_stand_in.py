"""A stand-in for ingest's inner doors, reached over real HTTP."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from .making import MAKE

PROBLEM = "application/problem+json"


class Ingest:
    """What ingest would answer, and what it was asked."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []
        self.accounts: list[dict[str, Any]] = []
        self.raw = b"Subject: x\r\n\r\nHello.\r\n"
        self.asked: list[str] = []
        self.code = 200
        """Another one is answered to everything."""

    def set_aside(self, contact: str, **other: Any) -> None:
        fields = {"cause": "spam", "at": "2026-03-02T09:00:00Z", "mailbox": "support", "sender": "eve@example.com"}
        self.items.append({"contact": contact, **fields, "subject": "Win", "released_at": None, **other})

    def account(self, name: str, state: str, error: str | None = None) -> None:
        self.accounts.append(
            {"id": name, "name": name, "state": state, "error": error, "since": "2026-03-02T09:00:00Z"}
        )

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.api_route("/v1/{path:path}", methods=["GET", "POST"])
        async def door(path: str, request: Request) -> Response:
            query = f"?{request.url.query}" if request.url.query else ""
            self.asked.append(f"{request.method} {path}{query}")
            if request.headers.get("authorization") != "Bearer an-internal-token-of-tests":
                return JSONResponse({}, 401)
            return self._answer(path, request) if self.code == 200 else JSONResponse({}, self.code)

        return app

    def _answer(self, path: str, request: Request) -> Response:
        match path.split("/"):
            case ["set-aside"]:
                limit = int(request.query_params["limit"])
                shown = self.items[:limit]
                return JSONResponse({"items": shown, "next": shown[-1]["contact"] if len(shown) == limit else None})
            case ["set-aside", contact, *released]:
                known = [one for one in self.items if one["contact"] == contact]
                if not known:
                    problem = {"type": "urn:postroom:problem:not-found", "detail": "nothing was set aside"}
                    return JSONResponse(problem, 404, media_type=PROBLEM)
                if not released:
                    return JSONResponse({"read": MAKE.contact(contact=contact).model_dump(mode="json")} | known[0])
                self.items.remove(known[0])
                return JSONResponse({"contact": contact, "released": True}, 202)
            case ["ledger"]:
                return JSONResponse({"hours": [{"mailbox": "support", "new": 1}]})
            case ["accounts"]:
                return JSONResponse(self.accounts)
            case _:
                return Response(self.raw)


@asynccontextmanager
async def listening(ingest: Ingest) -> AsyncIterator[str]:
    """Its URL, while it answers there."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(ingest.app(), log_level="error", lifespan="off"))
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running
