"""Two running Postrooms for all end-to-end tests: one whose figures are counted, one that is sent everything.

They end with the last of these tests, so that the others have the machine for themselves.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from given import ServerUrls
from stack import Stack


@asynccontextmanager
async def _running(name: str, servers: ServerUrls, homes: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    home: Path = homes.mktemp("postroom")
    running = Stack(home, {**servers.environment(), "POSTROOM_NAMESPACE": f"{name}{os.getpid()}"})
    try:
        await running.start()
        yield running
    finally:
        await running.stop()


@pytest.fixture(scope="package")
async def stack(servers: ServerUrls, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """Postroom with the demo team, on the servers of this run."""
    async with _running("e2e", servers, tmp_path_factory) as running:
        yield running


@pytest.fixture(scope="package")
async def intake(servers: ServerUrls, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """Another one, for the tests of what comes in: their replies and merges are in nobody's figures."""
    async with _running("intake", servers, tmp_path_factory) as running:
        yield running
