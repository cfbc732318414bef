"""A desk without Kafka on the real MongoDB and Valkey."""

import itertools
import os
from typing import Any

import httpx
from given import ServerUrls

from postroom_contracts import Event
from postroom_desk.app import build_api
from postroom_desk.people import Agent, People
from postroom_desk.recording import Recorder
from postroom_desk.settings import ApiSettings
from postroom_desk.store import Tickets
from postroom_plumbing.clock import utc_now
from postroom_plumbing.ids import new_id
from postroom_plumbing.mongo import Document
from postroom_plumbing.service import Service
from postroom_plumbing.testing import stated
from postroom_plumbing.unit import Unit
from postroom_plumbing.wire import Received

from .making import MAKE, NOWHERE, Make

_counter = itertools.count(1)


class Desk:
    """An API process called without a network, and the record role on the same database, fed by hand."""

    def __init__(self, service: Service[ApiSettings]) -> None:
        self.service = service
        self.database = service.database
        self.people = People(service.database)
        self.store = Tickets(service.database)
        self.recorder = Recorder(self.store)
        self._transport = httpx.ASGITransport(app=service.app, raise_app_exceptions=False)
        self.admin = self.client(Make.admin_token)
        self.nobody = self.client(None)

    def client(self, token: str | None) -> httpx.AsyncClient:
        """A caller with this token."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.AsyncClient(transport=self._transport, base_url="http://desk", headers=headers)

    async def agent(self, name: str, **fields: Any) -> tuple[Agent, httpx.AsyncClient]:
        """A new agent and their client."""

        async def work(unit: Unit) -> Agent:
            return await self.people.add({"name": name, "email": f"{new_id()}@desk.test", **fields}, None, unit)

        agent = await self.service.units.run(work)
        token, _ = await self.people.new_session(agent.id, utc_now(), 1)
        return agent, self.client(token)

    async def feed(self, *events: Event) -> None:
        """Handle these events as one batch of the record role."""
        batch = [Received(event, f"e{index}", None) for index, event in enumerate(events)]

        async def work(unit: Unit) -> None:
            await self.recorder.handle(batch, unit)

        await self.service.units.run(work)

    async def opened(self, **fields: Any) -> str:
        """The id of a new ticket."""
        ticket = new_id()
        await self.feed(MAKE.contact(ticket, **{"contact": new_id()} | fields))
        return ticket

    async def ticket(self, ticket: str) -> Document:
        """A ticket as the API shows it."""
        answer = await self.admin.get(f"/api/v1/tickets/{ticket}")
        assert answer.status_code == 200, answer.text
        shown: Document = answer.json()
        return shown

    async def stated(self, key: str | None = None) -> list[Event]:
        """The events in the outbox, in order; those with a key if it is given."""
        return [event for event in await stated(self.database) if key is None or event.key == key]

    async def contents(self) -> dict[str, list[Document]]:
        """Everything the record role keeps."""
        kept = ("tickets", "messages", "history", "customers", "outbox")
        return {name: [one async for one in self.database[name].find().sort("_id", 1)] for name in kept}

    async def close(self) -> None:
        for client in (self.admin, self.nobody):
            await client.aclose()
        await self.service.client.drop_database(self.database.name)
        await self.service.redis.aclose()
        self.service.client.close()


async def opened_desk(servers: ServerUrls, **urls: Any) -> Desk:
    """A desk in a namespace of its own, not prepared yet."""
    given = {
        "kafka_url": servers.kafka_url,
        "mongo_url": servers.mongo_url,
        "redis_url": servers.redis_url,
        "namespace": f"t{os.getpid()}-desk-{next(_counter)}",
        "http_port": 1,
        "secret": Make.secret,
        "internal_token": "an-internal-token-of-tests",
        "ingest_url": f"http://{NOWHERE}",
        "analytics_url": f"http://{NOWHERE}",
        "admin_password": Make.admin_password,
        "admin_token": Make.admin_token,
    }
    service = Service("desk", ApiSettings.model_validate(given | urls))
    await build_api(service)
    return Desk(service)


async def prepared_desk(servers: ServerUrls, **urls: Any) -> Desk:
    """A desk as it is once the process has started, but for Kafka."""
    desk = await opened_desk(servers, **urls)
    for step in desk.service._prepare:
        await step()
    return desk
