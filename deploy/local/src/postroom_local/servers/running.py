"""A started server, and waiting until it answers."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from postroom_local.child import Child, ended
from postroom_local.errors import StackError
from postroom_local.home import Home
from postroom_local.ports import require_free

_PORT_PATIENCE_S = 10.0  # a mongod killed a moment ago holds its port until its memory is given back
_POLL_S = 0.05


@dataclass(frozen=True)
class RunningServer:
    """A server at `url`, in the process of `child`; `label` says which program it is."""

    name: str
    label: str
    url: str
    child: Child


async def start_server(
    home: Home, server: RunningServer, port: int, answers: Callable[[], Awaitable[bool]], seconds: float
) -> RunningServer:
    """Start `server` on its remembered `port` and return it once it `answers`.

    Raises StackError, with the process gone, when it ends or does not answer within `seconds`.
    """
    await asyncio.to_thread(require_free, port, home.port_advice(server.name), _PORT_PATIENCE_S)
    await server.child.start()
    try:
        await _wait(server, answers, seconds)
    except BaseException:
        await server.child.stop()
        raise
    return server


async def _wait(server: RunningServer, answers: Callable[[], Awaitable[bool]], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not await answers():
        process = server.child.process
        if process is not None and process.returncode is not None:
            how = ended(process.returncode)
            raise StackError(f"{server.label} does not start ({how}), see {server.child.log}")
        if time.monotonic() >= deadline:
            raise StackError(f"{server.label} does not answer after {seconds:.0f} s, see {server.child.log}")
        await asyncio.sleep(_POLL_S)


def server_child(home: Home, name: str, command: Callable[[], list[str]]) -> Child:
    """The process of server `name`, logging into `home`."""
    return Child(name, command, os.environ, home.logs / f"{name}.log")
