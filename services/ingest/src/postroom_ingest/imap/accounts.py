"""Works the accounts that are set and leased to this process, and tells how all of them go."""

import asyncio
import contextlib
import logging
from dataclasses import dataclass

from pymongo.errors import PyMongoError

from postroom_ingest.imap.parts import Job, Parts
from postroom_ingest.imap.worker import Worker
from postroom_plumbing import measures
from postroom_plumbing.clock import utc_now
from postroom_plumbing.leases import Leases
from postroom_plumbing.settings_view import Settings, SettingsView

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.25
REPORT_SECONDS = 5.0
WORKING = frozenset(("up", "importing"))
"""States in which mail is taken."""


@dataclass(frozen=True, slots=True)
class _Running:
    job: Job
    task: asyncio.Task[None]


class Accounts:
    """`run` is to run for as long as the process lives."""

    def __init__(self, parts: Parts, leases: Leases, view: SettingsView) -> None:
        self._parts = parts
        self._leases = leases
        self._view = view
        self._running: dict[str, _Running] = {}
        self._wrong: list[str] = []

    async def run(self) -> None:
        """Work until cancelled; then others may have the accounts at once."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._leases.keep())
                tasks.create_task(self._report())
                tasks.create_task(self._follow())
        finally:
            await self._end(list(self._running))
            with contextlib.suppress(PyMongoError):
                await self._leases.release()

    async def health(self) -> str | None:
        """The accounts whose mail is not taken, None when there are none."""
        return f"mail is not taken from: {', '.join(self._wrong)}" if self._wrong else None

    async def _follow(self) -> None:
        while True:
            jobs = wanted(self._view.current)
            self._leases.want(sorted(jobs))
            held = set(self._leases.held())
            ended = [
                one
                for one, running in self._running.items()
                if one not in held or jobs.get(one) != running.job or running.task.done()
            ]
            await self._end(ended)
            for one, job in jobs.items():
                if one in held and one not in self._running:
                    self._begin(job)
            await asyncio.sleep(LOOK_SECONDS)

    def _begin(self, job: Job) -> None:
        worker = Worker(job, self._parts, lambda: job.id in self._leases.held())
        self._running[job.id] = _Running(job, asyncio.create_task(worker.run()))
        log.info("imap account is worked here", extra={"account": job.id})

    async def _end(self, accounts: list[str]) -> None:
        tasks = [self._running.pop(one).task for one in accounts if one in self._running]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _report(self) -> None:
        """Every process tells of every account: one that nobody works would be missed else."""
        while True:
            with contextlib.suppress(PyMongoError):
                await self._tell(self._view.current)
            await asyncio.sleep(REPORT_SECONDS)

    async def _tell(self, settings: Settings) -> None:
        now = utc_now()
        states = await self._parts.store.states()
        told: dict[str, tuple[bool, float]] = {}
        for one, account in settings.account.items():
            if account.enabled:
                state = states.get(one, {})
                since = state.get("caught_up_at") or state.get("since") or now
                told[one] = (state.get("state") in WORKING, max(0.0, (now - since).total_seconds()))
        measures.imap_accounts.clear()
        measures.imap_accounts.update(told)
        self._wrong = sorted(one for one, (up, _) in told.items() if not up and one in states)


def wanted(settings: Settings) -> dict[str, Job]:
    """The accounts to work, by id."""
    jobs = {}
    for one, account in settings.account.items():
        if account.enabled:
            mailbox = settings.mailbox.get(account.mailbox)
            jobs[one] = Job(one, account, mailbox.address if mailbox else None)
    return jobs
