"""Whole processes: killed in the middle, told to stop while they start, and ending where a part fails for good."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from given import ServerUrls
from kafka_log import read_topics

from postroom_contracts import headers
from postroom_plumbing.service import Service

from .conftest import MakeSettings
from .support import produce, until
from .toy import Toy, ToySettings, decision

pytestmark = pytest.mark.connected

TOY = Path(__file__).with_name("toy.py")
Start = Callable[..., "Process"]


class Process:
    """A toy in a process of its own."""

    def __init__(self, settings: ToySettings, output: Path, **environment: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        known = {
            f"POSTROOM_{name.upper()}": str(getattr(settings, name))
            for name in (
                *("kafka_url", "mongo_url", "redis_url", "namespace", "partitions", "batch_events"),
                *("toy_pause", "toy_once", "toy_trouble"),
            )
        }
        given = {**known, "POSTROOM_SECRET": settings.secret.get_secret_value(), "POSTROOM_HTTP_PORT": str(self.port)}
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("POSTROOM_", "OTEL_"))}
        self.output = output / f"{self.port}.out"
        with self.output.open("wb") as out:
            self.popen = subprocess.Popen(
                [sys.executable, TOY], env={**kept, **given, **environment}, stdout=out, stderr=out
            )

    async def status(self, path: str = "/health/ready") -> int:
        """The status of an answer, 0 while nothing answers."""
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=3) as client:
                return (await client.get(f"http://127.0.0.1:{self.port}{path}")).status_code
        except httpx.TransportError:
            return 0

    async def ready(self) -> None:
        await until(self.status, lambda status: status == 200, f"ready process (see {self.output})")

    async def ended(self, seconds: float = 15) -> int:
        return await asyncio.to_thread(self.popen.wait, seconds)

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        self.popen.send_signal(number)


@pytest.fixture
async def start(make_settings: MakeSettings, tmp_path: Path) -> AsyncIterator[Start]:
    started: list[Process] = []

    def start(environment: dict[str, str] | None = None, **settings: Any) -> Process:
        started.append(Process(make_settings(**settings), tmp_path, **(environment or {})))
        return started[-1]

    yield start
    for process in started:
        if process.popen.poll() is None:
            process.kill()
            await process.ended()


@pytest.fixture
async def eye(make_settings: MakeSettings) -> AsyncIterator[Toy]:
    """Sees what the processes keep, and does nothing itself."""
    toy = Toy(Service("toy", make_settings()))
    yield toy
    await toy.service.stop()


async def test_one_of_two_killed_in_the_middle_costs_nothing_and_repeats_nothing(
    servers: ServerUrls, namespace: str, start: Start, eye: Toy
) -> None:
    """And the other has its partitions and its outbox within some ten seconds, its open transactions included."""
    topic = f"{namespace}.routing"
    both = [start(toy_pause=0.3, batch_events=20), start(toy_pause=0.3, batch_events=20)]
    for process in both:
        await process.ready()
    await produce(servers.kafka_url, topic, [decision(f"t{n % 40}", n // 40 + 1) for n in range(240)])

    async def workers() -> set[int]:
        return set(await eye.effects.distinct("pid"))

    await until(workers, lambda pids: len(pids) == 2, "work by both")
    await asyncio.sleep(0.2)  # in the middle of a transaction
    both[0].kill()
    killed = time.monotonic()
    found = await until(eye.seen, lambda seen: len(seen) >= 240, "240 effects", 30)
    assert time.monotonic() - killed < 25
    assert Counter(found) == {(f"t{n % 40}", n // 40 + 1): 1 for n in range(240)}
    for ticket in {one for one, _ in found}:
        assert [number for one, number in found if one == ticket] == list(range(1, 7))

    async def pending() -> int:
        return int(await eye.service.database["outbox"].count_documents({"pending": True}))

    await until(pending, lambda count: count == 0, "empty outbox")
    answers = await read_topics(servers.kafka_url, [f"{namespace}.csat"])
    ids = {(one.key, one.headers[headers.SEQUENCE]): one.headers[headers.ID] for one in answers}
    assert len(ids) == 240
    assert len({one.headers[headers.ID] for one in answers}) == 240
    both[1].kill(signal.SIGTERM)
    await both[1].ended()


async def test_a_part_that_fails_for_good_ends_the_process(start: Start) -> None:
    process = start(toy_trouble="background")
    assert await process.ended() == 1
    assert "a part failed" in process.output.read_text()


@pytest.mark.parametrize("missing", ["mongo_url", "kafka_url"])
async def test_told_to_stop_while_it_waits_for_a_server_it_stops(start: Start, missing: str) -> None:
    url = {"mongo_url": "mongodb://127.0.0.1:1/?directConnection=true", "kafka_url": "127.0.0.1:1"}[missing]
    process = start(**{missing: url})
    await until(lambda: process.status("/health/live"), lambda status: status == 200, "sign of life")
    assert await process.status() == 503
    process.kill(signal.SIGTERM)
    assert await process.ended() in (0, -signal.SIGTERM)
    assert "did not stop cleanly" not in process.output.read_text()
