import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from postroom_local.child import Child
from postroom_local.errors import StackError
from postroom_local.runfile import Entry
from postroom_local.supervisor import Supervisor, wait_until_ready

FOREVER = "import signal; signal.pause()"


class Watch:
    """A supervisor whose reports can be waited for."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.entries: list[Entry] = []
        self._news = asyncio.Event()
        self.supervisor = Supervisor(self.lines.append, lambda entries, _: self._changed(entries))

    def _changed(self, entries: Sequence[Entry]) -> None:
        self.entries = [entry.model_copy() for entry in entries]
        self._news.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self._news.clear()
                await self._news.wait()


@pytest.fixture
async def watch() -> AsyncIterator[Watch]:
    watch = Watch()
    yield watch
    await watch.supervisor.stop()


def toy(folder: Path, code: str, name: str = "toy") -> Child:
    return Child(name, lambda: (sys.executable, "-c", code), os.environ, folder / f"{name}.log")


def entry(name: str = "toy") -> Entry:
    return Entry(name=name, kind="service", address="http://127.0.0.1:1")


async def test_a_killed_child_is_started_again(tmp_path: Path, watch: Watch) -> None:
    child = toy(tmp_path, FOREVER)
    await child.start()
    watch.supervisor.keep(child, entry())
    first = child.pid

    child.signal(signal.SIGKILL)
    await watch.until(lambda: watch.entries[0].restarts == 1)

    assert watch.entries[0].pid == child.pid != first
    assert watch.lines == ["toy ended (SIGKILL), starting it again"]


async def test_stop_ends_all_and_nothing_comes_back(tmp_path: Path) -> None:
    watch = Watch()
    children = [toy(tmp_path, FOREVER, name) for name in ("a", "b")]
    for child in children:
        await child.start()
        watch.supervisor.keep(child, entry(child.name))

    await watch.supervisor.stop()

    assert [child.pid for child in children] == [None, None]
    assert watch.lines == []


async def test_a_child_deaf_to_sigterm_is_killed(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    child = toy(
        tmp_path,
        f"import signal, pathlib; signal.signal(signal.SIGTERM, signal.SIG_IGN); pathlib.Path({str(ready)!r}).touch()\n"
        "while True: signal.pause()",
    )
    await child.start()
    async with asyncio.timeout(20):
        while not ready.exists():  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.01)

    await child.stop(seconds=0.2)

    assert child.process is not None
    assert child.process.returncode == -signal.SIGKILL


@pytest.mark.parametrize(("code", "tries"), [(2, 1), (1, 3)], ids=["bad settings", "any other failure"])
async def test_a_start_ends_when_a_child_cannot_live(tmp_path: Path, watch: Watch, code: int, tries: int) -> None:
    child = toy(tmp_path, f"print('POSTROOM_X: not so'); raise SystemExit({code})")
    await child.start()
    kept = watch.supervisor.keep(child, entry())

    with pytest.raises(StackError, match="toy does not start: POSTROOM_X: not so"):
        await wait_until_ready([kept], 30, lambda *_: None)

    assert kept.failures == [code] * tries


async def test_a_start_that_takes_too_long_names_who_is_missing(tmp_path: Path, watch: Watch) -> None:
    child = toy(tmp_path, FOREVER)
    await child.start()
    kept = watch.supervisor.keep(child, entry())

    with pytest.raises(StackError, match=r"not ready after 0 s: toy \(see .*toy\.log\)"):
        await wait_until_ready([kept], 0.3, lambda *_: None)


async def test_a_log_grown_too_large_is_set_aside(tmp_path: Path) -> None:
    child = toy(tmp_path, "print('new')")
    child.log.write_bytes(b"x" * (10 * 1024 * 1024 + 1))

    await child.start()
    await child.wait()

    assert child.log.read_text() == "new\n"
    assert (tmp_path / "toy.log.1").stat().st_size > 10 * 1024 * 1024


async def test_children_run_in_groups_of_their_own(tmp_path: Path) -> None:
    child = toy(tmp_path, FOREVER)
    await child.start()

    assert child.pid is not None
    assert os.getpgid(child.pid) == child.pid != os.getpgrp()
    await child.stop()
