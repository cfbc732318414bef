"""Keeps children running: starts again what ends, and stops all of it in order."""

import asyncio
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import httpx

from postroom_local.child import Child, ended
from postroom_local.errors import StackError
from postroom_local.runfile import Entry

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0
_STEADY_S = 30.0  # who ran this long gets the short pause again
_BAD_SETTINGS = 2  # the exit code of a service that refuses its settings: trying again cannot help
_POLL_S = 0.2
_TRIES = 3  # so often may a service end by itself before it was ever ready


@dataclass
class Kept:
    """A child under supervision; `address` is its URL."""

    child: Child
    entry: Entry
    failures: list[int] = field(default_factory=list)
    """Exit codes of the times it ended by itself."""


class Supervisor:
    """Keeps children: `say` gets a line for each restart, `changed` the list and whether all is up after changes."""

    def __init__(self, say: Callable[[str], None], changed: Callable[[Sequence[Entry], bool], None]) -> None:
        self._say = say
        self._changed = changed
        self._ready = False
        self._kept: list[Kept] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._others: list[Entry] = []

    def mention(self, entry: Entry) -> None:
        """List `entry`, which runs elsewhere."""
        self._others.append(entry)
        self._report()

    def keep(self, child: Child, entry: Entry) -> Kept:
        """Keep a started `child` running from now on."""
        kept = Kept(child, entry)
        self._kept.append(kept)
        self._tasks.append(asyncio.create_task(self._keep(kept), name=f"keep {entry.name}"))
        self._report()
        return kept

    async def stop(self) -> None:
        """Stop services first, then servers, the latest started first."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for kind in ("service", "server"):
            children = [kept.child for kept in reversed(self._kept) if kept.entry.kind == kind]
            await asyncio.gather(*(child.stop() for child in children))

    def kill(self) -> None:
        """End every child now, without waiting for what it is doing."""
        for kept in self._kept:
            kept.child.signal(signal.SIGKILL)

    def _report(self) -> None:
        for kept in self._kept:
            kept.entry.pid = kept.child.pid
        self._changed([*self._others, *(kept.entry for kept in self._kept)], self._ready)

    def everything_is_up(self) -> None:
        """Say that the start is over."""
        self._ready = True
        self._report()

    async def _keep(self, kept: Kept) -> None:
        pause = _FIRST_PAUSE_S
        while True:
            since = time.monotonic()
            code = await kept.child.wait()
            if code >= 0:
                kept.failures.append(code)
            if time.monotonic() - since > _STEADY_S:
                pause = _FIRST_PAUSE_S
            self._say(f"{kept.entry.name} ended ({ended(code)}), starting it again")
            self._report()
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)
            try:
                await kept.child.start()
            except OSError as error:
                self._say(f"{kept.entry.name} cannot be started: {error}")
            else:
                kept.entry.restarts += 1
            self._report()


async def wait_until_ready(
    kept: Sequence[Kept], seconds: float, progress: Callable[[str, Sequence[str]], None]
) -> None:
    """Wait until each of `kept` is ready; `progress` is told who has become so, and who is still awaited.

    Raises StackError when one keeps ending by itself, or when `seconds` have gone by.
    """
    pending = {one.entry.name: one for one in kept}
    deadline = time.monotonic() + seconds
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        while pending:
            for one in pending.values():
                _give_up_if_hopeless(one)
            if time.monotonic() >= deadline:
                raise StackError(_late(list(pending.values()), seconds))
            asked = list(pending)
            answers = await asyncio.gather(*(is_ready(client, pending[name].entry.address) for name in asked))
            for name, ready in zip(asked, answers, strict=True):
                if ready:
                    del pending[name]
                    progress(name, list(pending))
            if pending:
                await asyncio.sleep(_POLL_S)


async def is_ready(client: httpx.AsyncClient, address: str) -> bool:
    """Whether the process at `address` says it can work."""
    try:
        return (await client.get(f"{address}/health/ready")).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _give_up_if_hopeless(one: Kept) -> None:
    if _BAD_SETTINGS in one.failures or len(one.failures) >= _TRIES:
        raise StackError(f"{one.entry.name} does not start: {one.child.last_words()} (log: {one.child.log})")


def _late(pending: Sequence[Kept], seconds: float) -> str:
    logs = ", ".join(str(one.child.log) for one in pending)
    return f"not ready after {seconds:.0f} s: {', '.join(one.entry.name for one in pending)} (see {logs})"
