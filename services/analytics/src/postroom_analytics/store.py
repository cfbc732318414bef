"""Facts, rollups and agents' names in MongoDB.

`facts`: one document per ticket. `rollups`: one per UTC day (or STANDING), queue, channel, agent and writer, with
counters by name and quarter. `agents`: the names.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from pymongo import ASCENDING, IndexModel, ReplaceOne, UpdateOne

from postroom_analytics.facts import Answer, Breach, Fact, Outcome, Snapshot
from postroom_analytics.projections import STANDING, Cell
from postroom_analytics.report import Filter, Rollup
from postroom_contracts.agents import AgentChanged
from postroom_plumbing.mongo import Client, Database, Document
from postroom_plumbing.newest import keep_newest

_SNAPSHOT = tuple(field.name for field in fields(Snapshot))
_GROUP = ("queue", "channel", "agent")


class Store:
    """What analytics keeps. `writer` names the share of the rollups that this process alone writes."""

    def __init__(self, database: Database, writer: Callable[[], str]) -> None:
        self._client: Client = database.client
        self._facts = database["facts"]
        self._rollups = database["rollups"]
        self._agents = database["agents"]
        self._writer = writer

    async def prepare(self) -> None:
        """Create what questions are answered from."""
        await self._rollups.create_indexes([IndexModel([("_id.day", ASCENDING)], name="day")])

    async def facts(self, tickets: Iterable[str], session: Any) -> dict[str, Fact]:
        """What is known of these tickets."""
        wanted = {"_id": {"$in": list(tickets)}}
        return {document["_id"]: _fact(document) async for document in self._facts.find(wanted, session=session)}

    async def save(self, facts: Mapping[str, Fact], delta: Mapping[Cell, int], session: Any) -> None:
        """Replace these facts and add `delta` to the rollups."""
        if facts:
            replaced = [ReplaceOne({"_id": fact.ticket}, _document(fact), upsert=True) for fact in facts.values()]
            await self._facts.bulk_write(replaced, ordered=False, session=session)
        if delta:
            added = _increments(delta, self._writer())
            await self._rollups.bulk_write(added, ordered=False, session=session)

    async def keep_agents(self, events: Sequence[AgentChanged], session: Any) -> None:
        """Keep the newest name of each agent."""
        await keep_newest(self._agents, events, lambda event: {"name": event.name}, session)

    async def agent_names(self) -> dict[str, str]:
        """Every agent's name."""
        return {document["_id"]: document["name"] async for document in self._agents.find()}

    async def rollups(self, first_day: str, last_day: str, only: Filter) -> AsyncIterator[Rollup]:
        """The rollups of these UTC days, with all counters, then what stands, and of later days what came and went.

        All of it is as of one moment.
        """
        group = {f"_id.{name}": value for name, value in asdict(only).items() if value is not None}
        full = {**group, "_id.day": {"$gte": first_day, "$lte": last_day}}
        standing = {**group, "_id.day": STANDING}
        later = {**group, "_id.day": {"$gt": last_day}}
        async with await self._client.start_session(snapshot=True) as session:
            for wanted, counters in ((full, None), (standing, None), (later, {"opened": 1, "solved": 1})):
                async for document in self._rollups.find(wanted, counters, session=session, batch_size=500):
                    key = document.pop("_id")
                    yield Rollup(key["day"], key["queue"], key["channel"], key["agent"], document)


def _increments(delta: Mapping[Cell, int], writer: str) -> list[UpdateOne]:
    grouped: dict[tuple[Any, ...], dict[str, int]] = {}
    for cell, number in delta.items():
        grouped.setdefault(cell[:4], {})[cell.counter] = number
    return [
        UpdateOne(
            {"_id": {"day": day, "queue": queue, "channel": channel, "agent": agent, "writer": writer}},
            {"$inc": counters},
            upsert=True,
        )
        for (day, queue, channel, agent), counters in grouped.items()
    ]


def _document(fact: Fact) -> Document:
    document: Document = {"clocks_version": fact.clocks_version, "first_reply_at": fact.first_reply_at}
    if fact.snapshot is not None:
        snapshot = fact.snapshot
        document["snapshot"] = {name: getattr(snapshot, name) for name in _SNAPSHOT}
    document["outcomes"] = {metric: {"in_time": one.in_time, "at": one.at} for metric, one in fact.outcomes.items()}
    document["breaches"] = {metric: {"version": one.version, "at": one.at} for metric, one in fact.breaches.items()}
    document["answers"] = [
        {"survey": survey, "number": one.number, "rating": one.rating, "at": one.at}
        for survey, one in fact.answers.items()
    ]
    return document


def _fact(document: Document) -> Fact:
    snapshot = document.get("snapshot")
    return Fact(
        ticket=document["_id"],
        snapshot=None if snapshot is None else Snapshot(**snapshot),
        first_reply_at=document["first_reply_at"],
        clocks_version=document["clocks_version"],
        outcomes={metric: Outcome(**one) for metric, one in document["outcomes"].items()},
        breaches={metric: Breach(**one) for metric, one in document["breaches"].items()},
        answers={one["survey"]: Answer(one["number"], one["rating"], one["at"]) for one in document["answers"]},
    )
