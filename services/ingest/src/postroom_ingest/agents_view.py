"""The agents as desk tells of them: kept in ingest's own database, at hand by address."""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from pymongo.errors import PyMongoError

from postroom_contracts.agents import AgentChanged
from postroom_contracts.values import Party
from postroom_plumbing.mongo import Database, Document
from postroom_plumbing.newest import keep_newest
from postroom_plumbing.unit import Unit

log = logging.getLogger(__name__)

REFRESH_SECONDS = 5.0


def _content(event: AgentChanged) -> Document:
    return {"name": event.name, "email": event.email.lower(), "active": event.active}


class AgentsView:
    """`current` has the agents who work here by their address in lower case, some seconds old at most."""

    def __init__(self, database: Database) -> None:
        self._collection = database["agents"]
        self.current: Mapping[str, Party] = {}

    async def apply(self, events: Sequence[AgentChanged], unit: Unit) -> None:
        """Keep what is newer inside the caller's transaction."""
        await keep_newest(self._collection, events, _content, unit.session)

    async def refresh(self) -> None:
        """Read them."""
        found = self._collection.find({"active": True}, {"name": 1, "email": 1})
        self.current = {
            document["email"]: Party(address=document["email"], name=document["name"]) async for document in found
        }

    async def keep_fresh(self) -> None:
        """Refresh until cancelled."""
        while True:
            try:
                await self.refresh()
            except PyMongoError as error:
                log.warning("agents not refreshed", extra={"error": type(error).__name__})
            await asyncio.sleep(REFRESH_SECONDS)
