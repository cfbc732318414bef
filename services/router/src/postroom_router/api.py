"""Questions about routing over HTTP: why a ticket is where it is, and who has how much to do."""

from typing import Any

from fastapi import APIRouter, Depends
from pydantic import SecretStr

from postroom_plumbing.internal import holders_of
from postroom_plumbing.problems import Problem
from postroom_plumbing.settings_view import SettingsView
from postroom_router.assignment import verdicts
from postroom_router.store import Store


def api(store: Store, view: SettingsView, token: SecretStr) -> APIRouter:
    """`GET /v1/decisions/{ticket}` and `GET /v1/load`, for holders of the internal token only."""
    router = APIRouter(prefix="/v1", dependencies=[Depends(holders_of(token))])

    @router.get("/decisions/{ticket}")
    async def decision(ticket: str) -> dict[str, Any]:
        found = await store.find(ticket)
        if found is None:
            raise Problem(404, "unknown-ticket", f"ticket {ticket!r} has not been routed here")
        row, decided = found
        if row.waiting:  # the latest decision is not about why nobody was chosen since
            now = verdicts(row, await store.agents(), await store.loads(), view.current.queue)
            decided["candidates"] = [candidate.model_dump() for candidate in now]
        return {
            "ticket": row.ticket,
            "version": row.version,
            "queue": row.queue,
            "agent": row.agent,
            "status": row.status,
            "priority": row.priority,
            "waiting": row.waiting,
            "decided": decided,
        }

    @router.get("/load")
    async def load() -> dict[str, Any]:
        loads = await store.loads()
        agents = [
            {
                "agent": agent.id,
                "active": agent.active,
                "availability": agent.availability,
                "load": loads.get(agent.id, 0),
                "capacity": agent.capacity,
            }
            for agent in await store.agents()
        ]
        return {"agents": sorted(agents, key=lambda one: str(one["agent"])), "waiting": await store.backlog()}

    return router
