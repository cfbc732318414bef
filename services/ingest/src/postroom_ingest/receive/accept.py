"""Accepting mail: the raw source and its event in one transaction, many mails at a time.

Every door goes through `Acceptor.accept`. Mails that arrive while a transaction runs share the next one.
"""

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from opentelemetry.trace import Span
from pymongo.errors import PyMongoError

from postroom_contracts.inbound import MailReceived, SubmissionReceived
from postroom_contracts.values import ClaimCheck
from postroom_ingest.parse import thread_root
from postroom_ingest.raw import Incoming, RawStore
from postroom_ingest.receive.keys import KeyStore, key_id
from postroom_ingest.receive.tally import Tally
from postroom_ingest.submission import conversation
from postroom_plumbing.ids import new_id
from postroom_plumbing.telemetry import start_trace, trace_id, traceparent
from postroom_plumbing.unit import Unit, Units

log = logging.getLogger(__name__)

BATCH_MAILS = 64
BATCH_BYTES = 16_000_000
HEAD_BYTES = 65_536
SIBLING_SECONDS = 0.01
"""How long a mail waits for others that are just arriving: much less than a transaction takes."""


@dataclass(slots=True)
class _Waiting:
    mail: Incoming
    contact: str
    span: Span
    done: "asyncio.Future[str]"
    before: tuple[str, str] | None = None
    """The contact and sha256 that came with its idempotency key before."""

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.mail.raw).hexdigest()


class KeyReusedError(Exception):
    """An idempotency key came with something else before."""


class Acceptor:
    """Makes mail, and contacts of other channels, durable."""

    def __init__(self, units: Units, raws: RawStore, tally: Tally | None = None, keys: KeyStore | None = None) -> None:
        self._keys = keys
        self._units = units
        self._raws = raws
        self._tally = tally or Tally()
        self._waiting: list[_Waiting] = []
        self._worker: asyncio.Task[None] | None = None
        self._coming = 0
        self._all_here = asyncio.Event()

    @contextlib.contextmanager
    def coming(self) -> Iterator[None]:
        """Says that a mail has been announced and is worth waiting for, because it can share a transaction."""
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
            KeyReusedError: its idempotency key came with something else before.
        """
        done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(mail, new_id(), start_trace(f"{mail.door} receive"), done))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return await done

    async def accept_all(self, mails: Sequence[Incoming], then: Callable[[Unit], Awaitable[None]]) -> None:
        """Store mails that a door fetched, in their order, and whatever `then` writes, all or nothing.

        Raises:
            whatever `then` raises, and PyMongoError: nothing was stored, or nobody knows.
        """
        done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        batch = [_Waiting(mail, new_id(), start_trace(f"{mail.door} receive"), done) for mail in mails]

        async def work(unit: Unit) -> None:
            if batch:
                await self._store(batch, unit)
            await then(unit)

        try:
            await self._units.run(work)
            for one in batch:
                self._tell(one)
        finally:
            for one in batch:
                one.span.end()

    async def _work(self) -> None:
        while self._waiting:
            await self._wait_for_siblings()
            batch = self._take()
            try:
                await self._make_durable(batch)
            finally:
                for one in batch:
                    one.span.end()

    async def _make_durable(self, batch: list[_Waiting]) -> None:
        try:
            await self._units.run(lambda unit: self._store(batch, unit))
        except Exception as error:  # noqa: BLE001 - handed to each mail's own door
            if len(batch) > 1 and not isinstance(error, PyMongoError):  # what is wrong with one is not with the others
                for one in batch:
                    await self._make_durable([one])
                return
            for one in batch:
                one.span.record_exception(error)
                if not one.done.done():
                    one.done.set_exception(error)
        else:
            for one in batch:
                self._tell(one)

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
        await self._note_repeats([one for one in batch if one.mail.key], unit)
        fresh = [one for one in batch if one.before is None]
        checks = [
            ClaimCheck(store="ingest", id=one.contact, sha256=one.sha256, size=len(one.mail.raw)) for one in fresh
        ]
        await self._raws.add([(check, one.mail) for check, one in zip(checks, fresh, strict=True)], unit)
        for check, one in zip(checks, fresh, strict=True):
            unit.emit(_received(one, check, unit), trace=traceparent(one.span))

    async def _note_repeats(self, keyed: list[_Waiting], unit: Unit) -> None:
        """Find out what came before with the idempotency keys, and remember those that are new."""
        if not keyed or self._keys is None:
            return
        ids = [key_id(*one.mail.key) for one in keyed if one.mail.key]
        known = await self._keys.find(ids, unit)
        new: dict[str, tuple[str, str]] = {}
        for key, one in zip(ids, keyed, strict=True):
            one.before = known.get(key)
            if one.before is None:
                known[key] = new[key] = (one.contact, one.sha256)
        await self._keys.keep(new, unit)

    def _tell(self, one: _Waiting) -> None:
        if one.before is not None:
            _tell_of_earlier(one, *one.before)
            return
        self._tally.accepted(one.mail.door)
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


def _tell_of_earlier(one: _Waiting, contact: str, sha256: str) -> None:
    if one.done.done():
        return
    if sha256 == one.sha256:
        one.done.set_result(contact)
    else:
        one.done.set_exception(KeyReusedError())


def _received(one: _Waiting, check: ClaimCheck, unit: Unit) -> MailReceived | SubmissionReceived:
    if one.mail.channel != "email":
        return SubmissionReceived(
            contact=one.contact,
            raw=check,
            mailbox=one.mail.mailbox,
            thread_root=conversation(one.mail.channel, one.mail.mailbox, one.mail.thread_key, one.contact),
            received_at=unit.now,
            channel=one.mail.channel,
        )
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
        also=one.mail.also,
        peer=one.mail.peer,
        helo=one.mail.helo,
        tls=one.mail.tls,
        imported=one.mail.imported,
    )
