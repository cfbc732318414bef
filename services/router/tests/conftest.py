"""What the router's tests share: events to feed it, and a router without Kafka on the real MongoDB and Valkey."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest
from redis.asyncio import Redis

from postroom_contracts import Event
from postroom_contracts.agents import AgentChanged
from postroom_contracts.routing import RoutingDecided
from postroom_contracts.tickets import Message, Ticket, TicketChanged, TicketOpened
from postroom_contracts.values import Actor, Customer, Party
from postroom_plumbing.leases import Leases
from postroom_plumbing.mongo import connect, database
from postroom_plumbing.outbox import Outbox
from postroom_plumbing.settings_view import Settings, SettingsView
from postroom_plumbing.testing import stated
from postroom_plumbing.unit import Unit, Units
from postroom_plumbing.wakeup import Wakeup
from postroom_plumbing.wire import Received
from postroom_router.assigner import Assigner
from postroom_router.handlers import Handlers
from postroom_router.settings import RouterSettings
from postroom_router.store import Store
from postroom_router.wake import Bell

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CUSTOMER = Actor(kind="customer", id="c1")
PERSON = Actor(kind="agent", id="boss")


class Servers(Protocol):
    kafka_url: str
    mongo_url: str
    redis_url: str


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
        self.client = connect(settings)
        self.database = database(self.client, settings, "router")
        self.redis = Redis.from_url(settings.redis_url)
        self.store = Store(self.database)
        self.view = SettingsView(self.database)
        self.outbox = Outbox(self.database, settings, "router")
        wakeup = Wakeup(self.redis, settings, "router", "outbox")
        self.units = Units(self.client, self.outbox, wakeup)
        self.bell = Bell(
            Wakeup(self.redis, settings, "router", "waiting"), Wakeup(self.redis, settings, "router", "room")
        )
        self.handlers = Handlers(self.store, self.view, self.bell)
        self.leases = Leases(self.database, "assigner", ["all"])
        self.assigner = Assigner(self.store, self.units, self.view, self.leases, self.bell)
        self._tasks: list[asyncio.Task[None]] = []

    async def prepare(self) -> None:
        await self.outbox.prepare()
        await self.store.prepare()

    def know(self, **settings: Any) -> None:
        """The settings from now on."""
        self.view.current = Settings(**settings)

    async def feed(self, *events: Event) -> None:
        """Handle these events as one batch."""
        batch = [Received(event, f"e{index}", None) for index, event in enumerate(events)]

        async def work(unit: Unit) -> None:
            await self.handlers.handle(batch, unit)

        await self.units.run(work)

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
        await self.client.drop_database(self.database.name)
        await self.redis.aclose()
        self.client.close()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until `condition` holds, and fail when it does not within ten seconds."""
    async with asyncio.timeout(10):
        while not await condition():  # noqa: ASYNC110 - what is awaited lies in MongoDB
            await asyncio.sleep(0.02)


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]:
    return until


@pytest.fixture
def router_settings(servers: Servers, namespace: str) -> RouterSettings:
    return RouterSettings(
        kafka_url=servers.kafka_url,
        mongo_url=servers.mongo_url,
        redis_url=servers.redis_url,
        namespace=namespace,
        secret="0123456789abcdef",
    )


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
