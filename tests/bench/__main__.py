"""`make bench`: how fast mail goes through, on this machine with everything on it.

Prints a table and writes bench-results/<time>.json. POSTROOM_BENCH_MAILS (3000) and POSTROOM_BENCH_RUNS (3) change it.
"""

import asyncio
import json
import os
import platform
import statistics
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from stack import Stack

from bench.measure import latency_run, throughput_run

RESULTS = Path("bench-results")
WARM_UP = 600


async def main() -> None:
    """Warm up, measure, print, write."""
    count = int(os.environ.get("POSTROOM_BENCH_MAILS", "3000"))
    runs = int(os.environ.get("POSTROOM_BENCH_RUNS", "3"))
    with tempfile.TemporaryDirectory(prefix="postroom-bench-") as folder:
        stack = Stack(Path(folder) / "home", {})
        await stack.start()
        try:
            print(f"warming up with {WARM_UP} mails", flush=True)
            await throughput_run(stack, WARM_UP, seed=1)
            throughput = []
            for run in range(runs):
                throughput.append(await throughput_run(stack, count, seed=100 + run))
                print(f"run {run + 1}: {throughput[-1]['mails_a_second']:.0f} mails/s end to end", flush=True)
            rate = statistics.median(one["mails_a_second"] for one in throughput) / 2
            latency = await latency_run(stack, count // 2, seed=900, rate=rate)
        finally:
            await stack.stop()
    report = {"at": datetime.now(UTC).isoformat(), "machine": _machine(), "throughput": throughput, "latency": latency}
    print(_table(throughput, latency))
    print(f"written to {_write(report)}")


def _write(report: dict[str, Any]) -> Path:
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(report, indent=1))
    return path


def _machine() -> dict[str, Any]:
    return {"cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()}


def _median(runs: list[dict[str, Any]], name: str) -> float:
    return float(statistics.median(one[name] for one in runs))


def _table(runs: list[dict[str, Any]], latency: dict[str, Any]) -> str:
    low, high = min(r["mails_a_second"] for r in runs), max(r["mails_a_second"] for r in runs)
    lines = [
        "",
        (
            f"{'mails/s, SMTP to routed, clocked, acknowledged':<52}{_median(runs, 'mails_a_second'):>8.0f}"
            f"   (of {len(runs)} runs {low:.0f} to {high:.0f})"
        ),
        f"{'mails/s accepted over SMTP meanwhile':<52}{_median(runs, 'accepted_a_second'):>8.0f}",
        (
            f"{'replies on their thread':<52}{sum(r['replies_right'] for r in runs):>8} of "
            f"{sum(r['replies'] for r in runs)}"
        ),
        (
            f"{'ms from 250 to routed, p50, at ' + format(latency['rate'], '.0f') + ' mails/s':<52}"
            f"{latency['p50_ms']:>8.0f}"
        ),
        f"{'ms from 250 to routed, p99':<52}{latency['p99_ms']:>8.0f}",
        "",
        f"{'CPU seconds per 1,000 mails':<52}{'median':>8}",
    ]
    names = sorted(runs[0]["cpu_s_per_1000"], key=lambda n: -runs[0]["cpu_s_per_1000"][n])
    shares = {name: statistics.median(run["cpu_s_per_1000"][name] for run in runs) for name in names}
    lines += [f"  {name:<50}{share:>8.2f}" for name, share in shares.items()]
    total = statistics.median(sum(r["cpu_s_per_1000"].values()) for r in runs)
    busy = statistics.median(r["cores_busy"] for r in runs)
    lines += [
        f"  {'all of it':<50}{total:>8.2f}",
        "",
        f"what bounds it: {busy:.1f} of {os.cpu_count()} cores busy; the largest shares are {', '.join(names[:3])}",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    asyncio.run(main())
