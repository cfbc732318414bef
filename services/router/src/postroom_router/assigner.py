"""The background task that gives waiting tickets to agents."""

import asyncio
import logging
from dataclasses import dataclass

from pymongo.errors import PyMongoError

from postroom_contracts.routing import RoutingDecided
from postroom_plumbing import measures
from postroom_plumbing.errors import StaleError, described
from postroom_plumbing.leases import Leases
from postroom_plumbing.settings_view import SettingsView
from postroom_plumbing.unit import Unit, Units
from postroom_router.assignment import assign, room
from postroom_router.store import Store
from postroom_router.wake import Bell

log = logging.getLogger(__name__)

BATCH = 100
"""The most tickets one transaction assigns."""
LOOK_SECONDS = 2.0
"""How often to look without having been woken: a wake-up may get lost, and nobody announces changed settings."""
RETRY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Round:
    """What one transaction came to: how many were assigned, whether more could be, whether anybody has room left."""

    assigned: int
    more: bool
    room: bool


class Assigner:
    """Assigns while this process holds the lease.

    While nobody has room, new tickets do not even make it look: only the bell for room or the clock does. The lease
    saves work; what keeps two assigners from giving too much is in `Store.assign`.
    """

    def __init__(self, store: Store, units: Units, view: SettingsView, leases: Leases, bell: Bell) -> None:
        self._store = store
        self._units = units
        self._view = view
        self._leases = leases
        self._bell = bell
        self._go = asyncio.Event()
        self._room = True
        self._at_work = asyncio.Lock()
        self._stopping = False
        self.rounds = 0

    async def run(self) -> None:
        """Assign until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch_room())
            tasks.create_task(self._watch_waiting())
            tasks.create_task(self._work())

    async def _watch_room(self) -> None:
        while True:
            await self._bell.room.wait(LOOK_SECONDS)
            self._bell.room.clear()
            self._room = True
            self._go.set()

    async def _watch_waiting(self) -> None:
        while True:
            await self._bell.waiting.wait(LOOK_SECONDS)
            self._bell.waiting.clear()
            if self._room:
                self._go.set()

    async def _work(self) -> None:
        while True:
            await self._go.wait()
            self._go.clear()
            async with self._at_work:
                failed = not self._stopping and bool(self._leases.held()) and not await self._drained()
            if failed:
                await asyncio.sleep(RETRY_SECONDS)
                self._go.set()

    async def _drained(self) -> bool:
        try:
            self._room = await self.drain()
        except (PyMongoError, StaleError) as error:
            log.warning("not assigned, trying again", extra=described(error))
            return False
        return True

    async def stop(self) -> None:
        """Finish the round at hand and begin no other: one cut off would hold its locks until MongoDB gives it up."""
        self._stopping = True
        async with self._at_work:
            return

    async def drain(self) -> bool:
        """Assign whatever can be; whether anybody has room left.

        Raises:
            StaleError, PyMongoError: nothing of the last round was written.
        """
        while True:
            self.rounds += 1
            done = await self._units.run(self._round)
            measures.tickets_assigned.add(done.assigned)
            if not done.more or self._stopping:
                return done.room

    async def _round(self, unit: Unit) -> Round:
        queues = self._view.current.queue
        agents = await self._store.agents(unit.session)
        loads = await self._store.loads(unit.session)
        free = room(agents, loads, queues)
        if not free.tickets:
            return Round(0, more=False, room=False)
        limit = min(BATCH, free.tickets)
        rows = {row.ticket: row for row in await self._store.waiting(free.queues, limit, unit.session)}
        given = []
        for one in assign(rows.values(), agents, loads, queues):
            row = rows[one.ticket]
            event = RoutingDecided(
                ticket=one.ticket,
                decision=row.decision + 1,
                ticket_version=row.version,
                queue=row.queue,
                agent=one.agent,
                rule=row.rule,
                reason=one.reason,
                candidates=one.candidates,
                decided_at=unit.now,
            )
            given.append((row, event))
            unit.emit(event, trace=row.trace)
        if given:
            await self._store.assign(given, unit.now, unit.session)
        left = free.tickets - len(given)
        return Round(len(given), more=left > 0 and len(rows) == limit, room=left > 0)
