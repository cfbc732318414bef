"""Handing mail in: many mails in one request, a few requests at a time, and never far ahead of who reads them."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence

from postroom_local.errors import StackError
from postroom_local.import_progress import ImportProgress
from postroom_local.ingest_door import IN_FLIGHT, Counts, Door
from postroom_local.journal import Journal
from postroom_local.mail_files import Item, Mail, Skipped, Taken, too_large

BATCH_MAILS = 64
BATCH_BYTES = 4_000_000
MOST_UNREAD = 4_000
"""So much of an import waits in front of ingest's reader at most: today's mail waits behind it."""
_ASK_S = 0.5
_STALLED_S = 60.0
_NAMED = 20


class HandIn:
    """Hands mails in for one import."""

    def __init__(self, door: Door, mailbox: str, journal: Journal, progress: ImportProgress) -> None:
        self._door = door
        self._mailbox = mailbox
        self._journal = journal
        self._progress = progress
        self._unread = MOST_UNREAD  # at most, and at first nobody knows
        self._under_way = 0
        self.skipped: Counter[str] = Counter()

    async def all(self, items: Iterator[Item]) -> None:
        """Hand in all mails, in order but for a few requests at a time."""
        under_way: deque[tuple[list[Mail], asyncio.Task[list[bool]]]] = deque()
        try:
            for batch in batches(items, self._pass_over):
                await self._make_room(len(batch))
                raws = [mail.raw for mail in batch]
                sending = asyncio.create_task(self._door.hand_in(self._journal.run, self._mailbox, raws))
                under_way.append((batch, sending))
                self._under_way += len(batch)
                if len(under_way) == IN_FLIGHT:
                    await self._settle(*under_way.popleft())
            while under_way:
                await self._settle(*under_way.popleft())
        finally:
            for _, task in under_way:
                task.cancel()
            await asyncio.gather(*(task for _, task in under_way), return_exceptions=True)

    async def _settle(self, batch: Sequence[Mail], task: "asyncio.Task[list[bool]]") -> None:
        answers = await task
        self._under_way -= len(batch)
        taken = [mail for mail, good in zip(batch, answers, strict=True) if good]
        for mail, good in zip(batch, answers, strict=True):
            if not good:
                self._skip(too_large(mail.where, len(mail.raw)))
        self._journal.took(taken)
        self._progress.handed_in(len(taken), batch[-1].passed)

    def _pass_over(self, item: Skipped | Taken) -> None:
        if isinstance(item, Taken):
            self._progress.pass_over(item.passed)
        else:
            self._skip(item)

    def _skip(self, one: Skipped) -> None:
        kind = one.reason.partition(":")[0]
        if one.lost:
            self._journal.lose(one.where, kind)
        else:
            self.skipped[kind] += 1
        if one.lost or self.skipped[kind] <= _NAMED:
            self._progress.say(f"skipped {one.where}: {one.reason}")

    async def _make_room(self, count: int) -> None:
        self._unread += count
        if self._unread <= MOST_UNREAD:
            return
        counts = await self._wait(MOST_UNREAD // 2)
        if counts.unread > MOST_UNREAD:
            raise StackError(f"{counts.unread} mails are not read yet: see postroom status, they wait")
        self._unread = counts.unread + self._under_way + count

    async def read(self) -> Counts:
        """The counts once every mail handed in has been read, or once nothing has been read for _STALLED_S seconds."""
        return await self._wait(0)

    async def _wait(self, unread: int) -> Counts:
        give_up, before = time.monotonic() + _STALLED_S, -1
        while True:
            asked = time.monotonic()
            counts = await self._door.counts(self._journal.run)
            answered = time.monotonic()
            self._progress.read(counts.read, counts.accepted)
            if counts.read > before:
                give_up, before = answered + _STALLED_S, counts.read
            if counts.unread <= unread or answered > give_up:
                return counts
            await asyncio.sleep(max(_ASK_S, 2 * (answered - asked)))  # counting a large import is work for ingest


def batches(items: Iterator[Item], other: Callable[[Skipped | Taken], None]) -> Iterator[list[Mail]]:
    """The mails among `items`, as many together as one request takes; the rest goes to `other`."""
    batch: list[Mail] = []
    size = 0
    for item in items:
        if not isinstance(item, Mail):
            other(item)
            continue
        if batch and (len(batch) == BATCH_MAILS or size + len(item.raw) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += len(item.raw)
    if batch:
        yield batch
