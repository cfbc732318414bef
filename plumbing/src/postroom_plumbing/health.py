"""Health and metrics of a process: /health/live, /health/ready, /metrics."""

import asyncio
from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

Check = Callable[[], Awaitable[str | None]]
"""Returns None when all is well, else what is wrong in a few words. An exception counts as wrong too."""

CHECK_SECONDS = 2.0


class Health:
    """Named checks, asked anew for every probe."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}

    def add(self, name: str, check: Check) -> None:
        self._checks[name] = check

    async def report(self) -> dict[str, str]:
        """Each check's name with "ok" or what is wrong."""
        verdicts = await asyncio.gather(*(_ask(check) for check in self._checks.values()))
        return dict(zip(self._checks, verdicts, strict=True))

    def router(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)

        @router.get("/health/live")
        async def live() -> dict[str, str]:
            return {"status": "ok"}

        @router.get("/health/ready")
        async def ready() -> JSONResponse:
            report = await self.report()
            well = all(verdict == "ok" for verdict in report.values())
            body = {"status": "ok" if well else "unavailable", "checks": report}
            return JSONResponse(body, status_code=200 if well else 503)

        @router.get("/metrics")
        async def metrics() -> Response:
            return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

        return router


async def _ask(check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check() or "ok"
    except TimeoutError:
        return f"no answer within {CHECK_SECONDS:g} s"
    except Exception as error:  # noqa: BLE001 - whatever it is, the answer is "not ready" and its class
        return type(error).__name__
