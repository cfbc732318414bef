"""The HTTP that the parts of Postroom use among themselves: only for those who hold a token."""

import hmac
from collections.abc import Awaitable, Callable

from fastapi import Request
from pydantic import Field, SecretStr

from postroom_plumbing.problems import Problem
from postroom_plumbing.settings import ServiceSettings


class InternalSettings(ServiceSettings):
    """Settings of a service with internal routes."""

    internal_token: SecretStr = Field(min_length=16)
    """What callers of the internal routes show as `Authorization: Bearer …`; the same for all services."""


def bearer_fits(authorization: str, *tokens: str) -> bool:
    """Whether an Authorization field, its bytes decoded as Latin-1, shows one of `tokens` (RFC 6750 section 2.1).

    Spaces around the token do not count; anything else does, since a token may hold any character.
    """
    scheme, _, shown = authorization.partition(" ")
    given = shown.strip(" ").encode("latin-1")
    right = [hmac.compare_digest(given, token.encode()) for token in tokens]
    return scheme.lower() == "bearer" and any(right)


def holders_of(*tokens: SecretStr) -> Callable[[Request], Awaitable[None]]:
    """A dependency that lets in only requests with one of `tokens` (RFC 6750 section 2.1); 401 for all others."""
    known = [token.get_secret_value() for token in tokens]

    async def check(request: Request) -> None:
        if not bearer_fits(request.headers.get("authorization", ""), *known):
            raise Problem(
                401,
                "unauthenticated",
                "send 'Authorization: Bearer <internal token>'",
                headers={"WWW-Authenticate": "Bearer"},
            )

    return check
