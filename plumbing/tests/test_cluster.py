"""The Kafka cluster: its topics are made once, and another one at its address is noticed."""

import asyncio

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from given import ServerUrls

from postroom_contracts import Topic
from postroom_contracts.topics import DEAD_LETTER_SUFFIX
from postroom_plumbing import cluster as cluster_module
from postroom_plumbing.cluster import MAX_EVENT_BYTES, Cluster
from postroom_plumbing.errors import NewClusterError

from .conftest import MakeSettings

pytestmark = pytest.mark.connected


async def test_processes_that_start_at_once_make_the_topics_together(
    servers: ServerUrls, namespace: str, make_settings: MakeSettings
) -> None:
    clusters = [Cluster(make_settings(partitions=3)) for _ in range(4)]
    ids = await asyncio.gather(*(cluster.connect() for cluster in clusters))
    assert len(set(ids)) == 1
    for cluster in clusters:
        await cluster.close()
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.kafka_url)
    await admin.start()
    names = [f"{namespace}.{topic}" for topic in Topic]
    described = await admin.describe_topics([*names, *(name + DEAD_LETTER_SUFFIX for name in names)])
    partitions = {one["topic"]: len(one["partitions"]) for one in described}
    assert partitions == dict.fromkeys(names, 3) | {name + DEAD_LETTER_SUFFIX: 1 for name in names}
    (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, f"{namespace}.config")])
    config = {entry[0]: entry[1] for entry in answer.resources[0][4]}
    assert config["cleanup.policy"] == "compact"
    assert config["max.message.bytes"] == str(MAX_EVENT_BYTES)
    await admin.close()


async def test_another_cluster_at_the_same_address_is_noticed(
    make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_module, "WATCH_SECONDS", 0.05)
    cluster = Cluster(make_settings())
    known = await cluster.connect()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(cluster.watch(known), 0.5)
    with pytest.raises(NewClusterError):
        await cluster.watch("the one before")
    await cluster.close()


async def test_connecting_waits_for_kafka_and_can_be_given_up(make_settings: MakeSettings) -> None:
    cluster = Cluster(make_settings(kafka_url="127.0.0.1:1"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(cluster.connect(), 1)
    await cluster.close()
