"""Toys on real servers, each test in a namespace of its own."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from given import ServerUrls
from motor.motor_asyncio import AsyncIOMotorClient
from pydantic import SecretStr

from .toy import ToySettings

MakeSettings = Callable[..., ToySettings]


@pytest.fixture
async def make_settings(servers: ServerUrls, namespace: str) -> AsyncIterator[MakeSettings]:
    """Settings for this test's namespace; its databases and topics go when it ends."""

    def make(**other: Any) -> ToySettings:
        given: dict[str, Any] = {
            "kafka_url": servers.kafka_url,
            "mongo_url": servers.mongo_url,
            "redis_url": servers.redis_url,
            "namespace": namespace,
            "http_port": 1,
            "partitions": 2,
            "secret": SecretStr("a secret of sixteen or more"),
        }
        return ToySettings(**{**given, **other})

    yield make
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(servers.mongo_url)
    await _end_orphans(client)
    for name in await client.list_database_names():
        if name.startswith(f"{namespace}_"):
            await client.drop_database(name)
    client.close()
    await _delete_topics(servers.kafka_url, namespace)


async def _delete_topics(kafka_url: str, namespace: str) -> None:
    """Kafka grows slow with thousands of topics."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_url)
    await admin.start()
    try:
        names = [name for name in await admin.list_topics() if name.startswith(f"{namespace}.")]
        if names:
            await admin.delete_topics(names)
    finally:
        await admin.close()


async def _end_orphans(client: AsyncIOMotorClient[dict[str, Any]]) -> None:
    """End the transactions of processes that were killed: MongoDB keeps them and their locks a minute or more."""
    connected = _connected_ports()
    pipeline: list[dict[str, Any]] = [
        {"$currentOp": {"allUsers": True, "idleSessions": True}},
        {"$match": {"desc": "inactive transaction", "appName": "postroom", "client": {"$regex": "^127[.]0[.]0[.]1:"}}},
    ]
    async for one in client.admin.aggregate(pipeline):
        if int(one["client"].rpartition(":")[2]) not in connected:
            await client.admin.command("killSessions", [{"id": one["lsid"]["id"]}])


def _connected_ports() -> set[int]:
    """The ports of this machine at which a connection begins or ends."""
    sockets = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {int(local.rpartition(":")[2], 16) for _, local, _, state, *_ in sockets if state == "01"}
