"""Agents and their availability."""

from typing import Literal

from pydantic import Field

from postroom_contracts.event import Event
from postroom_contracts.topics import Topic
from postroom_contracts.values import Instant

Availability = Literal["available", "away", "offline"]


class AgentChanged(Event, topic=Topic.AGENTS, type="postroom.agent.changed.v1"):
    """An agent as they are now."""

    agent: str
    version: int = Field(ge=1)
    """Counts the changes to this agent."""
    name: str
    email: str
    active: bool = True
    """False once they have left."""
    queues: tuple[str, ...] = ()
    """The ids of the queues they work in."""
    skills: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    """ISO 639-1."""
    capacity: int = Field(ge=0)
    """How many tickets they work on at once."""
    availability: Availability
    at: Instant

    @property
    def key(self) -> str:
        return self.agent

    @property
    def sequence(self) -> int | None:
        return self.version
