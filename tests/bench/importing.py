"""How fast old mail is brought in by `postroom import`, and whether anything grows while it is.

A Maildir of generated mails goes into a whole running stack. Memory is what each process has resident, looked at once
a second, and told at a quarter, at half and at the end of the way.
"""

import asyncio
import re
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mailgen import generate
from pymongo import AsyncMongoClient
from stack import POSTROOM, Stack

_EVERY_S = 1.0
_MARKS = (0.25, 0.5, 1.0)
_COUNTS = re.compile(r"accepted (\d+) = (\d+) new \+ (\d+) appended \+ (\d+) duplicate \+ (\d+) set aside")
_RSS = re.compile(r"^VmRSS:\s+(\d+) kB", re.MULTILINE)
IMPORTER = "(importer)"


@dataclass(slots=True)
class _Memory:
    """Resident MB by process, when so much of the mail was read."""

    seen: list[tuple[float, dict[str, float]]] = field(default_factory=list)

    def at(self, part: float) -> dict[str, float]:
        """What was seen last of each process when `part` of the mail had been read."""
        found: dict[str, float] = {}
        for read, rss in self.seen:
            found |= rss
            if read >= part:
                break
        return found

    def peak(self) -> dict[str, float]:
        names = {name: None for _, rss in self.seen for name in rss}
        return {name: max(rss.get(name, 0) for _, rss in self.seen) for name in names}


async def import_run(stack: Stack, count: int, seed: int) -> dict[str, Any]:
    """Import `count` generated mails into a running stack, until every one of them has been read."""
    with tempfile.TemporaryDirectory(prefix="postroom-bench-import-") as folder:
        threads = await asyncio.to_thread(write_maildir, Path(folder), count, seed)
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(stack.processes()["mongodb"]["address"])
        ledger = client["postroom_ingest"]["ledger"]
        before = await ledger.estimated_document_count()
        output, memory = Path(folder) / "output", _Memory()
        began = time.monotonic()
        with output.open("wb") as out:
            importing = subprocess.Popen([POSTROOM, "import", folder], env=stack.environ, stdout=out, stderr=out)
        try:
            while importing.poll() is None:
                read = await ledger.estimated_document_count() - before
                memory.seen.append((read / count, _resident(stack.processes(), importing.pid)))
                await asyncio.sleep(_EVERY_S)
        finally:
            importing.kill()
            await client.close()
        seconds = time.monotonic() - began
        said = output.read_text()
    found = _COUNTS.search(said)
    assert importing.returncode == 0, said
    assert found, said
    accepted, new, appended, duplicate, aside = map(int, found.groups())
    return {
        "mails": count,
        "seconds": seconds,
        "mails_a_second": count / seconds,
        "reconciles": accepted == count == new + appended + duplicate + aside,
        "threads_right": (new, appended, duplicate, aside) == (threads, count - threads, 0, 0),
        "rss_mb": {f"{part:.0%}": memory.at(part) for part in _MARKS} | {"peak": memory.peak()},
    }


def write_maildir(folder: Path, count: int, seed: int) -> int:
    """Write generated mails as a Maildir, a thread's mails in their order; how many threads there are."""
    for name in ("cur", "new", "tmp"):
        (folder / "Maildir" / name).mkdir(parents=True)
    roots = 0
    for mail in generate(count, seed):
        (folder / "Maildir" / "cur" / f"{mail.index:08}.bench:2,S").write_bytes(mail.raw)
        roots += mail.parent is None
    return roots


def _resident(processes: Mapping[str, Mapping[str, Any]], importer: int) -> dict[str, float]:
    pids = {name: entry["pid"] for name, entry in processes.items()} | {IMPORTER: importer}
    found = {}
    for name, pid in pids.items():
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        if resident := _RSS.search(status):
            found[name] = int(resident[1]) / 1000
    return found


def import_table(run: Mapping[str, Any]) -> list[str]:
    """What the table says of a run."""
    marks = list(run["rss_mb"])
    counts = "counts reconcile" if run["reconciles"] else "COUNTS DO NOT RECONCILE"
    threads = "all on their threads" if run["threads_right"] else "NOT ALL ON THEIR THREADS"
    lines = [
        f"{'mails/s imported and read':<52}{run['mails_a_second']:>8.0f}   ({run['mails']} mails, {counts}, {threads})",
        f"{'  MB resident, when so much was read':<36}" + "".join(f"{mark:>10}" for mark in marks),
    ]
    for name in run["rss_mb"]["peak"]:
        values = "".join(f"{run['rss_mb'][mark].get(name, 0):>10.0f}" for mark in marks)
        lines.append(f"    {name:<32}{values}")
    return lines
