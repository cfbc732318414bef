"""The real servers, started once per run; every test gets a namespace of its own on them."""

import itertools
import os
from collections.abc import AsyncIterator

import pytest
from containers import docker_answers, start_containers
from given import ServerUrls

from postroom_local.home import Home
from postroom_local.servers import start_servers

_counter = itertools.count(1)


@pytest.fixture(scope="session")
async def servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServerUrls]:
    """MongoDB, Valkey and Kafka.

    Those given by POSTROOM_KAFKA_URL, POSTROOM_MONGO_URL and POSTROOM_REDIS_URL are used as they are. Else containers
    where Docker answers, else processes of this machine.
    """
    given = ServerUrls.from_environment(os.environ)
    if given is not None:
        yield given
        return
    if docker_answers():
        with start_containers() as urls:
            yield urls
        return
    started = await start_servers(Home(tmp_path_factory.mktemp("servers")), os.environ, print)
    try:
        yield ServerUrls(started.kafka_url, started.mongo_url, started.redis_url)
    finally:
        await started.stop()


@pytest.fixture
def namespace() -> str:
    """A namespace no other test of this or another run uses."""
    return f"t{os.getpid()}-{next(_counter)}"
