"""`postroom up`: the servers, the services, and then nothing but keeping them running."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence

import httpx

from postroom_local.child import Child
from postroom_local.environment import assign_ports, environment
from postroom_local.home import Home, Secrets
from postroom_local.ports import LOCALHOST, require_free
from postroom_local.processes import PROCESSES, Process
from postroom_local.progress import Progress
from postroom_local.runfile import Entry, Run, forget_run, was_killed, write_run
from postroom_local.servers import Servers, start_servers
from postroom_local.settings import PORT_FIELDS, StackSettings, read_settings, variable
from postroom_local.supervisor import Kept, Supervisor, wait_until_ready

_READY_S = 120.0
_MAILBOXES_S = 15.0
_AFTER_KILL_S = 10.0  # the killed supervisor's children are gone by then


def up() -> None:
    """Run all of Postroom on this machine until Ctrl-C; the data stays for the next start."""
    asyncio.run(run(PROCESSES))


async def run(processes: Sequence[Process]) -> None:
    """Run the servers and `processes` until SIGINT or SIGTERM.

    Raises StackError, with everything stopped again, when they do not come up.
    """
    settings = read_settings(StackSettings, os.environ)
    home = Home(settings.home)
    home.make()
    with home.locked():
        progress = Progress()
        supervisor = Supervisor(
            progress.say,
            lambda entries, ready: write_run(home, Run(pid=os.getpid(), ready=ready, entries=list(entries))),
        )
        stopped = _stop_on_signals(supervisor)
        starting = asyncio.create_task(_start(settings, home, processes, supervisor, progress))
        stop = asyncio.create_task(stopped.wait())
        try:
            await asyncio.wait((starting, stop), return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                await stop
            progress.say("stopping")
        finally:
            starting.cancel()
            stop.cancel()
            await asyncio.gather(starting, stop, return_exceptions=True)
            await supervisor.stop()
            forget_run(home)


def _stop_on_signals(supervisor: Supervisor) -> asyncio.Event:
    """An event that the first signal sets; the second one kills what is still there."""
    stopped = asyncio.Event()

    def asked() -> None:
        if stopped.is_set():
            supervisor.kill()
        stopped.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, asked)
    return stopped


def _check_ports(settings: StackSettings, patience: float) -> None:
    for field in PORT_FIELDS:
        if (port := getattr(settings, field)) is not None:
            require_free(port, f"free it or set {variable(field)} to another", patience)


async def _start(
    settings: StackSettings,
    home: Home,
    processes: Sequence[Process],
    supervisor: Supervisor,
    progress: Progress,
) -> None:
    began = time.monotonic()
    patience = _AFTER_KILL_S if was_killed(home) else 0.0
    forget_run(home)
    await asyncio.to_thread(_check_ports, settings, patience)
    secrets = home.secrets(settings.model_dump(include={*Secrets.model_fields}))
    with progress.step("starting MongoDB, Valkey and Kafka"):
        servers = await start_servers(home, os.environ, progress.say)
        _keep_servers(servers, supervisor)
    with progress.step("starting the services"):
        kept = await _start_services(settings, home, secrets, servers, processes, supervisor)
        await wait_until_ready(kept, _READY_S, progress.ready)
        await _wait_for_mailboxes(kept, secrets)
        supervisor.everything_is_up()
    doors = {one.entry.name: one.entry.address for one in kept}.get("ingest-receive", "")
    _welcome(settings, home, secrets, servers, doors, progress.say, time.monotonic() - began)


async def _wait_for_mailboxes(kept: Sequence[Kept], secrets: Secrets) -> None:
    """The demo's mailboxes travel from desk to ingest as events; mail is refused until they are there."""
    doors = [one.entry.address for one in kept if one.entry.name == "ingest-receive"]
    headers = {"Authorization": f"Bearer {secrets.internal_token}"}
    async with httpx.AsyncClient(timeout=5, trust_env=False, headers=headers) as client:
        for door in doors:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_MAILBOXES_S):
                    while not (await client.get(f"{door}/v1/mailboxes")).json():  # noqa: ASYNC110 - another process
                        await asyncio.sleep(0.2)


def _keep_servers(servers: Servers, supervisor: Supervisor) -> None:
    urls = {"mongodb": servers.mongo_url, "valkey": servers.redis_url, "kafka": servers.kafka_url}
    started = {server.name: server for server in servers.running}
    for name, url in urls.items():
        entry = Entry(name=name, kind="server", address=url)
        if name in started:
            supervisor.keep(started[name].child, entry)
        else:
            supervisor.mention(entry)


async def _start_services(
    settings: StackSettings,
    home: Home,
    secrets: Secrets,
    servers: Servers,
    processes: Sequence[Process],
    supervisor: Supervisor,
) -> list[Kept]:
    http_ports = assign_ports(settings, home, processes)
    kept = []
    for process in processes:
        if process.port_field is None or getattr(settings, process.port_field) is None:
            require_free(http_ports[process.name], home.port_advice(process.name))
        environ = environment(process, os.environ, settings, secrets, servers, http_ports)
        child = python_child(process, environ, home)
        await child.start()
        address = f"http://{LOCALHOST}:{http_ports[process.name]}"
        kept.append(supervisor.keep(child, Entry(name=process.name, kind="service", address=address)))
    return kept


def python_child(process: Process, environ: Mapping[str, str], home: Home) -> Child:
    """`process` run by this Python, logging into `home`."""
    command = (sys.executable, *process.arguments)
    return Child(process.name, lambda: command, environ, home.logs / f"{process.name}.log")


def _welcome(
    settings: StackSettings,
    home: Home,
    secrets: Secrets,
    servers: Servers,
    doors: str,
    say: Callable[[str], None],
    seconds: float,
) -> None:
    labels = {server.name: server.label for server in servers.running}
    say(f"""
Postroom is ready ({seconds:.0f} s).
  agents' site and API   http://localhost:{settings.desk_port}
  customers' site        http://localhost:{settings.portal_port}
  mail in (SMTP)         localhost:{settings.smtp_port}, for example to support@example.com
  contacts in (HTTP)     {doors}/doors/…, one for each setting of kind door
  mail that went out     http://localhost:{settings.catcher_http_port}
  events (Kafka)         {servers.kafka_url} ({labels.get("kafka", "yours")})
  first admin            {settings.admin_email}, password {secrets.admin_password}
  data and logs          {home.path}
Ctrl-C stops it; the data stays.""")
