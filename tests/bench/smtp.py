"""How fast the SMTP door takes mail, by the number of its processes: MongoDB and Valkey are real, nothing else runs.

`PYTHONPATH=tests python -m bench.smtp` prints the table alone.
"""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mailgen import generate
from pymongo import AsyncMongoClient
from smtp_load import send_all
from stack import free_ports, until

from postroom_local.home import Home
from postroom_local.servers import start_servers

TICKS = os.sysconf("SC_CLK_TCK")
NOWHERE = "127.0.0.1:9"
"""Instead of Kafka: the door takes mail without it, and publishing would be measured too."""
NAMESPACE = "bench-smtp"
RUNS = ((1, 4), (1, 16), (2, 16), (4, 16))
"""Processes, and connections to them."""


async def smtp_runs(count: int = 3000) -> list[dict[str, Any]]:
    """Send `count` mails for each of RUNS, after a warm-up; what was measured, in that order."""
    with tempfile.TemporaryDirectory(prefix="postroom-bench-smtp-") as folder:
        servers = await start_servers(Home(Path(folder) / "home"), {"POSTROOM_KAFKA_URL": NOWHERE})
        try:
            await _make_settings(servers.mongo_url)
            urls = {"MONGO_URL": servers.mongo_url, "REDIS_URL": servers.redis_url, "KAFKA_URL": NOWHERE}
            return [await _run(Path(folder), urls, *run, count) for run in RUNS]
        finally:
            await servers.stop()


def smtp_table(runs: list[dict[str, Any]]) -> list[str]:
    """Lines of a table."""
    lines = [f"{'SMTP alone: processes, connections':<40}{'mails/s':>10}{'CPU ms a mail':>16}"]
    for run in runs:
        name = f"  {run['processes']}, {run['connections']}"
        lines.append(f"{name:<40}{run['mails_a_second']:>10.0f}{run['cpu_ms_a_mail']:>16.2f}")
    return lines


async def _make_settings(mongo_url: str) -> None:
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(mongo_url)
    values = {
        "mailbox": ("support", {"address": "support@example.com", "name": "Support"}),
        "queue": ("general", {"name": "General"}),
    }
    documents = [{"_id": f"{kind}/{name}", "kind": kind, "id": name, "value": v} for kind, (name, v) in values.items()]
    await client[f"{NAMESPACE}_ingest"]["settings"].insert_many(documents)
    await client.close()


async def _run(folder: Path, urls: Mapping[str, str], processes: int, connections: int, count: int) -> dict[str, Any]:
    log = folder / f"{processes}-{connections}.log"
    with _receive(urls, processes, log) as (process, port):

        async def state() -> int:
            with socket.socket() as probe:
                is_open = probe.connect_ex(("127.0.0.1", port)) == 0
            return is_open + log.read_text().count('"worker started"')

        await until(state, lambda started: started == processes, "open door")
        await _send(port, count // 5, connections, seed=1)
        before = _cpu_seconds(process.pid)
        seconds = await _send(port, count, connections, seed=2)
        used = _cpu_seconds(process.pid) - before
    return {
        "processes": processes,
        "connections": connections,
        "mails": count,
        "mails_a_second": count / seconds,
        "cpu_ms_a_mail": used * 1000 / count,
    }


@contextmanager
def _receive(urls: Mapping[str, str], processes: int, log: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    http_port, port = free_ports(2)
    given = {
        **urls,
        "NAMESPACE": NAMESPACE,
        "HTTP_PORT": http_port,
        "SMTP_PORT": port,
        "SMTP_WORKERS": processes,
        "SECRET": "0123456789abcdef",
        "INTERNAL_TOKEN": "0123456789abcdef",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("POSTROOM_")}
    environ = kept | {f"POSTROOM_{name}": str(value) for name, value in given.items()}
    with log.open("wb") as out:
        command = [sys.executable, "-m", "postroom_ingest", "receive"]
        process = subprocess.Popen(command, env=environ, stdout=out, stderr=out)
    try:
        yield process, port
    finally:
        process.terminate()
        process.wait(30)


async def _send(port: int, count: int, connections: int, seed: int) -> float:
    """Seconds until all were accepted."""
    mails = list(generate(count, seed))
    started = time.monotonic()
    results = await send_all(mails, "127.0.0.1", port, connections, ordered=False)
    seconds = time.monotonic() - started
    assert all(result.code == 250 for result in results)
    return seconds


def _cpu_seconds(pid: int) -> float:
    """CPU time of a process and of those it has started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    used = 0
    for one in (str(pid), *children):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        used += int(fields[11]) + int(fields[12])
    return used / TICKS


if __name__ == "__main__":
    print("\n".join(smtp_table(asyncio.run(smtp_runs()))))
