"""Which queue and agent a ticket goes to, and why."""

from pydantic import Field

from postroom_contracts.event import Event, Value
from postroom_contracts.topics import Topic
from postroom_contracts.values import Instant


class Candidate(Value):
    """An agent who was considered."""

    agent: str
    load: int
    """The tickets they worked on at that moment."""
    capacity: int
    verdict: str
    """"chosen", or why not."""


class RoutingDecided(Event, topic=Topic.ROUTING, type="postroom.routing.decided.v1"):
    """The router's decision; desk carries it out unless somebody was faster."""

    ticket: str
    decision: int = Field(ge=1)
    """Counts the decisions about this ticket."""
    ticket_version: int = Field(ge=1)
    """The version of the ticket it was decided on."""
    queue: str
    """The queue's id."""
    agent: str | None = None
    """The id of the agent who gets it; None while it waits for one."""
    rule: str
    """The id of the rule that chose the queue, or `opened-in`, `mailbox`, `default`."""
    reason: str
    """Why, in words."""
    candidates: tuple[Candidate, ...] = ()
    """Who was considered, the chosen one first; empty where only the queue was chosen."""
    decided_at: Instant

    @property
    def key(self) -> str:
        return self.ticket

    @property
    def sequence(self) -> int | None:
        return self.decision
