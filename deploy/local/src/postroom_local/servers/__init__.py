"""The real servers on one machine: MongoDB, Valkey and Kafka."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from postroom_local.home import Home
from postroom_local.servers import kafka, mongod, valkey
from postroom_local.servers.running import RunningServer
from postroom_local.settings import ServerSettings, read_settings

__all__ = ["RunningServer", "Servers", "start_servers"]


@dataclass(frozen=True)
class Servers:
    """Addresses of the three servers, and those processes that were started here."""

    kafka_url: str
    mongo_url: str
    redis_url: str
    running: tuple[RunningServer, ...]

    def named(self, name: str) -> RunningServer:
        """The server `mongodb`, `valkey` or `kafka` that was started here."""
        return {server.name: server for server in self.running}[name]

    async def stop(self) -> None:
        """Stop what was started here."""
        await asyncio.gather(*(server.child.stop() for server in self.running))


async def start_servers(home: Home, environ: Mapping[str, str], say: Callable[[str], None] = print) -> Servers:
    """Start the servers that `environ` gives no URL for, side by side, with data and logs in `home`.

    Returns once all of them answer. Raises StackError with nothing left running. `say` gets one line for each
    thing a person may have to wait for.
    """
    settings = read_settings(ServerSettings, environ)
    home.make()
    urls = {"kafka": settings.kafka_url, "mongodb": settings.mongo_url, "valkey": settings.redis_url}
    starting = [
        asyncio.create_task(start)
        for start in (
            mongod.start(home) if settings.mongo_url is None else None,
            valkey.start(home) if settings.redis_url is None else None,
            kafka.start(home, settings.kafka, say) if settings.kafka_url is None else None,
        )
        if start is not None
    ]
    try:
        running = tuple(await asyncio.gather(*starting))
    except BaseException:
        await _undo(starting)
        raise
    found = {server.name: server.url for server in running}
    return Servers(
        kafka_url=urls["kafka"] or found["kafka"],
        mongo_url=urls["mongodb"] or found["mongodb"],
        redis_url=urls["valkey"] or found["valkey"],
        running=running,
    )


async def _undo(starting: list[asyncio.Task[RunningServer]]) -> None:
    for task in starting:
        task.cancel()
    for result in await asyncio.gather(*starting, return_exceptions=True):
        if isinstance(result, RunningServer):
            await result.child.stop()
