"""The body of a request, within bounds of size and time."""

import asyncio
from typing import Final

from fastapi import Request

from postroom_ingest.receive.room import Share
from postroom_plumbing.problems import Problem

BODY_SECONDS: Final = 120.0
"""How long a body may take: who is slower holds memory."""

AGAIN: Final = {"Retry-After": "5"}
"""Goes with a 503 where the cause passes by itself."""


async def read_body(request: Request, limit: int, share: Share | None = None) -> bytes:
    """The whole body of a request; with a `share`, which the caller releases, only while there is room for it.

    Raises:
        Problem: 413 when it has more than `limit` bytes, 503 when it takes too long or there is no room.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise Problem(413, "too-large", f"larger than {limit} bytes")
                if share is not None and not share.hold(len(body)):
                    raise Problem(503, "no-room", "too much is coming in at once, try again", headers=AGAIN)
    except TimeoutError as error:
        raise Problem(503, "too-slow", f"not all there after {BODY_SECONDS:.0f} s", headers=AGAIN) from error
    return bytes(body)
