"""A process of a service: what it is built from, how it starts and how it stops.

    async def build(service: Service[RouterSettings]) -> None:
        store = Store(service.database)
        service.on_start(store.prepare)
        service.consume("router", [TicketOpened, AgentChanged], Handlers(store, service.view).handle)
        service.background(assigner.run)
        service.app.include_router(api(store))

    def main() -> None:
        run("router", load(RouterSettings), build)

HTTP answers from the first moment. Doors and consumers open as soon as the servers they need answer. Whatever fails for
good ends the process, which is then started again by whoever watches over it.
"""

import asyncio
import contextlib
import gc
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar

import uvicorn
from fastapi import FastAPI
from faststream.kafka import KafkaBroker
from pymongo.errors import PyMongoError
from redis.asyncio import Redis

from postroom_contracts import Event
from postroom_contracts.config import SettingChanged
from postroom_plumbing import problems, telemetry
from postroom_plumbing.catch_up import catch_up
from postroom_plumbing.cluster import Cluster
from postroom_plumbing.consume import Consumer, Handler
from postroom_plumbing.errors import NewClusterError, described
from postroom_plumbing.health import Health
from postroom_plumbing.mongo import connect, database
from postroom_plumbing.outbox import Outbox
from postroom_plumbing.positions import Positions
from postroom_plumbing.relay import Relay
from postroom_plumbing.settings import ServiceSettings
from postroom_plumbing.settings_view import SettingsView
from postroom_plumbing.unit import Unit, Units
from postroom_plumbing.wakeup import Wakeup
from postroom_plumbing.wire import Received

log = logging.getLogger(__name__)

S = TypeVar("S", bound=ServiceSettings)
Step = Callable[[], Awaitable[None]]
STOP_SECONDS = 10.0


