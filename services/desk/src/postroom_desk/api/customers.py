"""Routes of customers."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pymongo import ReturnDocument

from postroom_desk import queries
from postroom_desk.api import shapes
from postroom_desk.api.auth import Auth
from postroom_desk.people import Agent
from postroom_desk.store import Tickets, customer_id
from postroom_plumbing.mongo import Document
from postroom_plumbing.problems import Problem


def router(tickets: Tickets, auth: Auth) -> APIRouter:
    """Routes under /api/v1/customers."""
    routes = APIRouter(prefix="/api/v1/customers", tags=["customers"])
    Me = Annotated[Agent, Depends(auth.agent)]  # noqa: N806

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


def _shown(document: Document) -> dict[str, Any]:
    return {**{name: value for name, value in document.items() if name != "_id"}, "id": document["_id"]}
