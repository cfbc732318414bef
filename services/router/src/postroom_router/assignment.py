"""Who gets which waiting ticket, and why everybody else does not. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import nsmallest

from postroom_contracts.agents import Availability
from postroom_contracts.config import Queue
from postroom_contracts.routing import Candidate
from postroom_router.languages import covers
from postroom_router.row import RANKS, Row

CANDIDATES = 20
"""The most candidates a decision lists."""
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent as routing sees them; `assigned_at` is when the router last gave them a ticket."""

    id: str
    version: int
    active: bool
    availability: Availability
    capacity: int
    queues: frozenset[str]
    skills: frozenset[str]
    languages: tuple[str, ...]
    assigned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """A ticket goes to an agent."""

    ticket: str
    agent: str
    reason: str
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Room:
    """How many tickets can be taken in all, and in which queues somebody can take one."""

    tickets: int
    queues: frozenset[str]


def obstacle(agent: Agent, queue: str, queues: Mapping[str, Queue]) -> tuple[int, str] | None:
    """Why an agent cannot work in a queue however little they have to do, with a rank that sorts the nearest first."""
    if not agent.active:
        return 4, "not active"
    if queue not in agent.queues:
        return 3, f"does not work in queue {queue}"
    lacking = [skill for skill in (queues[queue].skills if queue in queues else ()) if skill not in agent.skills]
    if lacking:
        return 2, f"lacks skill {', '.join(lacking)}"
    if agent.availability != "available":
        return 1, agent.availability
    return None


def room(agents: Iterable[Agent], loads: Mapping[str, int], queues: Mapping[str, Queue]) -> Room:
    """What can be taken now."""
    tickets, served = 0, set()
    for agent in agents:
        free = agent.capacity - loads.get(agent.id, 0)
        if free > 0:
            own = {queue for queue in agent.queues if obstacle(agent, queue, queues) is None}
            tickets += free if own else 0
            served |= own
    return Room(tickets, frozenset(served))


def assign(
    waiting: Iterable[Row], agents: Sequence[Agent], loads: Mapping[str, int], queues: Mapping[str, Queue]
) -> list[Assignment]:
    """Give tickets, the most urgent and then the oldest first, to agents with room, until one of them runs out.

    Among agents who may, one who speaks the ticket's language comes first, then the least load by capacity, then who
    was assigned longest ago, then the id. The order of the arguments does not matter.
    """
    shift = _Shift(agents, loads, queues)
    in_turn = sorted(waiting, key=lambda row: (-RANKS[row.priority], row.opened_at, row.ticket))
    return [given for row in in_turn if (given := shift.give(row)) is not None]


def verdicts(
    row: Row, agents: Sequence[Agent], loads: Mapping[str, int], queues: Mapping[str, Queue]
) -> tuple[Candidate, ...]:
    """Who could take a ticket that nobody was chosen for yet, and what keeps the others from it."""
    shift = _Shift(agents, loads, queues)
    able, _ = shift.in_queue(row.queue)
    free = nsmallest(CANDIDATES, [one for one in able if shift.free(one)], key=lambda one: shift.preference(one, row))
    return shift.listed(row.queue, [(one, "free") for one in free])


class _Shift:
    """The agents while tickets are given out."""

    def __init__(self, agents: Sequence[Agent], loads: Mapping[str, int], queues: Mapping[str, Queue]) -> None:
        self._agents = agents
        self._queues = queues
        self._loads = {agent.id: loads.get(agent.id, 0) for agent in agents}
        self._given = 0
        self._turns: dict[str, int] = {}
        """Who was given the how-many-th ticket of this shift."""
        self._by_queue: dict[str, tuple[list[Agent], list[tuple[Agent, str]]]] = {}

    def in_queue(self, queue: str) -> tuple[list[Agent], list[tuple[Agent, str]]]:
        """Those who can work in a queue, and the nearest of those who cannot, with the obstacle."""
        if queue not in self._by_queue:
            able, unable = [], []
            for agent in self._agents:
                found = obstacle(agent, queue, self._queues)
                if found is None:
                    able.append(agent)
                else:
                    unable.append((found[0], agent.id, agent, found[1]))
            nearest = [(agent, why) for _, _, agent, why in nsmallest(CANDIDATES, unable, key=lambda one: one[:2])]
            self._by_queue[queue] = (sorted(able, key=lambda agent: agent.id), nearest)
        return self._by_queue[queue]

    def free(self, agent: Agent) -> bool:
        return self._loads[agent.id] < agent.capacity

    def preference(self, agent: Agent, row: Row) -> tuple[bool, float, int, datetime, str]:
        """Sorts agents, the best first."""
        share = self._loads[agent.id] / agent.capacity
        return (
            not _speaks(agent, row.language),
            share,
            self._turns.get(agent.id, -1),
            agent.assigned_at or _NEVER,
            agent.id,
        )

    def give(self, row: Row) -> Assignment | None:
        able, _ = self.in_queue(row.queue)
        free = [agent for agent in able if self.free(agent)]
        if not free:
            return None
        best = nsmallest(CANDIDATES, free, key=lambda agent: self.preference(agent, row))
        chosen = best[0]
        losers = [(agent, self._why_not(agent, chosen, row)) for agent in best[1:]]
        candidates = self.listed(row.queue, [(chosen, "chosen"), *losers])
        reason = self._why(chosen, free, row)
        self._loads[chosen.id] += 1
        self._given += 1
        self._turns[chosen.id] = self._given
        return Assignment(row.ticket, chosen.id, reason, candidates)

    def listed(self, queue: str, free: list[tuple[Agent, str]]) -> tuple[Candidate, ...]:
        """The free agents given with their verdicts, then those at capacity, then those with another obstacle."""
        able, unable = self.in_queue(queue)
        full = [(one, f"at capacity ({self._of_capacity(one)})") for one in able if not self.free(one)]
        return tuple(
            Candidate(agent=agent.id, load=self._loads[agent.id], capacity=agent.capacity, verdict=verdict)
            for agent, verdict in [*free, *full, *unable][:CANDIDATES]
        )

    def _why(self, chosen: Agent, free: list[Agent], row: Row) -> str:
        rivals = [agent for agent in free if _speaks(agent, row.language) == _speaks(chosen, row.language)]
        if row.language is None:
            speech = ""
        elif _speaks(chosen, row.language):
            speech = f"speaks {row.language}; "
        else:
            speech = f"nobody free speaks {row.language}; "
        return f"{speech}least loaded ({self._of_capacity(chosen)}) of {len(rivals)} free in queue {row.queue}"

    def _why_not(self, agent: Agent, chosen: Agent, row: Row) -> str:
        mine, theirs = self.preference(agent, row), self.preference(chosen, row)
        if mine[0] != theirs[0]:
            return f"does not speak {row.language}"
        if mine[1] != theirs[1]:
            return f"busier ({self._of_capacity(agent)})"
        return "was given a ticket more recently" if mine[2:4] != theirs[2:4] else "equal, later by id"

    def _of_capacity(self, agent: Agent) -> str:
        return f"{self._loads[agent.id]} of {agent.capacity}"


def _speaks(agent: Agent, language: str | None) -> bool:
    """Whether an agent speaks a ticket's language; of an unknown one nobody knows more than another."""
    return language is None or any(covers(known, language) for known in agent.languages)
