"""Routes of agents."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Response
from pymongo.errors import DuplicateKeyError

from postroom_desk.api import etags, shapes
from postroom_desk.api.auth import Auth
from postroom_desk.people import Agent, People
from postroom_desk.settings_store import SettingsStore
from postroom_plumbing.problems import Problem
from postroom_plumbing.unit import Unit, Units

IfMatch = Annotated[str | None, Header()]


class Staffing:
    """Adds and changes agents, each in one transaction."""

    def __init__(self, people: People, settings: SettingsStore, units: Units) -> None:
        self._people = people
        self._settings = settings
        self._units = units

    async def add(self, body: shapes.AgentBody) -> Agent:
        """A new agent.

        Raises:
            Problem: 409 where somebody has the e-mail, 422 where there is no such queue.
        """
        taken = Problem(409, "exists", f"there is an agent with the e-mail {body.email}")

        async def work(unit: Unit) -> Agent:
            if await self._people.by_email(body.email, unit) is not None:
                raise taken
            await self._settings.check_queues(body.queues, unit)
            return await self._people.add(body.model_dump(exclude={"password"}), body.password, unit)

        try:
            return await self._units.run(work)
        except DuplicateKeyError:
            raise taken from None

    async def change(self, agent: str, fields: dict[str, Any], if_match: str | None) -> Agent:
        """An agent with fields changed.

        Raises:
            Problem: 404, 412, 422 where there is no such queue.
        """

        async def work(unit: Unit) -> Agent:
            current = await self._people.get(agent, unit)
            if current is None:
                raise Problem(404, "not-found", f"there is no agent {agent}")
            etags.check(if_match, current.version)
            await self._settings.check_queues(fields.get("queues") or (), unit)
            return await self._people.change(current, fields, unit)

        return await self._units.run(work)


def router(people: People, staffing: Staffing, auth: Auth) -> APIRouter:
    """Routes under /api/v1/agents."""
    routes = APIRouter(prefix="/api/v1/agents", tags=["agents"])
    Me = Annotated[Agent, Depends(auth.agent)]  # noqa: N806
    Admin = Annotated[Agent, Depends(auth.admin)]  # noqa: N806

    @routes.get("")
    async def list_agents(_: Me) -> list[Agent]:
        """All agents, by name."""
        return await people.all()

    @routes.post("", status_code=201)
    async def add_agent(body: shapes.AgentBody, response: Response, _: Admin) -> Agent:
        """Add an agent."""
        return _tagged(await staffing.add(body), response)

    @routes.get("/me")
    async def me(agent: Me) -> Agent:
        """The agent whose token this is."""
        return agent

    @routes.get("/{agent}")
    async def get_agent(agent: str, response: Response, _: Me) -> Agent:
        """An agent."""
        found = await people.get(agent)
        if found is None:
            raise Problem(404, "not-found", f"there is no agent {agent}")
        return _tagged(found, response)

    @routes.patch("/{agent}")
    async def patch_agent(
        agent: str, body: shapes.AgentPatch, response: Response, _: Admin, if_match: IfMatch = None
    ) -> Agent:
        """Change an agent."""
        fields = body.model_dump(include=body.model_fields_set)
        return _tagged(await staffing.change(agent, fields, if_match), response)

    @routes.put("/{agent}/availability")
    async def set_availability(agent: str, body: shapes.AvailabilityBody, response: Response, me: Me) -> Agent:
        """Say whether an agent takes tickets now; agents may say so of themselves, admins of everybody."""
        wanted = me.id if agent == "me" else agent
        if wanted != me.id and me.role != "admin":
            raise Problem(403, "forbidden", "agents set only their own availability")
        return _tagged(await staffing.change(wanted, {"availability": body.availability}, None), response)

    return routes


def _tagged(agent: Agent, response: Response) -> Agent:
    response.headers["ETag"] = etags.etag(agent.version)
    return agent
