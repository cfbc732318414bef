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
        self._vital: set[str] = set()

    def add(self, name: str, check: Check, *, vital: bool = True) -> None:
        """Ask `check` too. Where it is not `vital` the process works on without, and is only called degraded."""
        self._checks[name] = check
        if vital:
            self._vital.add(name)

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
            wrong = {name for name, verdict in report.items() if verdict != "ok"}
            status = "unavailable" if wrong & self._vital else "degraded" if wrong else "ok"
            return JSONResponse(
                {"status": status, "checks": report}, status_code=503 if status == "unavailable" else 200
            )

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
