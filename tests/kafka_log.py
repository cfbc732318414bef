"""Everything that lies on some Kafka topics."""

from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition


@dataclass(frozen=True, slots=True)
class LoggedRecord:
    """A record with its headers as text."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes
    headers: dict[str, str]


async def read_topics(kafka_url: str, topics: list[str]) -> list[LoggedRecord]:
    """All records of `topics` up to where they end now."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka_url, max_partition_fetch_bytes=4_000_000, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        partitions = []
        for topic in topics:
            numbers = await topic_partitions(consumer, topic)
            partitions += [TopicPartition(topic, number) for number in numbers]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        records: list[LoggedRecord] = []
        waiting = {partition for partition in partitions if ends[partition] > 0}
        while waiting:
            for partition, batch in (await consumer.getmany(*waiting, timeout_ms=1000)).items():
                records += [
                    LoggedRecord(
                        one.topic,
                        one.partition,
                        one.offset,
                        (one.key or b"").decode(),
                        one.value or b"",
                        {name: value.decode() for name, value in one.headers},
                    )
                    for one in batch
                    if one.offset < ends[partition]
                ]
            waiting = {partition for partition in waiting if await consumer.position(partition) < ends[partition]}
        return records
    finally:
        await consumer.stop()


async def topic_partitions(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    """The partitions of a topic, also of one that the client has not heard of yet."""
    await consumer._client._wait_on_metadata(topic)
    numbers = consumer.partitions_for_topic(topic)
    assert numbers, f"no topic {topic}"
    return set(numbers)
