"""Batches in, one transaction out: the way every service consumes.

A batch of records (any topics, any partitions) is handled in one MongoDB transaction that holds the service's state,
the events it states, the dead letters, and the position reached in each partition. Positions live in MongoDB under
the Kafka cluster's id; Kafka's own committed offsets are kept only so that lag can be seen from outside.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from aiokafka import ConsumerRecord, TopicPartition
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from pymongo.errors import PyMongoError

from postroom_contracts import Event
from postroom_plumbing import measures
from postroom_plumbing.cluster import MAX_EVENT_BYTES
from postroom_plumbing.dead_letters import dead_letter
from postroom_plumbing.errors import PermanentError, StaleError, described
from postroom_plumbing.mongo import unreachable
from postroom_plumbing.positions import Positions
from postroom_plumbing.settings import ServiceSettings, physical_topic
from postroom_plumbing.subscribing import Rebalances, leave_encoded, leave_unread
from postroom_plumbing.telemetry import batch_spans
from postroom_plumbing.unit import Unit, Units
from postroom_plumbing.wire import Received, decode

log = logging.getLogger(__name__)

Handler = Callable[[Sequence[Received[Event]], Unit], Awaitable[None]]
ATTEMPTS = 3
REPORT_SECONDS = 1.0
BATCH_SECONDS = 0.25
"""Batches begin at most this often: under load a transaction takes more events, a single event never waits."""
POLL_MS = 100
UNBURIED_SECONDS = 1.0
SLOW_SECONDS = 10.0
"""Well below what MongoDB allows a transaction: transactionLifetimeLimitSeconds, 20 where we start it, else 60."""


class _TooSlowError(PermanentError):
    """A batch must be halved."""


class Consumer:
    """Feeds a handler with batches. `handle` gets the events of the types named, in order per key."""

    def __init__(
        self,
        *,
        group: str,
        types: Sequence[type[Event]],
        handle: Handler,
        units: Units,
        positions: Positions,
        settings: ServiceSettings,
    ) -> None:
        self.group = f"{settings.namespace or 'postroom'}-{group}"
        self._models = {model.type: model for model in types}
        self.topics = sorted({physical_topic(settings.namespace, model.topic) for model in types})
        self._handle = handle
        self._units = units
        self._positions = positions
        self._settings = settings
        self._stopping = asyncio.Event()
        self._rebalancing = False
        self._failure: Exception | None = None
        self._subscriber: Any = None

    def subscribe(self, broker: KafkaBroker) -> None:
        """Register with the broker; the group starts to consume when the broker starts."""
        self._subscriber = broker.subscriber(
            *self.topics,
            group_id=self.group,
            batch=True,
            ack_policy=AckPolicy.MANUAL,
            auto_offset_reset="earliest",
            max_records=self._settings.batch_events,
            batch_timeout_ms=POLL_MS,
            max_partition_fetch_bytes=MAX_EVENT_BYTES,
            session_timeout_ms=10_000,
            heartbeat_interval_ms=2_000,
            listener=Rebalances(self.on_revoked, self.on_assigned, self.fail),
            parser=leave_unread,
            decoder=leave_encoded,
            no_reply=True,
        )
        self._subscriber(self.consume)

    @property
    def _kafka(self) -> Any:
        return self._subscriber.consumer

    def assigned(self) -> bool:
        """Whether Kafka has given this process its partitions (which may be none)."""
        return self._kafka is not None and self._kafka.assignment() is not None and self._positions.known

    async def stop(self) -> None:
        """Finish the batch at hand, take no other."""
        self._stopping.set()

    def on_revoked(self) -> None:
        """The group is shared anew. A batch at hand is refused by its position if somebody else goes on with it."""
        self._rebalancing = True

    async def on_assigned(self, assigned: set[TopicPartition]) -> None:
        """Go to where the last committed transaction ended, or to the beginning.

        Every partition is set, so that records that came before its position was known are read again.
        """
        delay = 0.2
        while not self._stopping.is_set():
            try:
                positions = await self._positions.load(assigned)
                break
            except PyMongoError as error:
                log.warning("positions not read, trying again", extra={"error": type(error).__name__})
                await asyncio.sleep(delay)
                delay = min(delay * 1.5, 2.0)
        else:
            return
        for partition in assigned:
            self._kafka.seek(partition, positions.get(partition, 0))
        self._rebalancing = False

    async def consume(self, records: Any) -> None:
        """Handle what one poll brought; returns when it is durable, given up to dead letters, or we are stopping.

        FastStream drops a batch whose handler raises and goes on with the next, so nothing more is handled after that.
        """
        try:
            await self._take(records)
        except Exception as error:
            self.fail(error)
            raise

    def fail(self, error: Exception) -> None:
        """Something was passed over: handle nothing more, and have the process end and begin again where we are."""
        self._failure = error

    async def _take(self, records: Any) -> None:
        started = time.monotonic()
        batch: list[ConsumerRecord] = self._positions.fresh(records)
        if batch and self._failure is None and not self._stopping.is_set():
            await self._settle(batch)
            measures.handler_seconds.record(time.monotonic() - started, {"group": self.group})
            measures.batch_size.record(len(batch), {"group": self.group})
            await asyncio.sleep(max(0.0, started + BATCH_SECONDS - time.monotonic()))

    async def _settle(self, batch: list[ConsumerRecord]) -> None:
        """Handle a batch; if it keeps failing, its records one by one; one that fails alone is a dead letter."""
        failure = await self._attempt(batch)
        if failure is None:
            return
        if isinstance(failure, _TooSlowError):
            middle = len(batch) // 2
            await self._settle(batch[:middle])
            await self._settle(batch[middle:])
            return
        for record in batch:
            await self._settle_alone(record, failure if len(batch) == 1 else await self._attempt([record]))

    async def _settle_alone(self, record: ConsumerRecord, failure: Exception | None) -> None:
        """Bury a record that failed. Where even that fails the store is at fault: wait, and begin again with it."""
        while failure is not None:
            if await self._until_reachable(partial(self._commit, [record], {id(record): failure})) is None:
                return
            await asyncio.sleep(UNBURIED_SECONDS)
            failure = await self._attempt([record])

    async def _attempt(self, batch: list[ConsumerRecord]) -> Exception | None:
        """Try a batch up to ATTEMPTS times; the last error, or None when it was committed (or we are stopping)."""
        error: Exception | None = None
        for attempt in range(1, ATTEMPTS + 1):
            if attempt > 1:
                await asyncio.sleep(0.05 * 4 ** (attempt - 1))
            error = await self._until_reachable(partial(self._commit, batch, {}), len(batch))
            if error is None or isinstance(error, PermanentError):
                return error
        return error

    async def _until_reachable(self, action: Callable[[], Awaitable[None]], size: int = 1) -> Exception | None:
        """Do `action`, waiting out an unreachable store for as long as it takes. Any other error is returned.

        So is a failure that took very long with more than one event: MongoDB ends transactions after a while, and
        the same batch would never come through.
        """
        delay = 0.1
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                await action()
            except Exception as error:  # noqa: BLE001 - returned to the caller, which gives up or splits the batch
                measures.retries.add(1, {"group": self.group, "error": type(error).__name__})
                if not (unreachable(error) or isinstance(error, StaleError)):
                    log.error("batch failed", extra={"group": self.group, **described(error)})
                    return error
                if size > 1 and time.monotonic() - began > SLOW_SECONDS:
                    return _TooSlowError(f"{size} events took too long for one transaction")
                log.warning("batch waits", extra={"group": self.group, "error": type(error).__name__})
                await self._positions.reload()
                await asyncio.sleep(delay)
                delay = min(delay * 2, 3.0)
            else:
                return None
        return None

    async def _commit(self, batch: list[ConsumerRecord], given_up: dict[int, Exception]) -> None:
        """One transaction: events handled, dead letters written, positions moved.

        A batch without an event for us only moves the positions in memory: reading it again costs less than a write.
        """
        batch = self._positions.fresh(batch)
        received: list[Received[Event]] = []
        dead: list[tuple[ConsumerRecord, Exception]] = []
        for record in batch:
            if id(record) in given_up:
                dead.append((record, given_up[id(record)]))
                continue
            try:
                event = decode(record, self._models)
            except PermanentError as error:
                dead.append((record, error))
                continue
            if event is not None:
                received.append(event)
        if received or dead:
            await self._transact(batch, received, dead)
        self._positions.reached(batch)

    async def _transact(
        self,
        batch: list[ConsumerRecord],
        received: list[Received[Event]],
        dead: list[tuple[ConsumerRecord, Exception]],
    ) -> None:
        with batch_spans(f"{self.group} handle", [(one.id, one.traceparent) for one in received]) as traces:

            async def work(unit: Unit) -> None:
                unit.traces = traces
                if received:
                    await self._handle(received, unit)
                for record, error in dead:
                    unit.add_record(dead_letter(record, error, self.group, _attempts(error), unit.now))
                await self._positions.move(batch, unit.session)

            await self._units.run(work)
        self._positions.committed(batch)
        for record, error in dead:
            measures.dead_letters.add(1, {"group": self.group, "topic": record.topic})
            log.error(
                "event given up",
                extra={"topic": record.topic, "offset": record.offset, "error": type(error).__name__},
            )
        for kind in {one.event.type for one in received}:
            count = sum(1 for one in received if one.event.type == kind)
            measures.events_handled.add(count, {"group": self.group, "type": kind})

    async def report(self) -> None:
        """Once a second tell Kafka our offsets and the metrics our lag, until cancelled.

        Not while the group is shared anew: the offsets would wait behind our joining it, come with the number of the
        generation before, and be taken for a reason to join again, without end.

        Raises:
            RuntimeError: nothing is read from Kafka any more; the process must start again.
        """
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            if self._stopping.is_set():
                continue
            if self._failure is not None or self._ended():
                raise RuntimeError("the consumer has ended") from self._failure
            if not self._rebalancing:
                await self._positions.report(self._kafka, self.group)

    def _ended(self) -> bool:
        """Whether FastStream's loop or aiokafka's membership of the group has ended, of which neither tells."""
        reading = any(not task.done() for task in self._subscriber.tasks)
        return not reading or bool(self._kafka._coordinator._coordination_task.done())


def _attempts(error: Exception) -> int:
    return 1 if isinstance(error, PermanentError) else ATTEMPTS
