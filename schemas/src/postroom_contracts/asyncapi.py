"""The AsyncAPI 3.0 document of Postroom's events, built from the models and the map in `flow`.

https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

from collections.abc import Iterable
from typing import Any

from postroom_contracts import headers
from postroom_contracts.event import Event, event_types
from postroom_contracts.flow import PARTS, TOPICS, by_topic
from postroom_contracts.topics import DEAD_LETTER_SUFFIX, Topic

Json = dict[str, Any]

_BINDING = "0.5.0"
_SCHEMA_FORMAT = "application/schema+json;version=draft-2020-12"
_DEAD = "deadLetters"
_DEAD_LETTER_NAME = "deadLetter"
_REPLAYED_NAME = "deadLetterReplayed"

_CLOUD_EVENT: tuple[tuple[str, bool, Json], ...] = (
    (headers.SPEC_VERSION, True, {"type": "string", "const": "1.0", "description": "The version of CloudEvents."}),
    (headers.ID, True, {"type": "string", "description": "The event's id, a UUIDv7. A repeated event has the same."}),
    (headers.TYPE, True, {"type": "string", "description": "Which event it is, with its version."}),
    (headers.SOURCE, True, {"type": "string", "description": "Who stated it, such as /postroom/desk."}),
    (headers.SUBJECT, True, {"type": "string", "description": "What it is about: the key, or the contact's id."}),
    (headers.TIME, True, {"type": "string", "format": "date-time", "description": "When it was stated."}),
    (headers.CONTENT_TYPE, True, {"type": "string", "const": "application/json"}),
    (
        headers.SEQUENCE,
        False,
        {
            "type": "string",
            "pattern": "^[0-9]+$",
            "description": "The version that this event gave to its subject; grows by one within a topic and subject.",
        },
    ),
    (headers.TRACEPARENT, False, {"type": "string", "description": "W3C Trace Context of whatever caused it."}),
)
_DEAD_LETTER: tuple[tuple[str, str], ...] = (
    (headers.DEAD_TOPIC, "The topic it came from."),
    (headers.DEAD_PARTITION, "The partition it came from."),
    (headers.DEAD_OFFSET, "The offset it had there."),
    (headers.DEAD_GROUP, "The consumer group that gave it up."),
    (headers.DEAD_ERROR, "The class of the error."),
    (headers.DEAD_REASON, "What was wrong, in a line."),
    (headers.DEAD_STACK, "The end of the stack trace."),
    (headers.DEAD_ATTEMPTS, "How often it was tried."),
    (headers.DEAD_AT, "When it was given up, RFC 3339."),
)


def document(version: str, max_event_bytes: int) -> Json:
    """The whole document for `version` of the contracts; topics take events of up to `max_event_bytes`."""
    messages = {name: _message(model) for name, model in sorted(event_types().items())}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Postroom",
            "version": version,
            "description": (
                "Every step a mail takes through Postroom is an event that anybody may subscribe to. "
                "Delivery is at least once, in order within a key. docs/events.md tells how to read them."
            ),
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"kafka": _server()},
        "channels": {topic.value: _channel(topic, max_event_bytes) for topic in Topic} | {_DEAD: _dead_letters()},
        "operations": dict(_operations()),
        "components": {
            "messages": messages | {_DEAD_LETTER_NAME: _dead_letter(), _REPLAYED_NAME: _replayed()},
            "schemas": {"CloudEventHeaders": _cloud_event_headers(), "DeadLetterHeaders": _dead_letter_headers()},
        },
    }


def _server() -> Json:
    return {
        "host": "{address}",
        "protocol": "kafka",
        "description": "Any Kafka cluster. `postroom status` prints the address on one machine.",
        "variables": {"address": {"default": "127.0.0.1:9092", "description": "host:port, as in POSTROOM_KAFKA_URL."}},
    }


def _of(topic: Topic) -> list[type[Event]]:
    return [model for _, model in sorted(event_types().items()) if model.topic is topic]


def _channel(topic: Topic, max_event_bytes: int) -> Json:
    about = TOPICS[topic]
    kept = "the last event of each key, for ever" if topic.compacted else "all events, as long as the cluster says"
    return {
        "address": topic.value,
        "title": topic.value,
        "summary": f"{about.holds}.",
        "description": (
            f"Key: {about.key}. Kept: {kept}. "
            f"With POSTROOM_NAMESPACE set the topic is called <namespace>.{topic.value}."
        ),
        "servers": [{"$ref": "#/servers/kafka"}],
        "messages": {model.type: {"$ref": f"#/components/messages/{model.type}"} for model in _of(topic)},
        "bindings": {
            "kafka": {
                "topicConfiguration": {
                    "cleanup.policy": ["compact" if topic.compacted else "delete"],
                    "max.message.bytes": max_event_bytes,
                },
                "bindingVersion": _BINDING,
            }
        },
    }


def _dead_letters() -> Json:
    return {
        "address": f"{{topic}}{DEAD_LETTER_SUFFIX}",
        "title": "dead letters",
        "summary": "Events that a service could not read or handle, one topic beside each topic.",
        "description": "Key, headers and value are those of the event; the dlq_ headers say why and whence.",
        "servers": [{"$ref": "#/servers/kafka"}],
        "parameters": {"topic": {"description": "The topic it came from.", "enum": [topic.value for topic in Topic]}},
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in (_DEAD_LETTER_NAME, _REPLAYED_NAME)},
        "bindings": {"kafka": {"partitions": 1, "bindingVersion": _BINDING}},
    }


def _message(model: type[Event]) -> Json:
    return {
        "name": model.type,
        "title": model.__name__,
        "summary": " ".join((model.__doc__ or "").split()),
        "contentType": "application/json",
        "headers": {
            "allOf": [
                {"$ref": "#/components/schemas/CloudEventHeaders"},
                {"type": "object", "properties": {headers.TYPE: {"const": model.type}}},
            ]
        },
        "payload": {
            "schemaFormat": _SCHEMA_FORMAT,
            "schema": {"$ref": f"./topics/{model.topic}/{model.type}.json"},
        },
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": f"UTF-8: {TOPICS[model.topic].key}."},
                "bindingVersion": _BINDING,
            }
        },
    }


def _dead_letter() -> Json:
    return {
        "name": _DEAD_LETTER_NAME,
        "title": "Dead letter",
        "summary": "A record as it was, with the reason why it was given up.",
        "headers": {"$ref": "#/components/schemas/DeadLetterHeaders"},
        "payload": {"description": "The value of the record, unchanged; it may be anything."},
    }


def _replayed() -> Json:
    return {
        "name": _REPLAYED_NAME,
        "title": "Dead letter replayed",
        "summary": "A note that a dead letter was put back into its topic; it has no value.",
        "headers": {
            "type": "object",
            "required": [headers.DEAD_REPLAYED],
            "properties": {
                headers.DEAD_REPLAYED: {"type": "string", "description": "Which one: <topic>.dlq/<partition>/<offset>."}
            },
        },
    }


def _cloud_event_headers() -> Json:
    return {
        "type": "object",
        "description": "CloudEvents 1.0, Kafka binding, binary mode. All values are UTF-8 text.",
        "required": [name for name, always, _ in _CLOUD_EVENT if always],
        "properties": {name: schema for name, _, schema in _CLOUD_EVENT},
    }


def _dead_letter_headers() -> Json:
    return {
        "type": "object",
        "description": "Added to whatever headers the record had. All values are UTF-8 text.",
        "required": [name for name, _ in _DEAD_LETTER],
        "properties": {name: {"type": "string", "description": about} for name, about in _DEAD_LETTER},
    }


def _operations() -> Iterable[tuple[str, Json]]:
    """One operation for each service, direction and topic."""
    for service, part in PARTS.items():
        for action, verb, events in (("send", "Publishes", part.sends), ("receive", "Consumes", part.receives)):
            for topic, models in by_topic(events).items():
                refs = [{"$ref": f"#/channels/{topic}/messages/{model.type}"} for model in models]
                yield (
                    f"{service}.{action}.{topic}",
                    {
                        "action": action,
                        "channel": {"$ref": f"#/channels/{topic}"},
                        "title": f"{service} {action}s {topic}",
                        "summary": f"{verb} {', '.join(model.__name__ for model in models)}.",
                        "tags": [{"name": service}],
                        "messages": refs,
                    },
                )
    yield (
        f"any.send.{_DEAD}",
        {
            "action": "send",
            "channel": {"$ref": f"#/channels/{_DEAD}"},
            "title": "every service sends dead letters",
            "summary": "Publishes what it could not read or handle, once for each consumer group that gave it up.",
            "messages": [{"$ref": f"#/channels/{_DEAD}/messages/{_DEAD_LETTER_NAME}"}],
        },
    )
