"""The real servers: they answer, and after SIGKILL they come back with their data at their address."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.structs import TopicPartition
from pymongo import AsyncMongoClient

from postroom_local.errors import StackError
from postroom_local.home import Home
from postroom_local.servers import Servers, kafka, mongod, start_servers, valkey
from postroom_local.servers.apache_kafka import UnavailableError

pytestmark = pytest.mark.connected
JAVA = pytest.mark.skipif(shutil.which("java") is None, reason="Apache Kafka needs Java")


def environ(**given: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("POSTROOM_")} | given


def silent(_: str) -> None:
    """Nobody reads what a test's servers say."""


@pytest.fixture(scope="module")
async def servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Servers]:
    servers = await start_servers(Home(tmp_path_factory.mktemp("servers")), environ(), silent)
    yield servers
    await servers.stop()


async def kill_and_start_again(servers: Servers, name: str, answers: Callable[[str], Awaitable[bool]]) -> None:
    server = servers.named(name)
    server.child.signal(signal.SIGKILL)
    assert await server.child.wait() == -signal.SIGKILL
    assert not await answers(server.url)
    await server.child.start()
    async with asyncio.timeout(45):
        while not await answers(server.url):  # noqa: ASYNC110 - another process decides
            await asyncio.sleep(0.05)


async def test_all_answer_where_they_say(servers: Servers) -> None:
    assert await kafka.answers(servers.kafka_url)
    assert await mongod.answers(servers.mongo_url)
    assert await valkey.answers(servers.redis_url)


async def test_mongodb_keeps_a_committed_transaction(servers: Servers) -> None:
    client: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(servers.mongo_url)
    async with client, client.start_session() as session, await session.start_transaction():
        await client.test.things.insert_one({"_id": "kept"}, session=session)

    await kill_and_start_again(servers, "mongodb", mongod.answers)

    async with AsyncMongoClient[dict[str, object]](servers.mongo_url) as client:
        assert await client.test.things.find_one({"_id": "kept"}) == {"_id": "kept"}


@JAVA
async def test_kafka_keeps_what_it_acknowledged(servers: Servers) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.kafka_url)
    await admin.start()
    await admin.create_topics([NewTopic("kept", 1, 1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=servers.kafka_url, enable_idempotence=True) as producer:
        await producer.send_and_wait("kept", b"event")

    await kill_and_start_again(servers, "kafka", kafka.answers)

    async with AIOKafkaConsumer(bootstrap_servers=servers.kafka_url) as consumer:
        partition = TopicPartition("kept", 0)
        consumer.assign([partition])
        consumer.seek(partition, 0)
        assert (await consumer.getone()).value == b"event"


async def test_tansu_is_a_new_cluster_at_each_start(tmp_path: Path) -> None:
    given = environ(POSTROOM_KAFKA="tansu", POSTROOM_MONGO_URL="mongodb://m", POSTROOM_REDIS_URL="redis://r")
    clusters = set()
    urls = set()
    for _ in range(2):
        servers = await start_servers(Home(tmp_path), given, silent)
        admin = AIOKafkaAdminClient(bootstrap_servers=servers.kafka_url)
        await admin.start()
        clusters.add((await admin.describe_cluster())["cluster_id"])
        urls.add(servers.kafka_url)
        await admin.close()
        await servers.stop()

    assert len(clusters) == 2
    assert len(urls) == 1


async def test_without_java_tansu_is_announced(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.make()
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(tmp_path))
        with pytest.raises(UnavailableError, match="no java on PATH"):
            await kafka.start(home, "apache", said.append)
        server = await kafka.start(home, None, said.append)
    await server.child.stop()

    assert server.label == "Tansu"
    assert "no java on PATH" in said[0]
    assert "Tansu stands in" in said[1]


async def test_a_server_that_cannot_start_says_why_and_takes_the_others_down(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.make()
    (home.path / "mongodb").write_text("in the way")

    with pytest.raises(OSError, match="mongodb"):
        await start_servers(home, environ(POSTROOM_KAFKA_URL="k:1"), silent)

    assert not await valkey.answers(f"redis://127.0.0.1:{home.port('valkey')}/0")


async def test_a_mongod_that_cannot_start_names_its_log(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.make()
    (home.folder("mongodb") / "storage.bson").write_text("{}")

    with pytest.raises(StackError, match=r"MongoDB does not start .exit code [0-9]+., see .*mongodb\.log"):
        await mongod.start(home)
