"""Tickets and agents in MongoDB: the only file here that knows the driver."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne

from postroom_contracts.agents import AgentChanged
from postroom_contracts.routing import RoutingDecided
from postroom_contracts.values import Priority
from postroom_plumbing.errors import StaleError
from postroom_plumbing.mongo import Database, Document
from postroom_plumbing.newest import keep_newest
from postroom_router.assignment import Agent
from postroom_router.projection import Outcome
from postroom_router.row import RANKS, Row

_STATE = {"decided": False}
_PRIORITIES: dict[int, Priority] = {rank: priority for priority, rank in RANKS.items()}


class Store:
    """Collections `tickets` (`_id` the ticket, its state, and `decided`: the latest decision) and `agents`."""

    def __init__(self, database: Database) -> None:
        self._tickets = database["tickets"]
        self._agents = database["agents"]

    async def prepare(self) -> None:
        """Create the indexes. Each holds only tickets in work, so none grows with history."""
        await self._tickets.create_indexes(
            [
                IndexModel(
                    [("waiting", ASCENDING), ("queue", ASCENDING), ("rank", DESCENDING), ("opened_at", ASCENDING)],
                    name="waiting",
                    partialFilterExpression={"waiting": True},
                ),
                IndexModel(
                    [("working", ASCENDING), ("agent", ASCENDING)],
                    name="working",
                    partialFilterExpression={"working": True},
                ),
            ]
        )

    # What the consumer does

    async def rows(self, tickets: Collection[str], session: Any) -> dict[str, Row]:
        """The rows of these tickets, by ticket."""
        found = self._tickets.find({"_id": {"$in": list(tickets)}}, _STATE, session=session)
        return {document["_id"]: _row(document) async for document in found}

    async def save(self, outcome: Outcome, session: Any) -> None:
        """Write new and changed rows."""
        new = [
            {"_id": ticket, **_state(outcome.rows[ticket]), "decided": _decided(placed.event, placed.misses)}
            for ticket, placed in outcome.placed.items()
        ]
        changed = [
            UpdateOne({"_id": ticket}, {"$set": _state(row)})
            for ticket, row in outcome.rows.items()
            if ticket not in outcome.placed
        ]
        if new:
            await self._tickets.insert_many(new, ordered=False, session=session)
        if changed:
            await self._tickets.bulk_write(changed, ordered=False, session=session)

    async def keep_agents(self, events: Iterable[AgentChanged], session: Any) -> bool:
        """Keep agents as they are now; False when none of these was news."""
        return await keep_newest(self._agents, events, _profile, session)

    async def available(self, agents: Collection[str], session: Any) -> set[str]:
        """Those of `agents` who can take work now."""
        if not agents:
            return set()
        filtered = {"_id": {"$in": list(agents)}, "active": True, "availability": "available"}
        return {document["_id"] async for document in self._agents.find(filtered, {"_id": True}, session=session)}

    # What the assigner does

    async def agents(self, session: Any = None) -> list[Agent]:
        """All agents."""
        return [_agent(document) async for document in self._agents.find({}, session=session)]

    async def loads(self, session: Any = None) -> dict[str, int]:
        """How many tickets each agent has in hand; agents with none are left out."""
        return await self._count("working", "agent", session)

    async def backlog(self) -> dict[str, int]:
        """How many tickets wait in each queue; queues where none waits are left out."""
        return await self._count("waiting", "queue", None)

    async def _count(self, index: str, by: str, session: Any) -> dict[str, int]:
        steps: list[Document] = [{"$match": {index: True}}, {"$group": {"_id": f"${by}", "tickets": {"$sum": 1}}}]
        counts = self._tickets.aggregate(steps, hint=index, session=session)
        return {document["_id"]: document["tickets"] async for document in counts}

    async def waiting(self, queues: Collection[str], limit: int, session: Any) -> list[Row]:
        """The most urgent and then oldest tickets that wait in these queues."""
        found = (
            self._tickets.find({"waiting": True, "queue": {"$in": sorted(queues)}}, _STATE, session=session)
            .hint("waiting")
            .sort([("rank", DESCENDING), ("opened_at", ASCENDING)])
            .limit(limit)
        )
        return [_row(document) async for document in found]

    async def assign(self, given: Iterable[tuple[Row, RoutingDecided]], now: datetime, session: Any) -> None:
        """Write assignments of tickets that still are as `given` shows them.

        Each agent's document is counted up as well, so that of two assigners who counted the same free places at the
        same time, one loses the conflict and counts again.

        Raises:
            StaleError: a ticket has changed.
        """
        tickets: list[UpdateOne] = []
        turns: dict[str, int] = {}
        for row, event in given:
            agent = event.agent or ""
            state = {"agent": agent, "waiting": False, "working": True, "decision": event.decision}
            tickets.append(
                UpdateOne(
                    {"_id": row.ticket, "version": row.version, "decision": row.decision, "waiting": True},
                    {"$set": {**state, "decided": _decided(event, ())}},
                )
            )
            turns[agent] = turns.get(agent, 0) + 1
        written = await self._tickets.bulk_write(tickets, ordered=False, session=session)
        if written.matched_count < len(tickets):
            raise StaleError("a ticket changed while it was being assigned")
        counts = [
            UpdateOne({"_id": agent}, {"$set": {"assigned_at": now}, "$inc": {"assigned": count}})
            for agent, count in turns.items()
        ]
        await self._agents.bulk_write(counts, ordered=False, session=session)

    # What people ask

    async def find(self, ticket: str) -> tuple[Row, Document] | None:
        """A ticket's row and its latest decision."""
        document = await self._tickets.find_one({"_id": ticket})
        return None if document is None else (_row(document), document["decided"])


def _state(row: Row) -> Document:
    return {
        "version": row.version,
        "queue": row.queue,
        "rule": row.rule,
        "status": row.status,
        "rank": RANKS[row.priority],
        "language": row.language,
        "opened_at": row.opened_at,
        "agent": row.agent,
        "seen_agent": row.seen_agent,
        "decision": row.decision,
        "trace": row.trace,
        "waiting": row.waiting,
        "working": row.working,
    }


def _row(document: Mapping[str, Any]) -> Row:
    return Row(
        ticket=document["_id"],
        version=document["version"],
        queue=document["queue"],
        rule=document["rule"],
        status=document["status"],
        priority=_PRIORITIES[document["rank"]],
        language=document["language"],
        opened_at=document["opened_at"],
        agent=document["agent"],
        seen_agent=document["seen_agent"],
        decision=document["decision"],
        trace=document["trace"],
    )


def _decided(event: RoutingDecided, misses: Iterable[str]) -> Document:
    return {
        "decision": event.decision,
        "queue": event.queue,
        "agent": event.agent,
        "rule": event.rule,
        "reason": event.reason,
        "candidates": [candidate.model_dump() for candidate in event.candidates],
        "misses": list(misses),
        "decided_at": event.decided_at,
    }


def _profile(event: AgentChanged) -> Document:
    return {
        "active": event.active,
        "availability": event.availability,
        "capacity": event.capacity,
        "queues": event.queues,
        "skills": event.skills,
        "languages": event.languages,
    }


def _agent(document: Mapping[str, Any]) -> Agent:
    return Agent(
        id=document["_id"],
        version=document["version"],
        active=document["active"],
        availability=document["availability"],
        capacity=document["capacity"],
        queues=frozenset(document["queues"]),
        skills=frozenset(document["skills"]),
        languages=tuple(document["languages"]),
        assigned_at=document.get("assigned_at"),
    )
