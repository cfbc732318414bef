"""A unit of work: one transaction of state and the events that state it."""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from pymongo.errors import PyMongoError, ServerSelectionTimeoutError

from postroom_contracts import Event
from postroom_plumbing.clock import utc_now
from postroom_plumbing.mongo import TRANSACTION, Client, Document
from postroom_plumbing.outbox import Outbox
from postroom_plumbing.telemetry import start_trace, traceparent
from postroom_plumbing.wakeup import Wakeup
from postroom_plumbing.wire import Received

T = TypeVar("T")
RETRY_SECONDS = 20.0
_TRANSIENT = "TransientTransactionError"
_UNKNOWN = "UnknownTransactionCommitResult"


class Unit:
    """What a handler gets: the session to write with, and a place to state events."""

    def __init__(self, session: Any, outbox: Outbox, now: datetime) -> None:
        self.session = session
        self.now = now
        """The moment of this transaction; every decision in it uses this one."""
        self.traces: Mapping[str, str | None] = {}
        self.records: list[Document] = []
        self.wakeups: set[Wakeup] = set()
        self.afterwards: list[Callable[[], None]] = []
        self._trace: str | None = None
        self._outbox = outbox

    def emit(self, event: Event, cause: Received[Event] | None = None, trace: str | None = None) -> None:
        """State an event when the transaction commits; it continues the trace of `cause` or the traceparent `trace`."""
        parent = self.traces.get(cause.id, cause.traceparent) if cause is not None else trace
        if parent is None:
            parent = self._own_trace()
        self.records.append(self._outbox.record(event, self.now, parent))

    def _own_trace(self) -> str | None:
        """The trace of what nothing else caused; everything such that this transaction states shares it."""
        if self._trace is None:
            span = start_trace("transaction")
            self._trace = traceparent(span)
            span.end()
        return self._trace

    def wake(self, wakeup: Wakeup) -> None:
        """Wake its waiters once the transaction is committed, not before they can see anything."""
        self.wakeups.add(wakeup)

    def after(self, act: Callable[[], None]) -> None:
        """Do this once the transaction is committed, such as counting what it did: never for an attempt undone."""
        self.afterwards.append(act)

    def add_record(self, record: Document) -> None:
        """State a record as it is, such as a dead letter."""
        self.records.append(record)


class Units:
    """Runs units of work, and wakes the relay and whoever else has to know after each."""

    def __init__(self, client: Client, outbox: Outbox, wakeup: Wakeup) -> None:
        self._client = client
        self._outbox = outbox
        self._wakeup = wakeup

    async def run(self, work: Callable[[Unit], Awaitable[T]]) -> T:
        """Run `work` in a transaction; it is run again when MongoDB asks for that, so it must not keep anything.

        Raises:
            whatever `work` raises (nothing is committed then), and PyMongoError.
        """
        give_up = time.monotonic() + RETRY_SECONDS
        async with await self._client.start_session() as session:
            while True:
                try:
                    unit, result = await self._attempt(session, work, give_up)
                except ServerSelectionTimeoutError:  # waited long enough: whoever called can tell somebody, or wait on
                    raise
                except PyMongoError as error:
                    if not error.has_error_label(_TRANSIENT) or time.monotonic() > give_up:
                        raise
                    await asyncio.sleep(random.uniform(0.002, 0.03))  # noqa: S311 - only to come apart from a rival
                else:
                    break
        if unit.records:
            unit.wake(self._wakeup)
        for act in unit.afterwards:
            act()
        for wakeup in unit.wakeups:
            await wakeup.set_everywhere()
        return result

    async def _attempt(self, session: Any, work: Callable[[Unit], Awaitable[T]], give_up: float) -> tuple[Unit, T]:
        """One try. Motor's own helper leaves errors of the commit itself untried, so start and end are told apart here.

        https://www.mongodb.com/docs/manual/core/transactions-in-applications/ says what the two labels ask for.
        """
        session.start_transaction(**TRANSACTION)
        try:
            unit = Unit(session, self._outbox, utc_now())
            result = await work(unit)
            await self._outbox.write(unit.records, unit.now, session)
        except BaseException:
            with contextlib.suppress(PyMongoError):
                await session.abort_transaction()
            raise
        while True:
            try:
                await session.commit_transaction()
            except PyMongoError as error:
                if not error.has_error_label(_UNKNOWN) or time.monotonic() > give_up:
                    raise
                await asyncio.sleep(0.1)
            else:
                return unit, result
