"""A unit of work: one transaction of state and the events that state it."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from postroom_contracts import Event
from postroom_plumbing.clock import utc_now
from postroom_plumbing.mongo import TRANSACTION, Client, Document
from postroom_plumbing.outbox import Outbox
from postroom_plumbing.wakeup import Wakeup
from postroom_plumbing.wire import Headers, Received

T = TypeVar("T")


class Unit:
    """What a handler gets: the session to write with, and a place to state events."""

    def __init__(self, session: Any, outbox: Outbox, now: datetime) -> None:
        self.session = session
        self.now = now
        """The moment of this transaction; every decision in it uses this one."""
        self.traces: Mapping[str, str | None] = {}
        self.documents: list[Document] = []
        self._outbox = outbox

    def emit(self, event: Event, cause: Received[Event] | None = None, traceparent: str | None = None) -> None:
        """State an event when the transaction commits; it continues the trace of `cause` or of `traceparent`."""
        parent = self.traces.get(cause.id, cause.traceparent) if cause is not None else traceparent
        self.documents.append(self._outbox.document(event, self.now, parent))

    def add_record(self, record: tuple[str, str, str, Headers, bytes]) -> None:
        """State a record that is not an event of ours: (id, physical topic, key, headers, value)."""
        event_id, topic, key, headers, value = record
        self.documents.append(self._outbox.record(event_id, topic, key, headers, value, self.now))


class Units:
    """Runs units of work, and wakes the relay after each that stated something."""

    def __init__(self, client: Client, outbox: Outbox, wakeup: Wakeup) -> None:
        self._client = client
        self._outbox = outbox
        self._wakeup = wakeup

    async def run(self, work: Callable[[Unit], Awaitable[T]]) -> T:
        """Run `work` in a transaction; it is run again when MongoDB asks for that, so it must not keep anything.

        Raises:
            whatever `work` raises (nothing is committed then), and PyMongoError.
        """
        stated = False

        async def attempt(session: Any) -> T:
            nonlocal stated
            unit = Unit(session, self._outbox, utc_now())
            result = await work(unit)
            await self._outbox.write(unit.documents, session)
            stated = bool(unit.documents)
            return result

        async with await self._client.start_session() as session:
            result: T = await session.with_transaction(attempt, **TRANSACTION)
        if stated:
            await self._wakeup.set_everywhere()
        return result
