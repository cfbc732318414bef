"""Toys on real servers, each test in a namespace of its own."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from given import ServerUrls
from motor.motor_asyncio import AsyncIOMotorClient
from pydantic import SecretStr

from .toy import ToySettings

MakeSettings = Callable[..., ToySettings]


@pytest.fixture
async def make_settings(servers: ServerUrls, namespace: str) -> AsyncIterator[MakeSettings]:
    """Settings for this test's namespace; its databases go when it ends."""

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
    for name in await client.list_database_names():
        if name.startswith(f"{namespace}_"):
            await client.drop_database(name)
    client.close()
