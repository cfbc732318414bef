"""The body of a request, within bounds of size and time."""

import asyncio
from typing import Final

from fastapi import Request

from postroom_plumbing.problems import Problem

BODY_SECONDS: Final = 120.0
"""How long a body may take: who is slower holds memory."""


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body of a request.

    Raises:
        Problem: 413 when it has more than `limit` bytes, 503 when it takes too long.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise Problem(413, "too-large", f"larger than {limit} bytes")
    except TimeoutError as error:
        raise Problem(503, "too-slow", f"not all there after {BODY_SECONDS:.0f} s") from error
    return bytes(body)
