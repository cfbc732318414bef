"""Takes mails of an account: fetched, stored with the cursor in one transaction, and only then flagged or moved."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from postroom_contracts.config import Account
from postroom_ingest.imap.cursor import LOOK_MAILS, WANTED, Cursor, Head, Verdict, advanced, portion, settled, verdict
from postroom_ingest.imap.parts import Parts
from postroom_ingest.imap.session import Session
from postroom_ingest.imap.state import Left
from postroom_ingest.imap.trouble import UnfetchableError, in_words
from postroom_ingest.raw import Incoming
from postroom_plumbing import measures
from postroom_plumbing.clock import utc_now
from postroom_plumbing.errors import StaleError
from postroom_plumbing.unit import Unit

log = logging.getLogger(__name__)

STUCK = 3
"""So often a mail may fail alone before those behind it are taken."""
NOT_HANDED_OUT = "the server does not hand it out"
RETRY_LEFT = timedelta(minutes=10)
InThread = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class _Haul:
    """What a portion came to."""

    mails: Sequence[tuple[Head, Incoming]]
    left: Sequence[Left]


NOTHING = _Haul((), ())


class Taker:
    """`hitch` says in words what is wrong though mail is taken; None when nothing is."""

    def __init__(
        self, account_id: str, account: Account, address: str, parts: Parts, held: Callable[[], bool], run: InThread
    ) -> None:
        self._id = account_id
        self._account = account
        self._address = address
        self._parts = parts
        self._held = held
        self._run = run
        self._old: list[int] = []
        self._old_reached = 0
        self._stuck: tuple[int, int] = (0, 0)
        self._retried_at: datetime | None = None
        self.hitch: str | None = None

    async def begin(self, cursor: Cursor) -> Cursor:
        """Write down a cursor that begins anew."""
        self._old, self._old_reached = [], 0
        await self._write(cursor, NOTHING)
        return _next(cursor)

    async def take_new(self, session: Session, cursor: Cursor) -> Cursor:
        """Take what came since."""
        uids, reached = await self._run(session.uids, cursor.front, None)
        while uids:
            cursor = await self._step(session, cursor, uids, front=True)
            uids = [uid for uid in uids if uid > cursor.front]
        if reached > cursor.front:
            cursor = await self._moved(advanced(cursor, reached, (), front=True))
        return cursor

    async def take_old(self, session: Session, cursor: Cursor) -> Cursor:
        """Take some of what was there at first sight."""
        self._old = [uid for uid in self._old if uid > cursor.back]  # one more may be done than we were told
        if not self._old:
            self._old, self._old_reached = await self._run(session.uids, cursor.back, cursor.edge)
        if self._old:
            cursor = await self._step(session, cursor, self._old, front=False)
        if not self._old or cursor.back >= self._old[-1]:
            cursor = await self._moved(advanced(cursor, self._old_reached, (), front=False))
        return cursor

    async def retry_left(self, session: Session, cursor: Cursor, now: datetime) -> Cursor:
        """Now and then, and at first, ask again for mails that the server did not hand out."""
        if self._retried_at is not None and now - self._retried_at < RETRY_LEFT:
            return cursor
        self._retried_at = now
        uids = await self._parts.store.to_retry(self._id, cursor.uidvalidity)
        heads: list[Head] = await self._run(session.heads, uids)
        gone = sorted(set(uids) - {head.uid for head in heads})
        if gone:
            await self._write(cursor, NOTHING, found=gone)
            cursor = _next(cursor)
        for head in heads:
            what: Verdict = "new" if head.uid > cursor.edge else "old"
            try:
                found = await self._run(session.bodies, [head.uid], self._parts.max_bytes + 1)
            except UnfetchableError:
                continue
            haul = self._hauled([(head, what)], found, {}, session.tls)
            if haul.mails:
                moved = advanced(cursor, 0, self._to_finish([head.uid]), front=True)
                await self._write(moved, haul, found=[head.uid])
                cursor = await self.finish(session, _next(moved))
        return cursor

    async def finish(self, session: Session, cursor: Cursor) -> Cursor:
        """Flag, move or delete what was taken; doing so again harms nothing. Where that fails mail is taken on."""
        uids, account = cursor.pending, self._account
        if not uids or account.afterwards == "keep":
            return cursor
        try:
            match account.afterwards:
                case "flag":
                    await self._run(session.flag, uids)
                case "move":
                    await self._run(session.move, uids, account.move_to)
                case "delete":
                    await self._run(session.delete, uids)
        except IMAPClientAbortError:
            raise
        except IMAPClientError as error:
            hitch = f"mails are taken, but afterwards ({account.afterwards}) fails: {in_words(error)}"
            if hitch != self.hitch:
                log.error("imap afterwards fails", extra={"account": self._id, "reason": hitch})
            self.hitch = hitch
            return cursor
        self.hitch = None
        cursor = settled(cursor, uids)
        await self._parts.store.settle(self._id, cursor)
        return cursor

    async def _step(self, session: Session, cursor: Cursor, uids: Sequence[int], *, front: bool) -> Cursor:
        """Take the first of `uids`; the cursor after them."""
        chunk = uids[:LOOK_MAILS]
        heads: list[Head] = await self._run(session.heads, chunk)
        ask = cursor.again and not front
        known = await self._parts.store.known(self._id, [head.imprint for head in heads]) if ask else set()
        history = self._account.history == "import"
        decided = [(head, verdict(cursor, head, history=history, known=head.imprint in known)) for head in heads]
        first = next((head.uid for head, what in decided if what in WANTED), 0)
        now = portion(decided, 1) if first and first == self._stuck[0] else portion(decided)
        upto = chunk[-1] if len(now) == len(decided) else now[-1][0].uid
        async with self._parts.slots:
            try:
                haul = await self._fetched(session, [(head, what) for head, what in now if what in WANTED])
            except Exception:
                self._stuck = (first, self._stuck[1] + 1 if self._stuck[0] == first else 1)
                raise
            done = [head.uid for head, what in now if what == "again"] + [head.uid for head, _ in haul.mails]
            moved = advanced(cursor, upto, self._to_finish(done), front=front)
            await self._write(moved, haul)
        self._stuck = (0, 0)
        return await self.finish(session, _next(moved))

    def _to_finish(self, uids: Sequence[int]) -> Sequence[int]:
        return () if self._account.afterwards == "keep" else uids

    async def _fetched(self, session: Session, wanted: Sequence[tuple[Head, Verdict]]) -> _Haul:
        most = self._parts.max_bytes
        refused = {head.uid: f"larger than {most} bytes" for head, _ in wanted if head.size > most}
        uids = [head.uid for head, _ in wanted if head.uid not in refused]
        if uids and self._stuck == (uids[0], STUCK):
            refused[uids.pop(0)] = NOT_HANDED_OUT
        bodies = await self._bodies(session, uids, refused) if uids else {}
        return self._hauled(wanted, bodies, refused, session.tls)

    async def _bodies(self, session: Session, uids: Sequence[int], refused: dict[int, str]) -> dict[int, bytes]:
        """Bodies by UID. Where the server refuses them together they are asked for one by one; why not is noted."""
        most = self._parts.max_bytes + 1  # so that one that is larger than it said is seen to be
        found: dict[int, bytes]
        try:
            found = await self._run(session.bodies, uids, most)
        except IMAPClientAbortError:
            raise
        except (IMAPClientError, ValueError):
            found = {}
        else:
            return found
        for uid in uids:
            try:
                found |= await self._run(session.bodies, [uid], most)
            except UnfetchableError as error:
                refused[uid] = error.why
        if not found:
            raise UnfetchableError(uids[0], refused.get(uids[0], ""))  # it may not be the mails
        return found

    def _hauled(
        self,
        wanted: Sequence[tuple[Head, Verdict]],
        bodies: dict[int, bytes],
        refused: dict[int, str],
        tls: str | None,
    ) -> _Haul:
        mails: list[tuple[Head, Incoming]] = []
        left: list[Left] = []
        for head, what in wanted:
            raw, why = bodies.get(head.uid), refused.get(head.uid)
            if raw is not None and len(raw) > self._parts.max_bytes:
                why = f"larger than {self._parts.max_bytes} bytes"
            elif raw == b"":
                why = NOT_HANDED_OUT
            if why is not None:
                left.append(Left(head.uid, head.size, why, retry=not why.startswith("larger")))
            elif raw is not None:  # else it is gone
                mails.append((head, self._incoming(raw, tls, imported=what == "old")))
        return _Haul(mails, left)

    def _incoming(self, raw: bytes, tls: str | None, *, imported: bool) -> Incoming:
        return Incoming(
            raw=raw,
            mailbox=self._account.mailbox,
            envelope_from="",
            envelope_to=(self._address,),
            door="imap",
            tls=tls,
            imported=imported,
        )

    async def _write(self, cursor: Cursor, haul: _Haul, found: Sequence[int] = ()) -> None:
        """Mails, their imprints and the cursor, in one transaction; none of it when the lease is lost."""
        store = self._parts.store

        async def then(unit: Unit) -> None:
            await store.move(self._id, cursor, unit)
            await store.remember(self._id, [head.imprint for head, _ in haul.mails], unit)
            await store.found(self._id, cursor.uidvalidity, found, unit)
            await store.leave(self._id, cursor, haul.left, unit)
            if not self._held():
                raise StaleError("the lease was lost")

        await self._parts.acceptor.accept_all([mail for _, mail in haul.mails], then)
        if haul.mails:
            now = utc_now()
            await store.say(self._id, {"last_mail_at": now}, None, now)
        for one in haul.left:
            measures.imap_left.add(1, {"account": self._id})
            log.error("mail left in its account", extra={"account": self._id, "uid": one.uid, "reason": one.reason})

    async def _moved(self, cursor: Cursor) -> Cursor:
        await self._write(cursor, NOTHING)
        return _next(cursor)


def _next(cursor: Cursor) -> Cursor:
    """As it is after it was written."""
    return replace(cursor, version=cursor.version + 1)
