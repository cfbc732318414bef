"""What the tests of ingest share."""

from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from given import ServerUrls
from pymongo.errors import PyMongoError

from .running import NOWHERE, Ingest, Talk, opened_ingest


@pytest.fixture(scope="module")
async def ingest(servers: ServerUrls) -> AsyncIterator[Ingest]:
    """One ingest for all tests of a file: they work on mails of their own."""
    ingest = await opened_ingest(servers)
    await ingest.prepare()
    yield ingest
    await ingest.close()


@pytest.fixture
async def fresh_ingest(servers: ServerUrls) -> AsyncIterator[Ingest]:
    """An ingest of the test's own."""
    ingest = await opened_ingest(servers)
    await ingest.prepare()
    yield ingest
    await ingest.close()


@pytest.fixture
async def lost_ingest(servers: ServerUrls) -> AsyncIterator[Ingest]:
    """An open door with no MongoDB behind it."""
    ingest = await opened_ingest(servers, mongo_url=f"mongodb://{NOWHERE}/?replicaSet=rs0")
    await ingest.open_door()
    yield ingest
    for step in ingest.service._finish:
        with suppress(PyMongoError):  # what has to be given back in the database is not
            await step()
    ingest.service.client.close()


@pytest.fixture
async def talk(ingest: Ingest) -> AsyncIterator[Talk]:
    """A client that has said hello."""
    talk = await Talk.open(ingest.port)
    yield talk
    await talk.close()
