"""What the desk's tests share."""

from collections.abc import AsyncIterator

import pytest
from given import ServerUrls

from .making import NOWHERE
from .running import Desk, opened_desk, prepared_desk


@pytest.fixture(scope="module")
async def desk(servers: ServerUrls) -> AsyncIterator[Desk]:
    """One desk for all tests of a file: they work on tickets of their own."""
    desk = await prepared_desk(servers)
    yield desk
    await desk.close()


@pytest.fixture
async def fresh_desk(servers: ServerUrls) -> AsyncIterator[Desk]:
    """A desk of the test's own."""
    desk = await prepared_desk(servers)
    yield desk
    await desk.close()


@pytest.fixture
async def lost_desk(servers: ServerUrls) -> AsyncIterator[Desk]:
    """A desk that reaches neither MongoDB nor Valkey."""
    urls = {"mongo_url": f"mongodb://{NOWHERE}/?replicaSet=rs0", "redis_url": f"redis://{NOWHERE}/0"}
    desk = await opened_desk(servers, **urls)
    yield desk
    await desk.service.redis.aclose()
    desk.service.client.close()
