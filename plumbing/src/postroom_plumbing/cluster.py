"""The Kafka cluster: which one it is, and the topics it must have."""

import asyncio
import logging

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from postroom_contracts import Topic
from postroom_contracts.topics import DEAD_LETTER_SUFFIX
from postroom_plumbing.errors import NewClusterError
from postroom_plumbing.settings import ServiceSettings, physical_topic

log = logging.getLogger(__name__)

MAX_EVENT_BYTES = 4_000_000
WATCH_SECONDS = 2.0


class Cluster:
    """An administrator's connection to the Kafka cluster."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        self._admin = AIOKafkaAdminClient(
            bootstrap_servers=settings.kafka_url, request_timeout_ms=5_000, client_id="postroom-admin"
        )

    async def connect(self) -> str:
        """Wait until the cluster answers, make the topics, and return the cluster's id."""
        delay = 0.2
        while True:
            try:
                await self._admin.start()
                await self._ensure_topics()
                return await self.id()
            except (KafkaError, OSError) as error:
                log.warning("kafka is not ready, trying again", extra={"error": type(error).__name__})
                await asyncio.sleep(delay)
                delay = min(delay * 1.5, 2.0)

    async def id(self) -> str:
        """The id of the cluster that answers now; raises KafkaError or OSError when none does."""
        # describe_cluster asks for every topic there is, which in a cluster shared with others takes seconds
        description = await asyncio.wait_for(self._admin._get_cluster_metadata(topics=[]), 5)
        return str(description.cluster_id)

    async def _ensure_topics(self) -> None:
        names = {topic: physical_topic(self._settings.namespace, topic) for topic in Topic}
        existing = set(await self._admin.list_topics())
        wanted = [self._topic(name, compacted=topic.compacted) for topic, name in names.items() if name not in existing]
        dead = [name + DEAD_LETTER_SUFFIX for name in names.values()]
        wanted += [self._topic(name, compacted=False, partitions=1) for name in dead if name not in existing]
        if not wanted:
            return
        response = await self._admin.create_topics(wanted)
        for name, code, *_ in response.topic_errors:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:
                raise error(name)
        # A consumer that joins before a broker knows a topic would hear of it minutes later.
        for topic in await self._admin.describe_topics([topic.name for topic in wanted]):
            if topic["error_code"]:
                raise for_code(topic["error_code"])(topic["topic"])

    def _topic(self, name: str, *, compacted: bool, partitions: int | None = None) -> NewTopic:
        config = {"max.message.bytes": str(MAX_EVENT_BYTES)}
        if compacted:
            config["cleanup.policy"] = "compact"
        return NewTopic(
            name,
            num_partitions=partitions or self._settings.partitions,
            replication_factor=self._settings.replication,
            topic_configs=config,
        )

    async def watch(self, known: str) -> None:
        """Return never, unless another cluster answers at this address.

        Raises:
            NewClusterError: positions and the outbox belong to cluster `known`; the process must start again.
        """
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            try:
                current = await self.id()
            except (KafkaError, OSError, TimeoutError):
                continue
            if current != known:
                raise NewClusterError(f"kafka is now cluster {current}, was {known}")

    async def close(self) -> None:
        await self._admin.close()
