"""Bodies that are too large are refused before anybody reads them."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request

from postroom_plumbing.body_limit import BodyLimit

LIMIT = 1000


def small_app() -> httpx.AsyncClient:
    app = FastAPI()
    app.add_middleware(BodyLimit, limit=LIMIT)

    @app.post("/")
    async def size(request: Request) -> int:
        return len(await request.body())

    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://desk")


async def pieces(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * 100


@pytest.mark.parametrize("announced", [True, False], ids=["content-length", "chunked"])
async def test_the_limit_holds_however_the_body_comes(announced: bool) -> None:
    async with small_app() as client:
        fits = await client.post("/", content=b"x" * LIMIT if announced else pieces(10))
        large = await client.post("/", content=b"x" * (LIMIT + 1) if announced else pieces(11))
    assert (fits.status_code, fits.json()) == (200, LIMIT)
    assert large.status_code == 413
    assert large.headers["content-type"] == "application/problem+json"
