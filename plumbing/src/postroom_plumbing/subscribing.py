"""How FastStream and aiokafka are kept from doing more with records than fetching them."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka import ConsumerRebalanceListener, TopicPartition
from faststream.kafka.message import FAKE_CONSUMER, KafkaMessage


class Rebalances(ConsumerRebalanceListener):  # type: ignore[misc]
    """Tells when the group begins to be shared anew, and which partitions this process has then.

    aiokafka logs what `assigned` raises and goes on from Kafka's own offsets; `failed` is told of it.
    """

    def __init__(
        self,
        begun: Callable[[], None],
        assigned: Callable[[set[TopicPartition]], Awaitable[None]],
        failed: Callable[[Exception], None],
    ) -> None:
        self._begun = begun
        self._assigned = assigned
        self._failed = failed

    async def on_partitions_revoked(self, _: set[TopicPartition]) -> None:
        self._begun()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        try:
            await self._assigned(assigned)
        except Exception as error:
            self._failed(error)
            raise


async def leave_unread(records: Any) -> KafkaMessage:
    """FastStream would read every header as UTF-8 and drop the whole batch where one is not."""
    return KafkaMessage(raw_message=records, body=b"", consumer=FAKE_CONSUMER)


async def leave_encoded(message: Any) -> Any:
    """FastStream would decode every value; we decode only those of the types we handle."""
    return message.raw_message
