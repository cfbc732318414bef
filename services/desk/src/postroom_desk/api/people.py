"""Routes of agents and customers."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Response
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from postroom_desk import queries
from postroom_desk.api import etags, shapes
from postroom_desk.api.auth import Auth
from postroom_desk.people import Agent, People
from postroom_desk.settings_store import SettingsStore
from postroom_desk.store import Tickets, customer_id
from postroom_plumbing.mongo import Document
from postroom_plumbing.problems import Problem
from postroom_plumbing.unit import Unit, Units

IfMatch = Annotated[str | None, Header()]


def agents_router(people: People, kept: SettingsStore, units: Units, auth: Auth) -> APIRouter:
    """Routes under /api/v1/agents."""
    routes = APIRouter(prefix="/api/v1/agents", tags=["agents"])
    Me = Annotated[Agent, Depends(auth.agent)]  # noqa: N806
    Admin = Annotated[Agent, Depends(auth.admin)]  # noqa: N806

    async def _change(agent: str, fields: dict[str, Any], if_match: str | None, response: Response) -> Agent:
        async def work(unit: Unit) -> Agent:
            current = await people.get(agent, unit)
            if current is None:
                raise Problem(404, "not-found", f"there is no agent {agent}")
            etags.check(if_match, current.version)
            await kept.check_queues(fields.get("queues") or (), unit)
            return await people.change(current, fields, unit)

        changed = await units.run(work)
        response.headers["ETag"] = etags.etag(changed.version)
        return changed

    @routes.get("")
    async def list_agents(_: Me) -> list[Agent]:
        """All agents, by name."""
        return await people.all()

    @routes.post("", status_code=201)
    async def add_agent(body: shapes.AgentBody, response: Response, _: Admin) -> Agent:
        """Add an agent."""
        fields = body.model_dump(exclude={"password"})

        async def work(unit: Unit) -> Agent:
            if await people.by_email(body.email, unit) is not None:
                raise Problem(409, "exists", f"there is an agent with the e-mail {body.email}")
            await kept.check_queues(body.queues, unit)
            return await people.add(fields, body.password, unit)

        try:
            agent = await units.run(work)
        except DuplicateKeyError:
            raise Problem(409, "exists", f"there is an agent with the e-mail {body.email}") from None
        response.headers["ETag"] = etags.etag(agent.version)
        return agent

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
        response.headers["ETag"] = etags.etag(found.version)
        return found

    @routes.patch("/{agent}")
    async def patch_agent(
        agent: str, body: shapes.AgentPatch, response: Response, _: Admin, if_match: IfMatch = None
    ) -> Agent:
        """Change an agent."""
        return await _change(agent, body.model_dump(include=body.model_fields_set), if_match, response)

    @routes.put("/{agent}/availability")
    async def set_availability(agent: str, body: shapes.AvailabilityBody, response: Response, me: Me) -> Agent:
        """Say whether an agent takes tickets now; agents may say so of themselves, admins of everybody."""
        wanted = me.id if agent == "me" else agent
        if wanted != me.id and me.role != "admin":
            raise Problem(403, "forbidden", "agents set only their own availability")
        return await _change(wanted, {"availability": body.availability}, None, response)

    return routes


def customers_router(tickets: Tickets, auth: Auth) -> APIRouter:
    """Routes under /api/v1/customers."""
    routes = APIRouter(prefix="/api/v1/customers", tags=["customers"])
    Me = Annotated[Agent, Depends(auth.agent)]  # noqa: N806

    def _shown(document: Document) -> dict[str, Any]:
        return {**{name: value for name, value in document.items() if name != "_id"}, "id": document["_id"]}

    @routes.get("")
    async def list_customers(
        _: Me,
        q: Annotated[str | None, Query(description="What the address begins with")] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        cursor: str | None = None,
    ) -> dict[str, Any]:
        """Customers by address, one page at a time."""
        page = await queries.list_customers(tickets, q, limit, cursor)
        return {"items": [_shown(one) for one in page.items], "next_cursor": page.next_cursor}

    @routes.get("/{customer}")
    async def get_customer(customer: str, _: Me) -> dict[str, Any]:
        """A customer by id, address or other identity; their tickets: GET /api/v1/tickets?customer=…"""
        document = await tickets.customers.find_one(_key(customer))
        if document is None:
            raise Problem(404, "not-found", f"there is no customer {customer}")
        return _shown(document)

    @routes.patch("/{customer}")
    async def patch_customer(customer: str, body: shapes.CustomerPatch, _: Me) -> dict[str, Any]:
        """Write on a customer's card."""
        fields = body.model_dump(include=body.model_fields_set)
        if not fields:
            raise Problem(422, "invalid", "name at least one of name, notes")
        document = await tickets.customers.find_one_and_update(
            _key(customer), {"$set": fields}, return_document=ReturnDocument.AFTER
        )
        if document is None:
            raise Problem(404, "not-found", f"there is no customer {customer}")
        return _shown(document)

    return routes


def _key(customer: str) -> Document:
    return {"_id": customer_id(customer)}
