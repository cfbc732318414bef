"""Lets clocks speak when their moment comes.

Each process of the service has a ticker and none leads: the transaction that says something moves the ticket's document
on, and of two that try the same one is undone. So nothing waits when a process dies.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from pymongo.errors import PyMongoError

from postroom_plumbing.clock import utc_now
from postroom_plumbing.errors import StaleError
from postroom_plumbing.unit import Unit, Units
from postroom_sla.firing import Fired, fire
from postroom_sla.handlers import measure
from postroom_sla.hearing import Hearing
from postroom_sla.store import Store

log = logging.getLogger(__name__)

BATCH = 200
"""Tickets in one transaction."""
LOOK_SECONDS = 0.5
"""How often to look for something earlier than what is waited for: a clock may be set that is due already."""
GRACE = timedelta(milliseconds=250)
"""How long the event that stopped a clock in the last moment may be under way."""


class Ticker:
    """Fires warnings and breaches, each once. `listening` waits until events reach this process."""

    def __init__(self, store: Store, units: Units, hearing: Hearing, listening: Callable[[], Awaitable[None]]) -> None:
        self._store = store
        self._units = units
        self._hearing = hearing
        self._listening = listening

    async def run(self) -> None:
        """Tick until cancelled."""
        await self._listening()
        self._hearing.listening(utc_now())
        while True:
            try:
                await asyncio.sleep(await self._tick(utc_now()))
            except (PyMongoError, StaleError) as error:
                log.warning("clocks wait", extra={"error": type(error).__name__})
                await asyncio.sleep(LOOK_SECONDS)

    async def _tick(self, now: datetime) -> float:
        """Say what is to be said, and return for how many seconds there is nothing to do."""
        heard = self._hearing.until(now)
        earliest = await self._store.earliest() if heard is not None else None
        if earliest is None or heard is None:
            return LOOK_SECONDS
        until = min(now - GRACE, heard)
        if earliest > until:
            return min((earliest - until).total_seconds(), LOOK_SECONDS)
        await self.fire_due(until, now)
        return 0

    async def fire_due(self, until: datetime, now: datetime) -> int:
        """Say `now`, in one transaction, what up to BATCH tickets had to say by `until`; how much it was."""

        async def work(unit: Unit) -> list[Fired]:
            said: list[Fired] = []
            changes = []
            for state in await self._store.due(until, BATCH, unit.session):
                after, fired = fire(state, until, now)
                changes.append((state, after))
                said += fired
            for one in said:
                unit.emit(one.event)
            await self._store.save(changes, unit.session)
            return said

        fired = await self._units.run(work)
        measure(fired)
        return len(fired)
