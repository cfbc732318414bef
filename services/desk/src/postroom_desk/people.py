"""Agents, how they prove who they are, and the tokens they use."""

import asyncio
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any, Literal

from pymongo import ASCENDING, IndexModel

from postroom_contracts.agents import AgentChanged, Availability
from postroom_contracts.config import Address, Name
from postroom_contracts.event import Value
from postroom_plumbing.ids import new_id
from postroom_plumbing.mongo import Database, Document
from postroom_plumbing.unit import Unit

Role = Literal["agent", "admin"]
_SCRYPT: dict[str, int] = {"n": 2**14, "r": 8, "p": 1, "dklen": 32}
"""RFC 7914; 16 MB and some 50 ms a try."""


class Agent(Value):
    """An agent as the API shows them."""

    id: str
    version: int
    name: Name
    email: Address
    role: Role = "agent"
    active: bool = True
    sees_raw: bool = False
    """Whether they may see mails as they came, before anything was redacted; admins may."""
    queues: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    capacity: int = 10
    availability: Availability = "offline"

    @property
    def may_see_raw(self) -> bool:
        return self.sees_raw or self.role == "admin"


def hash_password(password: str) -> str:
    """A salted scrypt hash of a password."""
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}${hashlib.scrypt(password.encode(), salt=salt, **_SCRYPT).hex()}"


def password_fits(password: str, stored: str) -> bool:
    """Whether a password is the one behind a stored hash."""
    salt, _, digest = stored.partition("$")
    given = hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), **_SCRYPT)
    return hmac.compare_digest(given, bytes.fromhex(digest))


_NOBODY = hash_password("nobody")
"""Checked when the e-mail is unknown, so that the answer takes as long."""


def _token_id(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class People:
    """Agents and their tokens in MongoDB."""

    def __init__(self, database: Database) -> None:
        self._agents = database["agents"]
        self._tokens = database["tokens"]

    async def prepare(self) -> None:
        await self._agents.create_indexes([IndexModel([("email", ASCENDING)], unique=True)])
        await self._tokens.create_indexes([IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0)])

    async def all(self) -> list[Agent]:
        return [_agent(document) async for document in self._agents.find().sort("name", ASCENDING)]

    async def get(self, agent: str, unit: Unit | None = None) -> Agent | None:
        document = await self._agents.find_one({"_id": agent}, session=unit.session if unit else None)
        return _agent(document) if document else None

    async def by_email(self, email: str, unit: Unit | None = None) -> Agent | None:
        document = await self._agents.find_one({"email": email.lower()}, session=unit.session if unit else None)
        return _agent(document) if document else None

    async def add(self, fields: dict[str, Any], password: str | None, unit: Unit) -> Agent:
        """A new agent; states it. `fields` are those of Agent without id and version."""
        agent = Agent.model_validate({**fields, "id": fields.get("id") or new_id(), "version": 1})
        document = agent.model_dump()
        document["_id"] = document.pop("id")
        document["password"] = hash_password(password) if password else None
        await self._agents.insert_one(document, session=unit.session)
        _state(agent, unit)
        return agent

    async def change(self, agent: Agent, fields: dict[str, Any], unit: Unit) -> Agent:
        """The agent with other fields; states it."""
        changed = Agent.model_validate({**agent.model_dump(), **fields, "version": agent.version + 1})
        document = changed.model_dump(exclude={"id"})
        await self._agents.update_one({"_id": agent.id}, {"$set": document}, session=unit.session)
        _state(changed, unit)
        return changed

    async def any_admin(self) -> bool:
        return await self._agents.find_one({"role": "admin", "active": True}, {"_id": 1}) is not None

    async def log_in(self, email: str, password: str) -> Agent | None:
        """The agent, if the password is theirs and they are active."""
        document = await self._agents.find_one({"email": email.strip().lower()})
        stored = document["password"] if document and document["password"] else _NOBODY
        fits = await asyncio.to_thread(password_fits, password, stored)  # slow on purpose: others go on meanwhile
        return _agent(document) if document and fits and document["active"] and document["password"] else None

    async def forget_other_tokens(self, token: str, purpose: str) -> None:
        """Forget the tokens of a purpose but this one: a changed token replaces the one before."""
        await self._tokens.delete_many({"purpose": purpose, "_id": {"$ne": _token_id(token)}})

    async def keep_token(self, token: str, agent: str, purpose: str, expires_at: datetime | None) -> None:
        """Remember a token (only its hash) as the agent's."""
        document: Document = {"agent": agent, "purpose": purpose}
        if expires_at is not None:
            document["expires_at"] = expires_at
        await self._tokens.update_one({"_id": _token_id(token)}, {"$set": document}, upsert=True)

    async def new_session(self, agent: str, now: datetime, hours: int) -> tuple[str, datetime]:
        """A token that works for some hours, and until when."""
        token, expires_at = secrets.token_urlsafe(32), now + timedelta(hours=hours)
        await self.keep_token(token, agent, "session", expires_at)
        return token, expires_at

    async def forget_token(self, token: str) -> None:
        await self._tokens.delete_one({"_id": _token_id(token)})

    async def of_token(self, token: str, now: datetime) -> Agent | None:
        """The active agent a token belongs to."""
        kept = await self._tokens.find_one({"_id": _token_id(token)})
        if kept is None or (kept.get("expires_at") is not None and kept["expires_at"] <= now):
            return None
        agent = await self.get(kept["agent"])
        return agent if agent is not None and agent.active else None


def _agent(document: Document) -> Agent:
    return Agent.model_validate({**document, "id": document["_id"]})


def _state(agent: Agent, unit: Unit) -> None:
    fields = agent.model_dump(exclude={"id", "role", "sees_raw"})
    unit.emit(AgentChanged(agent=agent.id, at=unit.now, **fields))
