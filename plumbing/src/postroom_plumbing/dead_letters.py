"""Dead letters: events that could not be handled, kept with the reason and their origin."""

import traceback
from datetime import datetime

from aiokafka import ConsumerRecord

from postroom_contracts import headers
from postroom_contracts.topics import DEAD_LETTER_SUFFIX
from postroom_plumbing.ids import new_id
from postroom_plumbing.mongo import Document
from postroom_plumbing.outbox import as_record

STACK_CHARS = 8_000


def dead_letter(record: ConsumerRecord, error: Exception, group: str, attempts: int, now: datetime) -> Document:
    """The dead letter for a record: as it was, plus why and whence."""
    stack = "".join(traceback.format_exception(error))[-STACK_CHARS:]
    extra = {
        headers.DEAD_TOPIC: record.topic,
        headers.DEAD_PARTITION: str(record.partition),
        headers.DEAD_OFFSET: str(record.offset),
        headers.DEAD_GROUP: group,
        headers.DEAD_ERROR: type(error).__name__,
        headers.DEAD_REASON: str(error)[:1000],
        headers.DEAD_STACK: stack,
        headers.DEAD_ATTEMPTS: str(attempts),
        headers.DEAD_AT: now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    kept = [(name, value) for name, value in record.headers if name not in extra]
    key = (record.key or b"").decode("utf-8", "replace")
    added = [(name, value.encode("utf-8", "replace")) for name, value in extra.items()]
    return as_record(new_id(), record.topic + DEAD_LETTER_SUFFIX, key, kept + added, record.value or b"")
