"""`make bench`: how fast mail goes through, on this machine with everything on it.

Prints a table and writes bench-results/<time>.json. `make bench ARGS="--only reading --reading 5000"` measures a part.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import sys
import sysconfig
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from stack import Stack

from bench.importing import import_run, import_table
from bench.measure import end_to_end_table, latency_run, throughput_run
from bench.reading import reading_run, reading_table
from bench.smtp import smtp_runs, smtp_table

RESULTS = Path("bench-results")
WARM_UP = 600
Measured = tuple[Any, list[str]]
"""What goes into the JSON, and the lines of the table."""


async def _reading(options: argparse.Namespace) -> Measured:
    run = await asyncio.to_thread(reading_run, options.reading, 5)
    return run, reading_table(run)


async def _smtp(options: argparse.Namespace) -> Measured:
    runs = await smtp_runs(options.smtp)
    return runs, smtp_table(runs)


async def _end_to_end(options: argparse.Namespace) -> Measured:
    count = options.mails
    async with _stack() as stack:
        print(f"warming up with {WARM_UP} mails", flush=True)
        await throughput_run(stack, WARM_UP, seed=1)
        throughput = []
        for run in range(options.runs):
            throughput.append(await throughput_run(stack, count, seed=100 + run))
            print(f"run {run + 1}: {throughput[-1]['mails_a_second']:.0f} mails/s end to end", flush=True)
        rate = statistics.median(one["mails_a_second"] for one in throughput) / 2
        latency = await latency_run(stack, count // 2, seed=900, rate=rate)
    return {"throughput": throughput, "latency": latency}, end_to_end_table(throughput, latency)


async def _import(options: argparse.Namespace) -> Measured:
    async with _stack() as stack:
        run = await import_run(stack, options.imported, seed=77)
    return run, import_table(run)


PARTS: dict[str, Callable[[argparse.Namespace], Awaitable[Measured]]] = {
    "reading": _reading,
    "smtp": _smtp,
    "end-to-end": _end_to_end,
    "import": _import,
}


@asynccontextmanager
async def _stack() -> Any:
    """A whole Postroom of its own."""
    with tempfile.TemporaryDirectory(prefix="postroom-bench-") as folder:
        stack = Stack(Path(folder) / "home", {})
        await stack.start()
        try:
            yield stack
        finally:
            await stack.stop()


async def main(options: argparse.Namespace) -> None:
    """Measure, print, write."""
    machine = _machine()
    report: dict[str, Any] = {"at": datetime.now(UTC).isoformat(), "machine": machine}
    build = "with" if machine["profile_guided_build"] else "without"
    print(f"{machine['cores']} cores; Python {machine['python']} built {build} profile-guided optimisation", flush=True)
    for name in options.only or PARTS:
        print(f"== {name}", flush=True)
        report[name], lines = await PARTS[name](options)
        print("\n".join(lines), flush=True)
    print(f"\nwritten to {_write(report)}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="How fast mail goes through.")
    parser.add_argument("--only", action="append", choices=PARTS, help="measure this part; may be given again")
    parser.add_argument("--mails", type=int, default=3000, help="of each run end to end")
    parser.add_argument("--runs", type=int, default=3, help="end to end")
    parser.add_argument("--smtp", type=int, default=3000, help="mails of each run over SMTP alone")
    parser.add_argument("--reading", type=int, default=5000, help="mails read on one core")
    parser.add_argument("--imported", type=int, default=20_000, help="mails imported")
    return parser.parse_args()


def _write(report: dict[str, Any]) -> Path:
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(report, indent=1))
    return path


def _machine() -> dict[str, Any]:
    optimised = "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")
    return {
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "profile_guided_build": optimised,  # a Python without is a sixth slower at reading mail
    }


if __name__ == "__main__":
    asyncio.run(main(_options()))
