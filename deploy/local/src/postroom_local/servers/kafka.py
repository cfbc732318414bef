"""Which Kafka: Apache's own where Java can run it, else the Tansu broker, said aloud."""

import logging
from collections.abc import Callable
from typing import Literal

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from postroom_local.home import Home
from postroom_local.servers import apache_kafka, tansu
from postroom_local.servers.running import RunningServer, start_server

_START_S = 60.0


async def start(home: Home, wanted: Literal["apache", "tansu"] | None, say: Callable[[str], None]) -> RunningServer:
    """Start a Kafka broker for `home`: the `wanted` one, or the best this machine has.

    Raises StackError when the wanted one cannot run here.
    """
    port = home.port("kafka")
    server = None
    if wanted != "tansu":
        try:
            server = await apache_kafka.prepare(home, port, say)
        except apache_kafka.UnavailableError as reason:
            if wanted == "apache":
                raise
            say(f"NOTE: Apache Kafka cannot run here ({reason}).")
            say("NOTE: Tansu stands in: it keeps events in memory, and Postroom publishes them again.")
    if server is None:
        server = tansu.prepare(home, port)

    async def ready() -> bool:
        return await answers(server.url)

    return await start_server(home, server, port, ready, _START_S)


async def answers(url: str) -> bool:
    """Whether a broker at `url` (`host:port,...`) answers and counts itself in."""
    # While a broker starts, each refused connection would be a line of warning.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    client = AIOKafkaClient(bootstrap_servers=url, request_timeout_ms=5000)
    try:
        await client.bootstrap()
        return bool(client.cluster.brokers())
    except (KafkaError, OSError):
        return False
    finally:
        await client.close()
