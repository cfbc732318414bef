"""One child process: its own process group, a log file, and never outliving its parent."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

STOP_SECONDS = 15.0  # a service finishes or gives back its batch within this
_LOG_LIMIT = 10 * 1024 * 1024
_PR_SET_PDEATHSIG = 1  # prctl(2)


@dataclass
class Child:
    """A process that can be started again and again.

    `command` is asked anew for each start; the log is appended to, and set aside when it is too large.
    """

    name: str
    command: Callable[[], Sequence[str]]
    environ: Mapping[str, str]
    log: Path
    process: asyncio.subprocess.Process | None = field(default=None, init=False)

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self.process.pid if self.process is not None and self.process.returncode is None else None

    async def start(self) -> None:
        """Start it. Must be called from the main thread: the child dies with the thread that started it."""
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.command(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(self.environ),
                # A session of its own, so that Ctrl-C in the terminal reaches the supervisor only.
                start_new_session=True,
                preexec_fn=_die_with(os.getpid()),
            )

    async def wait(self) -> int:
        """Wait for its end; the exit code, or minus the signal that ended it."""
        if self.process is None:
            raise RuntimeError(f"{self.name} was not started")
        return await self.process.wait()

    async def stop(self, seconds: float = STOP_SECONDS) -> None:
        """SIGTERM, and SIGKILL after `seconds`; returns when it is gone."""
        self.signal(signal.SIGTERM)
        if self.process is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.process.wait(), seconds)
            self.signal(signal.SIGKILL)
            await self.process.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send `number` if it runs."""
        if self.process is not None and self.process.returncode is None:
            with suppress(ProcessLookupError):
                self.process.send_signal(number)

    def last_words(self) -> str:
        """The last line of its log that says something, for an error message."""
        try:
            with self.log.open("rb") as log:
                log.seek(max(0, self.log.stat().st_size - 8192))
                lines = log.read().decode(errors="replace").splitlines()
        except OSError:
            return "no log"
        return next((line.strip() for line in reversed(lines) if line.strip()), "its log is empty")


def ended(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _die_with(parent: int) -> Callable[[], None] | None:
    """What the child does before it becomes its program: ask the kernel for SIGKILL when the parent dies.

    However the supervisor ends, even by SIGKILL, no child is left over to hold ports and locks.
    """
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)

    def before_exec() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died in between
            os._exit(1)

    return before_exec
