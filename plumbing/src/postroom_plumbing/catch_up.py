"""Reading the settings before anything else: a service that met tickets first would decide about them without rules."""

import asyncio
import logging

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from postroom_contracts import Topic
from postroom_contracts.config import SettingChanged
from postroom_plumbing.cluster import MAX_EVENT_BYTES
from postroom_plumbing.errors import PermanentError
from postroom_plumbing.settings import ServiceSettings, physical_topic
from postroom_plumbing.settings_view import SettingsView
from postroom_plumbing.unit import Units
from postroom_plumbing.wire import decode

log = logging.getLogger(__name__)

AGAIN_SECONDS = 0.5


async def catch_up(settings: ServiceSettings, view: SettingsView, units: Units) -> None:
    """Read the config topic to its end into the projection; where desk has stated no queue yet, wait until it has."""
    came_late = False
    while True:
        try:
            events = await _settings_stated(settings)
        except (KafkaError, OSError) as error:
            log.warning("settings not read, trying again", extra={"error": type(error).__name__})
            events = []
        if events:
            await units.run(lambda unit, events=events: view.apply(events, unit))  # type: ignore[misc]
        await view.refresh()
        if view.current.queue and not came_late:
            return
        came_late = not view.current.queue  # when they come at last, look once more: they come in several partitions
        await asyncio.sleep(AGAIN_SECONDS)


async def _settings_stated(settings: ServiceSettings) -> list[SettingChanged]:
    topic = physical_topic(settings.namespace, Topic.CONFIG)
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=settings.kafka_url,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=MAX_EVENT_BYTES,
    )
    await consumer.start()
    try:
        return await _read_to_end(consumer, sorted(consumer.assignment()))
    finally:
        await consumer.stop()


async def _read_to_end(consumer: AIOKafkaConsumer, partitions: list[TopicPartition]) -> list[SettingChanged]:
    ends = await consumer.end_offsets(partitions)
    events: list[SettingChanged] = []
    while any([await consumer.position(partition) < ends[partition] for partition in partitions]):
        for records in (await consumer.getmany(timeout_ms=500)).values():
            for record in records:
                try:
                    received = decode(record, {SettingChanged.type: SettingChanged})
                except PermanentError:  # the consumer meets it too, and buries it
                    continue
                if received is not None and isinstance(received.event, SettingChanged):
                    events.append(received.event)
    return events
