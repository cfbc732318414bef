"""Several processes at one port, as real processes."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from given import ServerUrls

from ..making import mail
from ..running import Talk
from .processes import ReceiveProcess, until

pytestmark = [pytest.mark.connected, pytest.mark.timeout(120)]
WORKERS = 3


@pytest.fixture
async def receive(servers: ServerUrls, namespace: str, tmp_path: Path) -> AsyncIterator[ReceiveProcess]:
    process = ReceiveProcess(servers, namespace, tmp_path, smtp_workers=WORKERS)
    await process.start()
    await until(lambda: started(process), "workers")
    yield process
    await process.close()


async def started(receive: ReceiveProcess) -> bool:
    """Whether all workers that run have opened the door."""
    log = await asyncio.to_thread(receive.log.read_text)
    return log.count('"worker started"') >= WORKERS - 1 and len(receive.workers()) == WORKERS - 1


async def gone(pids: list[int]) -> bool:
    return not any([await asyncio.to_thread(Path(f"/proc/{pid}").exists) for pid in pids])


async def test_all_of_them_take_mail_and_one_counts_it(receive: ReceiveProcess) -> None:
    talks = [await Talk.open(receive.port) for _ in range(24)]
    while len([count for count in holding(receive) if count]) < 2:  # whoever is quickest takes all: soon it is another
        talks.append(await Talk.open(receive.port))
    assert sum(holding(receive)) == len(talks)
    answers = await asyncio.gather(*(talk.deliver(mail(f"{n}@x")) for n, talk in enumerate(talks)))
    assert all(answer.startswith("250 2.0.0 ") for answer in answers)
    assert await receive.mails() == len(talks)

    async def counted() -> bool:
        return await receive.accepted() == len(talks)

    await until(counted, "full count", 10)
    for talk in talks:
        await talk.close()


def holding(receive: ReceiveProcess) -> list[int]:
    """How many connections each process has accepted."""
    return [fds(pid, receive.port) for pid in (receive.pid, *receive.workers())]


def fds(pid: int, port: int) -> int:
    """How many connections to this port a process has accepted."""
    table = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ours = {f"socket:[{row[9]}]" for row in table if row[1].endswith(f":{port:04X}") and row[3] == "01"}
    links = (str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").iterdir() if fd.is_symlink())
    return sum(link in ours for link in links)


async def test_a_dead_worker_is_replaced_and_costs_nobody_a_mail(receive: ReceiveProcess) -> None:
    before = receive.workers()
    for pid in before:
        os.kill(pid, signal.SIGKILL)

    async def replaced() -> bool:
        now = receive.workers()
        return len(now) == WORKERS - 1 and not set(now) & set(before)

    for n in range(20):  # meanwhile
        talk = await Talk.open(receive.port)
        assert (await talk.deliver(mail(f"{n}@meanwhile"))).startswith("250 ")
        await talk.close()
    await until(replaced, "other workers")
    assert await receive.mails() == 20


async def test_a_stop_stops_all_of_them_and_answers_mails_under_way(receive: ReceiveProcess) -> None:
    talks = [await Talk.open(receive.port) for _ in range(12)]
    for talk in talks:
        await talk.begin()
    workers = receive.workers()
    ending = asyncio.create_task(receive.terminate())

    async def closed() -> bool:
        return not await receive.is_open()

    await until(closed, "closed door")
    for talk in talks:
        await talk.send(mail("late@x") + b".\r\n")
    answers = [await talk.answer() for talk in talks]
    assert all(answer.startswith("250 2.0.0 ") for answer in answers)
    assert await ending in (0, -signal.SIGTERM)
    assert await gone(workers)
    assert await receive.mails() == 12


async def test_workers_end_when_the_first_process_is_killed(receive: ReceiveProcess) -> None:
    workers = receive.workers()
    await receive.kill()
    await until(lambda: gone(workers), "end of the workers", 15)
    assert not await receive.is_open()
    await receive.start()
