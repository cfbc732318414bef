"""Who is asking: bearer tokens, log-in, and a limit on guessing."""

import asyncio
import logging
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from redis.asyncio import Redis
from redis.exceptions import RedisError

from postroom_desk.people import Agent, People
from postroom_plumbing.clock import utc_now
from postroom_plumbing.problems import Problem

log = logging.getLogger(__name__)

GUESSES = 20
GUESS_SECONDS = 300
REDIS_SECONDS = 1.0
COOKIE = "postroom_session"
Bearer = Annotated[
    HTTPAuthorizationCredentials | None,
    Depends(HTTPBearer(auto_error=False, description="A token of POST /api/v1/sessions, or of `postroom token`")),
]


class Auth:
    """Finds the agent behind a request."""

    def __init__(self, people: People, redis: "Redis", prefix: str) -> None:
        self._people = people
        self._redis = redis
        self._prefix = prefix

    async def agent(self, credentials: Bearer) -> Agent:
        """The agent whose token the request carries.

        Raises:
            Problem: 401 when there is none, or it is not known or has run out.
        """
        agent = await self._people.of_token(credentials.credentials, utc_now()) if credentials else None
        if agent is None:
            raise Problem(
                401,
                "unauthenticated",
                "send 'Authorization: Bearer <token>'; POST /api/v1/sessions gives one",
                headers={"WWW-Authenticate": 'Bearer realm="postroom"'},
            )
        return agent

    async def visitor(self, request: Request) -> Agent | None:
        """The agent whose session cookie the request carries, if any."""
        token = request.cookies.get(COOKIE)
        return await self._people.of_token(token, utc_now()) if token else None

    async def admin(self, credentials: Bearer) -> Agent:
        """Like `agent`, but only for admins (403 otherwise)."""
        agent = await self.agent(credentials)
        if agent.role != "admin":
            raise Problem(403, "forbidden", "only admins may do this")
        return agent

    async def log_in(self, email: str, password: str, peer: str) -> Agent | None:
        """The agent, or None when e-mail or password is wrong.

        Raises:
            Problem: 429 after too many failures from one peer.
        """
        key = f"{self._prefix}:guesses:{peer}"
        if await self._count(key, 0) >= GUESSES:
            raise Problem(429, "too-many-attempts", "too many failed log-ins; try again in a few minutes")
        agent = await self._people.log_in(email, password)
        if agent is None:
            await self._count(key, 1)
        return agent

    async def _count(self, key: str, by: int) -> int:
        """Failures so far. Without Redis nobody is locked out: passwords are slow to check anyway."""
        try:
            async with asyncio.timeout(REDIS_SECONDS), self._redis.pipeline() as pipe:
                pipe.incrby(key, by)
                pipe.expire(key, GUESS_SECONDS, nx=True)
                return int((await pipe.execute())[0])
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("failed log-ins are not counted", extra={"error": type(error).__name__})
            return 0


class Credentials(BaseModel):
    """What an agent logs in with."""

    email: str
    password: str


class Session(BaseModel):
    """A token and until when it works."""

    token: str
    expires_at: str
    agent: Agent


def router(auth: Auth, people: People, session_hours: int) -> APIRouter:
    """Routes to log in and out."""
    routes = APIRouter(prefix="/api/v1/sessions", tags=["sessions"])

    @routes.post("", status_code=201)
    async def log_in(credentials: Credentials, request: Request) -> Session:
        """Log in with e-mail and password; the token goes into `Authorization: Bearer …`."""
        peer = request.client.host if request.client else "unknown"
        agent = await auth.log_in(credentials.email, credentials.password, peer)
        if agent is None:
            raise Problem(401, "wrong-credentials", "e-mail or password is wrong")
        token, expires_at = await people.new_session(agent.id, utc_now(), session_hours)
        return Session(token=token, expires_at=expires_at.isoformat(), agent=agent)

    @routes.delete("/current", status_code=204)
    async def log_out(request: Request, _: Annotated[Agent, Depends(auth.agent)]) -> None:
        """Forget the token this request carries."""
        await people.forget_token(request.headers["authorization"].partition(" ")[2])

    return routes