class Service(Generic[S]):
    """The parts of one process. `build` adds what is particular to the service."""

    def __init__(self, name: str, settings: S) -> None:
        self.name = name
        self.settings = settings
        self.client = connect(settings)
        self.database = database(self.client, settings, name)
        self.redis = Redis.from_url(settings.redis_url, socket_connect_timeout=2, socket_timeout=None)
        self.outbox = Outbox(self.database, settings, name)
        self.wakeup = Wakeup(self.redis, settings, name, "outbox")
        self.units = Units(self.client, self.outbox, self.wakeup)
        self.view = SettingsView(self.database)
        self.health = Health()
        self.app = FastAPI(title=f"Postroom {name}", docs_url=None, redoc_url=None)
        problems.install(self.app)
        self._broker = KafkaBroker(settings.kafka_url, apply_types=False, logger=None, graceful_timeout=STOP_SECONDS)
        self._cluster = Cluster(settings)
        self._relay = Relay(self.database, settings, self.wakeup)
        self._consumer: Consumer | None = None
        self._positions: Positions | None = None
        self._prepare: list[Step] = [self.outbox.prepare]
        self._finish: list[Step] = []
        self._background: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self._running = False
        self._follows_settings = False
        self.life: asyncio.Task[None] | None = None
        self._add_checks()

    # What `build` may add

    def on_start(self, step: Step) -> None:
        """Run once MongoDB answers, before anything is consumed: indexes, doors."""
        self._prepare.append(step)

    def on_stop(self, step: Step) -> None:
        """Run when the process is asked to stop, before its consumers and its relay stop."""
        self._finish.append(step)

    def background(self, task: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run for as long as the process lives, from when everything is connected."""
        self._background.append(task)

    def consume(self, group: str, types: Sequence[type[Event]], handle: Handler) -> None:
        """Consume these events in batches; settings are kept in `view` on the way when SettingChanged is among them."""

        async def with_settings(batch: Sequence[Received[Event]], unit: Unit) -> None:
            changed = [one.event for one in batch if isinstance(one.event, SettingChanged)]
            if changed:
                await self.view.apply(changed, unit)
                await self.view.refresh(unit.session)
            rest = [one for one in batch if not isinstance(one.event, SettingChanged)]
            if rest:
                await handle(rest, unit)

        self._positions = Positions(self.database, group)
        self._consumer = Consumer(
            group=group,
            types=types,
            handle=with_settings,
            units=self.units,
            positions=self._positions,
            settings=self.settings,
        )
        self._consumer.subscribe(self._broker)
        self.health.add("consumer", self._consuming)
        if SettingChanged in types:
            self._follows_settings = True
            self.needs_settings()

    async def _consuming(self) -> str | None:
        await self._cluster.id()
        assigned = self._consumer is not None and self._consumer.assigned()
        return None if assigned else "no partitions assigned yet"

    def needs_settings(self) -> None:
        """Be ready only once desk's settings have come: without them mail is refused and tickets are put anywhere."""

        async def settings() -> str | None:
            return None if self.view.current.queue else "no settings have come yet"

        self.health.add("settings", settings)

    # Life

    async def start(self) -> None:
        """Connect to everything, in the order in which it can be used."""
        await self._wait_for_mongo()
        await self.view.refresh()
        for step in self._prepare:
            await step()
        cluster = await self._cluster.connect()
        await self._relay.start(cluster)
        if self._follows_settings:
            await catch_up(self.settings, self.view, self.units)
        if self._consumer is not None and self._positions is not None:
            self._positions.cluster = cluster
            await self._broker.start()
        self._running = True
        log.info("started", extra={"cluster": cluster})
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._relay.run())
            tasks.create_task(self.wakeup.listen())
            tasks.create_task(self.view.keep_fresh())
            tasks.create_task(self._cluster.watch(cluster))
            if self._consumer is not None:
                tasks.create_task(self._consumer.report())
            for task in self._background:
                tasks.create_task(task())

    async def _wait_for_mongo(self) -> None:
        while True:
            try:
                await self.client.admin.command("ping")
            except PyMongoError as error:
                log.warning("mongodb is not ready, trying again", extra={"error": type(error).__name__})
                await asyncio.sleep(0.3)
            else:
                return

    async def stop(self) -> None:
        """Finish what is at hand or give it back, within STOP_SECONDS a step."""
        steps = [*self._finish]
        if not self._running:  # what is being started would go on while it is stopped
            steps.append(self._end_life)
        if self._consumer is not None:
            steps += [self._consumer.stop, self._broker.stop]
        steps.append(self._end_life)
        if self._running:
            steps.append(self._relay.stop)
        steps += [self._cluster.close, self.redis.aclose, telemetry.flush]
        for step in steps:
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await step()
            except Exception as error:  # noqa: BLE001 - one part that cannot stop must not keep the others from it
                log.warning("a part did not stop cleanly", extra=described(error))
        self.client.close()

    async def _end_life(self) -> None:
        if self.life is not None:
            self.life.cancel()
            await asyncio.gather(self.life, return_exceptions=True)

    def _add_checks(self) -> None:
        async def mongo() -> str | None:
            await self.client.admin.command("ping")
            return None

        async def redis() -> str | None:
            await self.redis.ping()
            return None

        async def kafka() -> str | None:
            await self._cluster.id()
            return None

        async def running() -> str | None:
            return None if self._running else "starting"

        self.health.add("mongodb", mongo)
        self.health.add("service", running)
        self.health.add("redis", redis, vital=False)  # wake-ups come later without it, nothing more
        self.health.add("kafka", kafka, vital=False)  # doors stay open without it; consumers have a check of their own


def run(name: str, settings: S, build: Callable[[Service[S]], Awaitable[None]], *, role: str | None = None) -> None:
    """Run a process of service `name` until it is told to stop; leaves with 1 when a part of it failed for good."""
    telemetry.set_up(f"{name}-{role}" if role else name, settings.log_level)
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)  # a batch makes thousands of objects that die with it: looking at them is wasted
    with asyncio.Runner(loop_factory=_event_loop) as runner:
        failed = runner.run(_serve(name, settings, build))
    if failed:
        raise SystemExit(1)


def _event_loop() -> asyncio.AbstractEventLoop:
    import uvloop

    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


async def _serve(name: str, settings: S, build: Callable[[Service[S]], Awaitable[None]]) -> bool:
    service = Service(name, settings)
    await build(service)
    service.app.include_router(service.health.router())
    failed = False

    async def live() -> None:
        nonlocal failed
        try:
            await service.start()
        except* NewClusterError as group:
            failed = True
            log.warning("starting again: %s", group.exceptions[0])
        except* Exception as group:
            failed = True
            for error in group.exceptions:
                log.error("a part failed; the process ends", extra=described(error), exc_info=error)
        server.should_exit = True

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.life = asyncio.create_task(live())
        yield
        await service.stop()

    service.app.router.lifespan_context = lifespan
    server = uvicorn.Server(
        uvicorn.Config(
            service.app,
            host=settings.http_host,
            port=settings.http_port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=5,
        )
    )
    await server.serve()
    return failed
