"""A whole Postroom under test: `postroom up` in a home and on ports of its own."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import httpx

T = TypeVar("T")
POSTROOM = Path(sys.executable).with_name("postroom")
PORTS = (
    "POSTROOM_SMTP_PORT",
    "POSTROOM_DESK_PORT",
    "POSTROOM_PORTAL_PORT",
    "POSTROOM_CATCHER_SMTP_PORT",
    "POSTROOM_CATCHER_HTTP_PORT",
)


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on, below those the system hands out by itself."""
    found: list[int] = []
    candidate = 21_000 + os.getpid() % 5_000
    while len(found) < count:
        candidate += 1
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", candidate)) != 0:
                found.append(candidate)
    return found


async def until(
    ask: Callable[[], Awaitable[T]], good: Callable[[T], bool], what: str, seconds: float = 60.0, every: float = 0.1
) -> T:
    """Ask again and again until the answer is good; the failure names `what` was waited for and the last answer."""
    deadline = time.monotonic() + seconds
    while True:
        answer = await ask()
        if good(answer):
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds:g} s still no {what}; last seen: {answer!r}"[:2000])
        await asyncio.sleep(every)


class Stack:
    """One running Postroom."""

    def __init__(self, home: Path, given: Mapping[str, str]) -> None:
        self.home = home
        ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
        kept = {k: v for k, v in os.environ.items() if not k.startswith("POSTROOM_") or k == "POSTROOM_KAFKA"}
        self.environ = {**kept, **ports, "POSTROOM_HOME": str(home), **given}
        self.smtp_port = int(self.environ["POSTROOM_SMTP_PORT"])
        self.desk_url = f"http://127.0.0.1:{self.environ['POSTROOM_DESK_PORT']}"
        self.portal_url = f"http://127.0.0.1:{self.environ['POSTROOM_PORTAL_PORT']}"
        self.catcher_url = f"http://127.0.0.1:{self.environ['POSTROOM_CATCHER_HTTP_PORT']}"
        self._process: subprocess.Popen[bytes] | None = None
        self.output = home / "up.out"

    async def start(self, seconds: float = 120.0) -> None:
        """Start, and wait until every process is ready."""
        self.home.mkdir(parents=True, exist_ok=True)
        with self.output.open("ab") as out:
            self._process = subprocess.Popen([POSTROOM, "up"], env=self.environ, stdout=out, stderr=out)
        await until(self._state, lambda state: state == "ready", f"ready stack (see {self.output})", seconds, 0.2)

    async def _state(self) -> str:
        if self._process is not None and self._process.poll() is not None:
            raise AssertionError(f"postroom up ended with {self._process.returncode}:\n{self.output.read_text()}")
        done = await asyncio.to_thread(self.run, "status")
        return "ready" if done.returncode == 0 else done.stdout.decode() + done.stderr.decode()

    def run(self, *arguments: str, **kwargs: Any) -> subprocess.CompletedProcess[bytes]:
        """Run a postroom command against this stack."""
        return subprocess.run([POSTROOM, *arguments], env=self.environ, capture_output=True, check=False, **kwargs)

    def processes(self) -> dict[str, dict[str, Any]]:
        """What runs, by name, as the stack's own run file says: kind, address, pid, restarts."""
        run = json.loads((self.home / "run.json").read_text())
        return {entry["name"]: entry for entry in run["entries"]}

    def kill(self, name: str) -> bool:
        """SIGKILL a service or server; False when it is not up just now."""
        pid = self.processes()[name]["pid"]
        if pid is None:
            return False
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    def token(self) -> str:
        """An API token of the admin."""
        return self.run("token").stdout.decode().strip()

    def desk(self) -> httpx.AsyncClient:
        """A client of the agents' API, as admin."""
        return httpx.AsyncClient(
            base_url=self.desk_url, headers={"Authorization": f"Bearer {self.token()}"}, trust_env=False, timeout=20
        )

    def plain(self, base_url: str) -> httpx.AsyncClient:
        """A client without credentials."""
        return httpx.AsyncClient(base_url=base_url, trust_env=False, timeout=20, follow_redirects=True)

    def interrupt(self) -> None:
        """What Ctrl-C does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)

    async def stop(self, seconds: float = 60.0) -> int:
        """Stop as Ctrl-C does; the exit code."""
        if self._process is None:
            return 0
        self.interrupt()
        try:
            return await asyncio.to_thread(self._process.wait, seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
