"""What the router knows of a ticket, and how it follows what others do to it. Pure."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from postroom_contracts.tickets import Ticket
from postroom_contracts.values import Priority, Status

RANKS: dict[Priority, int] = {"low": 0, "normal": 1, "high": 2, "urgent": 3}
IN_WORK: frozenset[Status] = frozenset({"new", "open"})
AT_REST: frozenset[Status] = frozenset({"solved", "closed"})
BY_HAND = "by-hand"


@dataclass(frozen=True, slots=True)
class Row:
    """A ticket as routing sees it.

    `agent` is who has it as far as the router knows, its own latest decision included; `seen_agent` is what desk said
    last. They differ while a decision is on its way, so that only a change of `seen_agent` is somebody's deed.
    """

    ticket: str
    version: int
    queue: str
    rule: str
    status: Status
    priority: Priority
    language: str | None
    opened_at: datetime
    agent: str | None
    seen_agent: str | None
    decision: int
    trace: str | None = None

    @property
    def waiting(self) -> bool:
        """Whether it needs an agent now."""
        return self.agent is None and self.status in IN_WORK

    @property
    def working(self) -> bool:
        """Whether it counts into its agent's load."""
        return self.agent is not None and self.status in IN_WORK


def follow(row: Row, ticket: Ticket, available: Collection[str]) -> Row:
    """`row` after a newer fact about its ticket; `available` holds the agents who can take work now.

    An agent whom somebody set is respected, at capacity or not. A ticket moved to another queue waits there, and so
    does a reopened one whose agent is not available.
    """
    moved = ticket.queue is not None and ticket.queue != row.queue
    reopened = row.status in AT_REST and ticket.status not in AT_REST
    agent = row.agent
    if ticket.agent != row.seen_agent:
        agent = ticket.agent
    elif moved:
        agent = None
    elif reopened:
        agent = ticket.agent if ticket.agent in available else None
    return replace(
        row,
        version=ticket.version,
        queue=ticket.queue if moved and ticket.queue else row.queue,
        rule=BY_HAND if moved else row.rule,
        status=ticket.status,
        priority=ticket.priority,
        language=ticket.language,
        agent=agent,
        seen_agent=ticket.agent,
    )


def same_but_version(one: Row, other: Row) -> bool:
    """Whether nothing that routing cares about differs."""
    return replace(one, version=other.version) == other
