"""The loop that sends: claim, record the attempts, send, record the outcomes. One in each process."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from pymongo.errors import PyMongoError

from postroom_notifier.outgoing import Outcome, Outgoing, Settled, abandoned, event, settle
from postroom_notifier.settings import Smarthost
from postroom_notifier.smtp import Connection, Patience
from postroom_notifier.store import Store
from postroom_plumbing import measures
from postroom_plumbing.clock import utc_now
from postroom_plumbing.ids import new_id
from postroom_plumbing.mongo import unreachable
from postroom_plumbing.unit import Unit, Units
from postroom_plumbing.wakeup import Wakeup

log = logging.getLogger(__name__)

CONNECTIONS = 4
CLAIMED = 64
ROUND = 16
FALLBACK = 1.0
LONGEST_WAIT = 30.0
NOT_REACHED = Outcome("unreachable", reason="no connection to the smarthost")

Tried = tuple[Outgoing, Settled]
T = TypeVar("T")


class Sender:
    """Sends what is queued, over a few kept-alive connections."""

    def __init__(
        self,
        store: Store,
        units: Units,
        smarthost: Smarthost,
        wakeup: Wakeup,
        *,
        claim_seconds: float = 30,
        patience: Patience = Patience(),
    ) -> None:
        self._store = store
        self._units = units
        self._connections = [Connection(smarthost, patience) for _ in range(CONNECTIONS)]
        self._claim_seconds = claim_seconds
        self._claim: str | None = None
        self._wakeup = wakeup
        self._stopping = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._unreachable_for = 0.0

    async def stop(self) -> None:
        """Begin nothing more, and wait for what is being sent."""
        self._stopping = True
        self._wakeup.set_here()
        await self._idle.wait()

    async def run(self) -> None:
        """Send until stopped."""
        while not self._stopping:
            self._wakeup.clear()
            self._idle.clear()
            try:
                busy = await self._look()
            except PyMongoError as error:
                log.warning("sending waits", extra={"error": type(error).__name__})
                busy = False
            finally:
                self._idle.set()
            if not busy:
                await self._wait(self._unreachable_for or FALLBACK)
        for connection in self._connections:
            connection.close()

    async def _wait(self, seconds: float) -> None:
        """Wait; a wake-up ends it early, unless the smarthost is what is waited for."""
        if self._unreachable_for:
            await asyncio.sleep(seconds)
        else:
            await self._wakeup.wait(seconds)

    async def _look(self) -> bool:
        """Send a claim's worth of what is due; whether there may be more."""
        due = await self._store.due(utc_now(), CLAIMED)
        if not due:
            self._unreachable_for = 0.0
            return False
        if not await self._connected():
            return False
        claim = self._claim = new_id()
        try:
            mails = await self._store.claim(claim, due)
            for start in range(0, len(mails), ROUND):
                if self._stopping or self._unreachable_for:
                    break
                await self._round(claim, mails[start : start + ROUND])
        finally:
            self._claim = None
            await self._store.release(claim)
        return not self._unreachable_for

    async def _connected(self) -> bool:
        """Whether the smarthost answers. While it does not, everything waits and nothing counts as refused."""
        problem = await self._connections[0].connect()
        if problem is None:
            self._unreachable_for = 0.0
            return True
        self._unreachable_for = min(max(1.0, self._unreachable_for * 2), LONGEST_WAIT)
        log.warning("smarthost unreachable, mail waits", extra={"reason": problem, "seconds": self._unreachable_for})
        return False

    async def _round(self, claim: str, claimed: Sequence[Outgoing]) -> None:
        """Attempts recorded, mails sent in parallel, outcomes recorded."""
        ids = [mail.id for mail in claimed]
        ours = await _until_reachable(lambda: self._store.begin(claim, ids))
        mails = [mail.tried() for mail in claimed if mail.id in ours]
        outcomes = await self._send(mails)
        now = utc_now()
        tried = [(mail, settle(mail, outcomes.get(mail.id, NOT_REACHED), now)) for mail in mails]
        if any(settled.state == "queued" and settled.next_at == now for _, settled in tried):
            self._unreachable_for = 1.0
        await _until_reachable(lambda: self._record(claim, tried))

    async def _send(self, mails: Sequence[Outgoing]) -> dict[str, Outcome]:
        """Send over as many connections as the smarthost lets us make; who is not among the outcomes was not tried."""
        outcomes: dict[str, Outcome] = {}
        waiting = deque(mails)

        async def work(connection: Connection) -> None:
            while waiting and await connection.connect() is None and waiting:
                mail = waiting.popleft()
                outcomes[mail.id] = await connection.send(mail)

        async with asyncio.TaskGroup() as tasks:
            for connection in self._connections[: len(mails)]:
                tasks.create_task(work(connection))
        return outcomes

    async def _record(self, claim: str, tried: Sequence[Tried]) -> None:
        async def work(unit: Unit) -> list[Tried]:
            recorded = await self._store.settle(claim, [settled for _, settled in tried], unit.session)
            news = [one for one in tried if one[0].id in recorded]
            _tell(news, unit)
            return news

        _measure(await self._units.run(work))

    async def keep_claims(self) -> None:
        """Renew our claims and look after those of the dead, until cancelled."""
        while True:
            try:
                if self._claim is not None:
                    await self._store.renew(self._claim)
                await self.take_over()
            except PyMongoError as error:
                log.warning("claims not kept", extra={"error": type(error).__name__})
            await asyncio.sleep(self._claim_seconds / 3)

    async def take_over(self) -> None:
        """Queue again what the dead had only claimed; declare uncertain what they were sending."""
        await self._store.take_back()

        async def work(unit: Unit) -> list[Tried]:
            lost = [(mail, abandoned(mail, unit.now)) for mail in await self._store.abandoned(unit.session)]
            if lost:
                await self._store.give_up([settled for _, settled in lost], unit.session)
                _tell(lost, unit)
            return lost

        lost = await self._units.run(work)
        for mail, _ in lost:
            log.warning("outgoing mail uncertain", extra={"outgoing": mail.id})
        _measure(lost)


def _tell(tried: Sequence[Tried], unit: Unit) -> None:
    for mail, settled in tried:
        for told in settled.told:
            unit.emit(event(mail, told, unit.now), trace=mail.traceparent)


def _measure(tried: Sequence[Tried]) -> None:
    for mail, settled in tried:
        for told in settled.told:
            measures.mails_sent.add(1, {"kind": mail.kind, "outcome": told.what})


async def _until_reachable(action: Callable[[], Awaitable[T]]) -> T:
    """Wait out an unreachable store for as long as it takes: what was sent must be recorded."""
    delay = 0.1
    while True:
        try:
            return await action()
        except PyMongoError as error:
            if not unreachable(error):
                raise
            log.warning("sending waits for the store", extra={"error": type(error).__name__})
        await asyncio.sleep(delay)
        delay = min(delay * 2, 3.0)
