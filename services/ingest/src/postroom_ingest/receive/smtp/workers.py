"""More processes that take mail at the same ports. See docs/decisions/0010-smtp-workers.md.

The first process opens the sockets and gives them to the others, so a connection waits in one queue for whoever is
free, also while a worker is being started again. A worker's standard input is its lifeline: when it ends, the worker
stops. On standard output it says what it counted.
"""

import asyncio
import contextlib
import gc
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence

from pymongo.errors import PyMongoError
from redis.asyncio import Redis

from postroom_ingest.raw import RawStore
from postroom_ingest.receive.accept import Acceptor
from postroom_ingest.receive.smtp.server import STOP_SECONDS, SmtpServer
from postroom_ingest.receive.tally import KeptTally, Tally
from postroom_ingest.settings import SmtpSettings
from postroom_plumbing import telemetry
from postroom_plumbing.errors import described
from postroom_plumbing.mongo import connect, database
from postroom_plumbing.outbox import Outbox
from postroom_plumbing.sealing import Sealer
from postroom_plumbing.settings_view import SettingsView
from postroom_plumbing.unit import Units
from postroom_plumbing.wakeup import Wakeup

log = logging.getLogger(__name__)

ROLE = "receive-worker"
AGAIN_SECONDS = 1.0
REPORT_SECONDS = 1.0


class Workers:
    """The other processes: started, started again when they die, and stopped."""

    def __init__(self, count: int, server: SmtpServer, tally: Tally) -> None:
        """`count` of them share the sockets that `server` opens when it starts."""
        self._count = count
        self._server = server
        self._tally = tally
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._stopping = False

    async def start(self) -> None:
        """Start them all, and keep them."""
        self._keepers = [asyncio.create_task(self._keep(number)) for number in range(self._count)]

    async def _keep(self, number: int) -> None:
        while not self._stopping:
            try:
                process = await self._started()
            except OSError as error:  # no process or no file to be had just now
                log.error("a worker does not start, trying again", extra={"worker": number, **described(error)})
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            if self._stopping:
                _let_go(process)
            self._processes[number] = process
            await self._listen(process)
            code = await process.wait()
            del self._processes[number]
            if not self._stopping:
                log.error("a worker ended, starting another", extra={"worker": number, "code": code})
                await asyncio.sleep(AGAIN_SECONDS)

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        async for line in process.stdout:
            try:
                self._tally.add(json.loads(line))
            except (ValueError, KeyError) as error:
                log.error("a worker said something strange", extra=described(error))

    async def _started(self) -> asyncio.subprocess.Process:
        sockets = {protocol: one.fileno() for protocol, one in self._server.sockets.items()}
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "postroom_ingest",
            ROLE,
            *(f"{protocol}={number}" for protocol, number in sockets.items()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=tuple(sockets.values()),
            start_new_session=True,  # Ctrl-C is for the first process, which stops us in order
        )

    async def stop(self) -> None:
        """Let them finish the mails under way."""
        self._stopping = True
        for process in self._processes.values():
            _let_go(process)
        if self._keepers:
            await asyncio.wait(self._keepers, timeout=STOP_SECONDS + 1)
        for process in self._processes.values():
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        for keeper in self._keepers:
            keeper.cancel()


def _let_go(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()


def run_worker(settings: SmtpSettings, given: Sequence[str]) -> None:
    """Be a worker at the sockets `given` as `protocol=number`, until told to stop."""
    import uvloop

    telemetry.set_up("ingest-receive", settings.log_level)
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)  # as in every service
    pairs = (one.partition("=") for one in given)
    sockets = {protocol: socket.socket(fileno=int(number)) for protocol, _, number in pairs}
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_work(settings, sockets))


async def _work(settings: SmtpSettings, sockets: Mapping[str, socket.socket]) -> None:
    stopped = _told_to_stop()
    client = connect(settings)
    ours = database(client, settings, "ingest")
    redis = Redis.from_url(settings.redis_url, socket_connect_timeout=2, socket_timeout=None)
    units = Units(client, Outbox(ours, settings, "ingest"), Wakeup(redis, settings, "ingest", "outbox"))
    view = SettingsView(ours)
    tally = KeptTally()
    server = SmtpServer(Acceptor(units, RawStore(ours, Sealer(settings, "raw")), tally), view, settings, tally, sockets)
    await _first_settings(view)
    await server.start()
    log.info("worker started")
    duties = [asyncio.create_task(view.keep_fresh()), asyncio.create_task(_report(tally))]
    end = asyncio.create_task(stopped.wait())
    done, _ = await asyncio.wait([end, *duties], return_when=asyncio.FIRST_COMPLETED)
    await server.stop()
    _say(tally)
    for duty in (end, *duties):
        duty.cancel()
    await redis.aclose()
    client.close()
    for one in done:
        one.result()  # a duty ends only by failing


def _told_to_stop() -> asyncio.Event:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)

    def lifeline() -> None:
        if not os.read(sys.stdin.fileno(), 1024):
            loop.remove_reader(sys.stdin.fileno())
            stopped.set()

    loop.add_reader(sys.stdin.fileno(), lifeline)
    return stopped


async def _first_settings(view: SettingsView) -> None:
    while True:
        try:
            await view.refresh()
        except PyMongoError as error:
            log.warning("mongodb is not ready, trying again", extra={"error": type(error).__name__})
            await asyncio.sleep(AGAIN_SECONDS)
        else:
            return


async def _report(tally: KeptTally) -> None:
    while True:
        await asyncio.sleep(REPORT_SECONDS)
        _say(tally)


def _say(tally: KeptTally) -> None:
    counts = tally.take()
    if counts is not None:
        with contextlib.suppress(BrokenPipeError):  # nobody listens any more; the lifeline will say so
            os.write(sys.stdout.fileno(), json.dumps(counts).encode() + b"\n")
