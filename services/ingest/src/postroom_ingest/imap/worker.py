"""Works one account: connects, takes what is new, brings over what is old, waits; and begins again when it fails."""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

from pymongo.errors import PyMongoError

from postroom_ingest.imap.cursor import Cursor, place, sighted
from postroom_ingest.imap.parts import Job, Parts
from postroom_ingest.imap.session import Proof, Session
from postroom_ingest.imap.taking import Taker
from postroom_ingest.imap.tokens import Tokens, opened
from postroom_ingest.imap.trouble import AccountError, MisconfiguredError, RefusedError, in_words, pause
from postroom_plumbing.clock import utc_now
from postroom_plumbing.errors import described

log = logging.getLogger(__name__)
T = TypeVar("T")

TELL_SECONDS = 2.0
LOUD = 3
"""A connection that fails so often in a row is an error."""
STEADY_SECONDS = 60.0
"""A connection that lasted so long was a good one: after it counting begins anew."""


class Worker:
    """`run` works the account until it is cancelled. `held` says whether this process may."""

    def __init__(self, job: Job, parts: Parts, held: Callable[[], bool]) -> None:
        self._job = job
        self._parts = parts
        self._held = held
        self._tokens = Tokens(job.id, job.account, parts.store, parts.sealer)
        self._thread = ThreadPoolExecutor(1, f"imap-{job.id}")
        self._taker = Taker(job.id, job.account, job.address or "", parts, held, self._in_thread)
        self._told: tuple[str, str | None, datetime] | None = None
        self._worked = False

    async def run(self) -> None:
        """Work until cancelled. Errors are told and waited out, never raised."""
        failures = 0
        try:
            while True:
                began = time.monotonic()
                try:
                    await self._connected()
                except Exception as error:  # noqa: BLE001 - whatever it is, the next try may do better
                    failures = 1 if time.monotonic() - began > STEADY_SECONDS else failures + 1
                    await self._failed(error, failures)
        finally:
            self._thread.shutdown(wait=False)  # what closes connections is still done

    async def _failed(self, error: Exception, failures: int) -> None:
        state = error.state if isinstance(error, AccountError) else "failing"
        fields = {"account": self._job.id, "reason": in_words(error), "failures": failures}
        loud = state != "failing" or failures == LOUD
        log.log(logging.ERROR if loud else logging.WARNING, "imap account fails", extra={**fields, **described(error)})
        if state != "failing" or failures > 1 or not self._worked:  # servers end connections now and then
            with contextlib.suppress(PyMongoError):
                await self._say(state, in_words(error))
        self._worked = False
        await asyncio.sleep(pause(state, failures, random.random()))  # noqa: S311 - only to keep accounts apart

    async def _in_thread(self, call: Callable[..., T], *arguments: Any) -> T:
        """Do what blocks in the account's own thread. Cancelled, it ends the connection and does not wait."""
        future = asyncio.get_running_loop().run_in_executor(self._thread, call, *arguments)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            future.add_done_callback(lambda done: done.cancelled() or done.exception())
            raise

    async def _connected(self) -> None:
        session = await self._open()
        try:
            await self._take(session)
        except BaseException:
            session.abort()
            raise
        finally:
            self._thread.submit(session.close)

    async def _open(self) -> Session:
        """A session that is logged in. A token that is refused though it should be good is had anew, once."""
        if self._job.address is None:
            raise MisconfiguredError(f"there is no mailbox {self._job.account.mailbox!r}")
        while True:
            proof, fresh = await self._proof()
            session = Session(self._job.account)
            try:
                await self._in_thread(session.open, proof)
            except BaseException as error:
                session.abort()
                self._thread.submit(session.close)
                if not isinstance(error, RefusedError):
                    raise
                self._tokens.forget()
                if fresh:
                    raise
            else:
                return session

    async def _proof(self) -> tuple[Proof, bool]:
        account = self._job.account
        if account.auth == "password":
            return Proof(opened(self._parts.sealer, account.password or ""), token=False), True
        token, fresh = await self._tokens.current(utc_now())
        return Proof(token, token=True), fresh

    async def _take(self, session: Session) -> None:
        taker, store = self._taker, self._parts.store
        await store.forget_oldest(self._job.id)
        cursor = await self._seen(session, await store.cursor(self._job.id))
        self._worked = True
        while True:
            cursor = await taker.take_new(session, cursor)
            if cursor.history_left:
                await self._say("importing", taker.hitch)
                cursor = await taker.take_old(session, cursor)
                await self._in_thread(session.noop)
                continue
            cursor = await taker.retry_left(session, cursor, utc_now())
            await self._say("up", taker.hitch)
            if await self._pushed(session):
                await self._in_thread(session.noop)
            else:
                cursor = await self._seen(session, cursor)

    async def _pushed(self, session: Session) -> bool:
        if session.waits():
            return await self._in_thread(session.idle, self._parts.idle_seconds)
        await asyncio.sleep(self._job.account.poll_seconds)
        return False

    async def _seen(self, session: Session, known: Cursor | None) -> Cursor:
        """Open the folder; the cursor to go on with, written down where it is a new one."""
        account = self._job.account
        sight = await self._in_thread(session.look)
        where = place(account.user, account.folder)
        cursor = sighted(known, where, sight, utc_now(), history=account.history == "import")
        if cursor is not known:
            if known is not None:
                log.warning("imap folder has other uids, looking at all of it", extra={"account": self._job.id})
            cursor = await self._taker.begin(cursor)
        return await self._taker.finish(session, cursor)

    async def _say(self, state: str, error: str | None) -> None:
        now = utc_now()
        if self._told is not None and self._told[:2] == (state, error):
            if (now - self._told[2]).total_seconds() < TELL_SECONDS:
                return
        elif state in {"up", "importing"}:
            log.info("imap account", extra={"account": self._job.id, "state": state, "reason": error})
        fields: dict[str, Any] = {"error": error}
        if error is not None:
            fields["error_at"] = now
        if state in {"up", "importing"}:
            fields["caught_up_at"] = now
        await self._parts.store.say(self._job.id, fields, state, now)
        self._told = (state, error, now)
