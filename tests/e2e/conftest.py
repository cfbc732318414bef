"""One running Postroom for all end-to-end tests."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from given import ServerUrls
from stack import Stack


@pytest.fixture(scope="session")
async def stack(servers: ServerUrls, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """Postroom with the demo team, on the servers of this run."""
    home: Path = tmp_path_factory.mktemp("postroom")
    running = Stack(home, {**servers.environment(), "POSTROOM_NAMESPACE": f"e2e{os.getpid()}"})
    try:
        await running.start()
        yield running
    finally:
        await running.stop()
