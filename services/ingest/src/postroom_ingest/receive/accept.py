"""Accepting mail: the raw source and its event in one transaction, many mails at a time.

Every door goes through `Acceptor.accept`. Mails that arrive while a transaction runs share the next one.
"""

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass

from opentelemetry.trace import Span

from postroom_contracts.inbound import MailReceived
from postroom_contracts.values import ClaimCheck
from postroom_ingest.parse import thread_root
from postroom_ingest.raw import Incoming, RawStore
from postroom_plumbing import measures
from postroom_plumbing.ids import new_id
from postroom_plumbing.telemetry import start_trace, trace_id, traceparent
from postroom_plumbing.unit import Unit, Units

log = logging.getLogger(__name__)

BATCH_MAILS = 64
BATCH_BYTES = 16_000_000
HEAD_BYTES = 65_536
SIBLING_SECONDS = 0.01
"""How long a mail waits for others that are just arriving: much less than a transaction takes."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    mail: Incoming
    contact: str
    span: Span
    done: "asyncio.Future[str]"


class Acceptor:
    """Makes mail durable."""

    def __init__(self, units: Units, raws: RawStore) -> None:
        self._units = units
        self._raws = raws
        self._waiting: list[_Waiting] = []
        self._worker: asyncio.Task[None] | None = None
        self._coming = 0
        self._all_here = asyncio.Event()

    @contextlib.contextmanager
    def coming(self) -> Iterator[None]:
        """Says that a mail is just arriving and worth waiting for, because it can share a transaction."""
        self._coming += 1
        try:
            yield
        finally:
            self._coming -= 1
            if self._coming == 0:
                self._all_here.set()

    async def accept(self, mail: Incoming) -> str:
        """Store a mail and state that it came; the id of the contact. When this returns the mail cannot be lost.

        Raises:
            PyMongoError: it could not be stored (or nobody knows); the sender must try again.
        """
        done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(mail, new_id(), start_trace(f"{mail.door} receive"), done))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return await done

    async def _work(self) -> None:
        while self._waiting:
            await self._wait_for_siblings()
            batch = self._take()
            try:
                await self._units.run(lambda unit, batch=batch: self._store(batch, unit))  # type: ignore[misc]
            except Exception as error:  # noqa: BLE001 - handed to each mail's own door
                for one in batch:
                    one.span.record_exception(error)
                    if not one.done.done():
                        one.done.set_exception(error)
            else:
                for one in batch:
                    self._tell(one)
            finally:
                for one in batch:
                    one.span.end()

    async def _wait_for_siblings(self) -> None:
        if self._coming:
            self._all_here.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SIBLING_SECONDS):
                    await self._all_here.wait()

    def _take(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        size = 0
        while self._waiting and len(batch) < BATCH_MAILS and (not batch or size < BATCH_BYTES):
            batch.append(self._waiting.pop(0))
            size += len(batch[-1].mail.raw)
        return batch

    async def _store(self, batch: list[_Waiting], unit: Unit) -> None:
        checks = [
            ClaimCheck(
                store="ingest",
                id=one.contact,
                sha256=hashlib.sha256(one.mail.raw).hexdigest(),
                size=len(one.mail.raw),
            )
            for one in batch
        ]
        await self._raws.add([(check, one.mail) for check, one in zip(checks, batch, strict=True)], unit)
        for check, one in zip(checks, batch, strict=True):
            unit.emit(_received(one, check, unit), trace=traceparent(one.span))

    def _tell(self, one: _Waiting) -> None:
        measures.mails_accepted.add(1, {"door": one.mail.door})
        log.info(
            "mail accepted",
            extra={
                "contact": one.contact,
                "mailbox": one.mail.mailbox,
                "bytes": len(one.mail.raw),
                "trace_id": trace_id(traceparent(one.span)),
            },
        )
        if not one.done.done():
            one.done.set_result(one.contact)


def _received(one: _Waiting, check: ClaimCheck, unit: Unit) -> MailReceived:
    return MailReceived(
        contact=one.contact,
        raw=check,
        mailbox=one.mail.mailbox,
        envelope_from=one.mail.envelope_from,
        envelope_to=one.mail.envelope_to,
        thread_root=thread_root(one.mail.raw[:HEAD_BYTES]),
        received_at=unit.now,
        door=one.mail.door,
        run=one.mail.run,
    )
