"""A notifier on real servers, fed by the test instead of Kafka."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from given import ServerUrls

from postroom_contracts import Event
from postroom_notifier.api import routes
from postroom_notifier.handlers import Handlers
from postroom_notifier.letters import Letters
from postroom_notifier.outgoing import Outgoing, State
from postroom_notifier.sender import Sender
from postroom_notifier.settings import NotifierSettings
from postroom_notifier.smtp import Patience
from postroom_notifier.store import Store
from postroom_plumbing.service import Service
from postroom_plumbing.testing import BEARER, SECRET, feed, let_go, settings_for, stated
from postroom_plumbing.unit import Unit
from postroom_plumbing.wakeup import Wakeup

from .making import mailbox_set, queue_set
from .smarthost import StandIn, stand_in

PORTAL = "https://help.acme.example"
HASTY = Patience(connect=2, command=2, data=2, verdict=0.5)


class Notifier:
    """A process without Kafka: its parts, what it has stated, and its HTTP interface."""

    def __init__(self, service: Service[NotifierSettings], smarthost: StandIn) -> None:
        self.service = service
        self.smarthost = smarthost
        self.store = Store(service.database, claim_seconds=1)
        self.wakeup = Wakeup(service.redis, service.settings, service.name, "outgoing")
        self.sender = Sender(
            self.store, service.units, smarthost.smarthost, self.wakeup, claim_seconds=1, patience=HASTY
        )
        letters = Letters(SECRET, PORTAL)
        self.handlers = Handlers(self.store, service.view, letters, self.wakeup)
        service.app.include_router(routes(self.store, service.units, self.wakeup, service.settings.internal_token))
        transport = httpx.ASGITransport(app=service.app)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://notifier", headers=BEARER)

    async def feed(self, *events: Event) -> None:
        """Handle a batch in a transaction."""
        await feed(self.service, self.handlers.handle, *events)

    async def queue(self, *mails: Outgoing) -> None:
        """Put mails into the queue directly."""

        async def work(unit: Unit) -> None:
            await self.store.save([], mails, unit.session)

        await self.service.units.run(work)

    async def look(self) -> None:
        """Send until there is nothing more that is due."""
        while await self.sender._look():
            pass

    async def mail(self, outgoing: str) -> Outgoing:
        mail = await self.store.find(outgoing, None)
        assert mail is not None
        return mail

    async def states(self) -> dict[str, State]:
        return {mail.id: mail.state for mail in await self.store.listed(None, 500)}

    async def stated(self) -> list[Any]:
        """The events stated so far, in order."""
        return list(await stated(self.service.database))


@pytest.fixture
async def smarthost() -> AsyncIterator[StandIn]:
    async with stand_in() as one:
        yield one


@pytest.fixture
async def notifier(servers: ServerUrls, namespace: str, smarthost: StandIn) -> AsyncIterator[Notifier]:
    """A notifier that knows the mailbox "main"."""
    own = {"portal_url": PORTAL, "smarthost_url": smarthost.url}
    service = Service("notifier", settings_for(NotifierSettings, servers, namespace, **own))
    one = Notifier(service, smarthost)
    await one.store.prepare()
    await one.feed(mailbox_set(), queue_set())
    yield one
    for connection in one.sender._connections:
        connection.close()
    await one.http.aclose()
    await let_go(service)
