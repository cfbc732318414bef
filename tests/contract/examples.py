"""The examples in schemas/examples, as models, as text and as Kafka records."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from postroom_contracts import Event, event_types
from postroom_contracts.generate import SCHEMAS
from postroom_plumbing.wire import encode

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TRACE = "00-3f723fc6e303fc74d71c2e54cdd24901-37baea4b1534c5c6-01"
TYPES = sorted(event_types())


@dataclass(slots=True)
class Record:
    """A Kafka record as a consumer gets it."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Iterable[tuple[str, bytes | None]]
    partition: int = 0
    offset: int = 0


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object of a file."""
    value = json.loads(path.read_text("utf-8"))
    assert isinstance(value, dict)
    return value


def faults(schema: dict[str, Any], value: Any) -> list[str]:
    """What is wrong with a value by a JSON Schema (2020-12); the schema itself must be right."""
    Draft202012Validator.check_schema(schema)
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(value)]


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of an event."""
    return read_json(SCHEMAS / "topics" / event_types()[name].topic / f"{name}.json")


def text(name: str) -> str:
    """The example of an event, as it is written."""
    return (SCHEMAS / "examples" / f"{name}.json").read_text("utf-8")


def event(name: str) -> Event:
    """The example of an event."""
    return event_types()[name].model_validate_json(text(name))


def record(name: str) -> Record:
    """The example of an event as desk would publish it."""
    example = event(name)
    _, headers, value = encode(example, source="desk", at=NOW, traceparent=TRACE)
    return Record(example.topic, example.key.encode(), value, headers)
