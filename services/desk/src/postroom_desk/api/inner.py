"""Inner HTTP: messages as they were read, to compare with what a better reader says. For holders of the token only."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field, SecretStr

from postroom_desk.api.shapes import Body, Id
from postroom_desk.store import Tickets
from postroom_plumbing.internal import holders_of

MOST = 500
_FIELDS = ("subject", "text", "own_words", "html", "automatic", "language", "defects")


class Wanted(Body):
    """The messages that are asked for."""

    ids: Annotated[list[Id], Field(max_length=MOST)]


def router(tickets: Tickets, token: SecretStr) -> APIRouter:
    """Routes under /v1."""
    routes = APIRouter(prefix="/v1", dependencies=[Depends(holders_of(token))], include_in_schema=False)

    @routes.post("/messages/read")
    async def read(wanted: Wanted) -> dict[str, dict[str, Any]]:
        """What is kept of messages, by id; those that are not there are left out."""
        asked = dict.fromkeys((*_FIELDS, "attachments.name"), 1)
        found = tickets.messages.find({"_id": {"$in": wanted.ids}}, asked)
        return {document["_id"]: _shown(document) async for document in found}

    return routes


def _shown(document: dict[str, Any]) -> dict[str, Any]:
    names = [attachment["name"] for attachment in document["attachments"]]
    return {name: document.get(name) for name in _FIELDS} | {"attachments": names}
