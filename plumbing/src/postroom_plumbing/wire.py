"""Events as Kafka records: CloudEvents 1.0 in binary mode."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar, cast

from pydantic import ValidationError

from postroom_contracts import Event, headers
from postroom_plumbing.errors import PermanentError
from postroom_plumbing.ids import new_id

E = TypeVar("E", bound=Event, covariant=True)
T = TypeVar("T", bound=Event)
Headers = list[tuple[str, bytes]]


class Record(Protocol):
    """What we read of a Kafka consumer record."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Iterable[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True)
class Received(Generic[E]):
    """An event that arrived, with the parts of its envelope that handlers need."""

    event: E
    id: str
    traceparent: str | None


def of_type(batch: Iterable[Received[Event]], kind: type[T]) -> list[Received[T]]:
    """The events of a batch that are of one type, in order."""
    return [cast("Received[T]", one) for one in batch if isinstance(one.event, kind)]


def encode(event: Event, *, source: str, at: datetime, traceparent: str | None) -> tuple[str, Headers, bytes]:
    """`(id, headers, value)` of a record for `event`; `source` is the service that states it."""
    event_id = new_id()
    pairs = [
        (headers.SPEC_VERSION, "1.0"),
        (headers.ID, event_id),
        (headers.TYPE, event.type),
        (headers.SOURCE, f"/postroom/{source}"),
        (headers.SUBJECT, event.subject),
        (headers.TIME, at.isoformat(timespec="milliseconds").replace("+00:00", "Z")),
        (headers.CONTENT_TYPE, "application/json"),
    ]
    if event.sequence is not None:
        pairs.append((headers.SEQUENCE, str(event.sequence)))
    if traceparent is not None:
        pairs.append((headers.TRACEPARENT, traceparent))
    encoded = [(name, value.encode("utf-8", "replace")) for name, value in pairs]
    return event_id, encoded, event.model_dump_json().encode()


def event_type(record: Record) -> str | None:
    """The CloudEvents type of a record, or None when it has none that can be read."""
    for name, value in record.headers:
        if name == headers.TYPE and value is not None:
            return value.decode("ascii", "replace")
    return None


def decode(record: Record, models: Mapping[str, type[Event]]) -> Received[Event] | None:
    """Read a record, or None when its type is not among `models`.

    Raises:
        PermanentError: it has no type, or its value does not fit its model.
    """
    head = {name: value.decode("utf-8", "replace") for name, value in record.headers if value is not None}
    kind = head.get(headers.TYPE)
    if kind is None:
        raise PermanentError(f"the record has no {headers.TYPE} header")
    model = models.get(kind)
    if model is None:
        return None
    try:
        event = model.model_validate_json(record.value or b"")
    except ValidationError as error:
        reasons = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'value'}: {e['msg']}" for e in error.errors(include_input=False)
        )
        raise PermanentError(f"not a {kind}: {reasons}") from None
    return Received(event, head.get(headers.ID, ""), head.get(headers.TRACEPARENT))
