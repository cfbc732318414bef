"""Which queue and agent a ticket goes to, and why."""

from pydantic import Field

from postroom_contracts.event import Event, Value
from postroom_contracts.topics import Topic
from postroom_contracts.values import Instant


class Candidate(Value):
    """An agent who was considered."""

    agent: str
    load: int
    capacity: int
    verdict: str
    """"chosen", or why not."""


class RoutingDecided(Event, topic=Topic.ROUTING, type="postroom.routing.decided.v1"):
    """The router's decision; desk carries it out unless somebody was faster."""

    ticket: str
    decision: int = Field(ge=1)
    """Counts the decisions about this ticket."""
    queue: str
    agent: str | None = None
    rule: str
    """The id of the rule that chose the queue."""
    reason: str
    candidates: tuple[Candidate, ...] = ()
    decided_at: Instant

    @property
    def key(self) -> str:
        return self.ticket

    @property
    def sequence(self) -> int | None:
        return self.decision
