"""What the router's tests share: events to feed it, and a router without Kafka on the real MongoDB and Valkey."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from given import ServerUrls

from postroom_contracts import Event
from postroom_contracts.agents import AgentChanged
from postroom_contracts.routing import RoutingDecided
from postroom_contracts.tickets import Message, Ticket, TicketChanged, TicketOpened
from postroom_contracts.values import Actor, Customer, Party
from postroom_plumbing.leases import Leases
from postroom_plumbing.service import Service
from postroom_plumbing.settings_view import Settings
from postroom_plumbing.testing import feed, let_go, settings_for, stated
from postroom_plumbing.wakeup import Wakeup
from postroom_router.assigner import Assigner
from postroom_router.handlers import Handlers
from postroom_router.settings import RouterSettings
from postroom_router.store import Store
from postroom_router.wake import Bell

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CUSTOMER = Actor(kind="customer", id="c1")
PERSON = Actor(kind="agent", id="boss")


class Make:
    """Builds events. Anything not said is as dull as can be."""

    def ticket(self, ticket: str = "t1", version: int = 1, **other: Any) -> Ticket:
        fields: dict[str, Any] = {
            "id": ticket,
            "number": 1,
            "version": version,
            "subject": "Hello",
            "status": "new",
            "priority": "normal",
            "customer": Customer(id="c1", address="ann@example.com"),
            "mailbox": "support",
            "channel": "email",
            "opened_at": START,
            "updated_at": START,
        }
        return Ticket(**{**fields, **other})

    def opened(self, ticket: str = "t1", text: str = "", **other: Any) -> TicketOpened:
        message = Message(id="m1", kind="contact", at=START, author=CUSTOMER, text=text)
        party = Party(address="ann@example.com")
        return TicketOpened(ticket=self.ticket(ticket, **other), by=CUSTOMER, at=START, message=message, reply_to=party)

    def changed(self, ticket: str, version: int, by: Actor = PERSON, **other: Any) -> TicketChanged:
        return TicketChanged(ticket=self.ticket(ticket, version, **other), by=by, at=START, changes={})

    def agent(self, agent: str, version: int = 1, **other: Any) -> AgentChanged:
        fields: dict[str, Any] = {
            "agent": agent,
            "version": version,
            "name": agent.title(),
            "email": f"{agent}@desk.test",
            "queues": ("general",),
            "capacity": 2,
            "availability": "available",
            "at": START,
        }
        return AgentChanged(**{**fields, **other})

    def later(self, minutes: int) -> datetime:
        return START + timedelta(minutes=minutes)


@pytest.fixture(scope="session")
def make() -> Make:
    return Make()


class Router:
    """One replica of the router, fed by hand instead of by Kafka."""

    def __init__(self, settings: RouterSettings) -> None:
        self.service = Service("router", settings)
        self.database = self.service.database
        self.units = self.service.units
        self.view = self.service.view
        self.store = Store(self.database)
        self.bell = Bell(*(Wakeup(self.service.redis, settings, "router", what) for what in ("waiting", "room")))
        self.handlers = Handlers(self.store, self.view, self.bell)
        self.leases = Leases(self.database, "assigner", ["all"])
        self.assigner = Assigner(self.store, self.units, self.view, self.leases, self.bell)
        self._tasks: list[asyncio.Task[None]] = []

    async def prepare(self) -> None:
        await self.service.outbox.prepare()
        await self.store.prepare()

    def know(self, **settings: Any) -> None:
        """The settings from now on."""
        self.view.current = Settings(**settings)

    async def feed(self, *events: Event) -> None:
        """Handle these events as one batch."""
        await feed(self.service, self.handlers.handle, *events)

    async def decisions(self) -> list[RoutingDecided]:
        """All decisions stated so far, in their order."""
        return [event for event in await stated(self.database) if isinstance(event, RoutingDecided)]

    async def agent_of(self, ticket: str) -> str | None:
        found = await self.store.find(ticket)
        assert found is not None
        return found[0].agent

    def start(self, *tasks: Coroutine[Any, Any, None]) -> None:
        """Run these in the background until the test ends."""
        self._tasks += [asyncio.create_task(task) for task in tasks]

    async def close(self) -> None:
        await self.assigner.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await let_go(self.service)


@pytest.fixture
def router_settings(servers: ServerUrls, namespace: str) -> RouterSettings:
    return settings_for(RouterSettings, servers, namespace)


@pytest.fixture
async def router(router_settings: RouterSettings) -> AsyncIterator[Router]:
    one = Router(router_settings)
    await one.prepare()
    yield one
    await one.close()


@pytest.fixture
async def second_router(router: Router, router_settings: RouterSettings) -> AsyncIterator[Router]:
    """Another replica beside `router`."""
    other = Router(router_settings)
    yield other
    await other.close()
