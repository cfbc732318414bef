"""The AsyncAPI document keeps the rules of AsyncAPI 3.0 that its readers rely on, and tells the truth."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from contract.examples import NOW, TYPES, faults, read_json, record

from postroom_contracts import Topic, event_types
from postroom_contracts.flow import PARTS
from postroom_contracts.generate import SCHEMAS
from postroom_plumbing.cluster import MAX_EVENT_BYTES
from postroom_plumbing.dead_letters import dead_letter
from postroom_plumbing.errors import PermanentError

DOCUMENT: dict[str, Any] = yaml.safe_load((SCHEMAS / "asyncapi.yaml").read_text("utf-8"))
CHANNELS: dict[str, Any] = DOCUMENT["channels"]
OPERATIONS: dict[str, Any] = DOCUMENT["operations"]
MESSAGES: dict[str, Any] = DOCUMENT["components"]["messages"]
KEYS = re.compile(r"[\w.-]+")


def resolve(reference: str) -> Any:
    """What a reference points to: within the document, or a file beside it."""
    path, _, pointer = reference.partition("#")
    found: Any = read_json(SCHEMAS / path) if path else DOCUMENT
    for step in pointer.split("/")[1:]:
        found = found[step]
    return found


def references(node: Any) -> Iterator[str]:
    """Every reference in a part of the document."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def header_faults(message: str, headers: dict[str, str]) -> list[str]:
    """What is wrong with headers by the message's schema for them."""
    return faults({"components": DOCUMENT["components"], "allOf": [MESSAGES[message]["headers"]]}, headers)


def as_text(headers: Any) -> dict[str, str]:
    return {name: value.decode() for name, value in headers}


def test_says_which_specification_it_follows() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= DOCUMENT["info"].keys()


def test_has_only_the_parts_that_the_specification_knows() -> None:
    known = {"asyncapi", "info", "defaultContentType", "servers", "channels", "operations", "components"}
    assert DOCUMENT.keys() == known
    for keyed in (DOCUMENT["servers"], CHANNELS, OPERATIONS, MESSAGES, DOCUMENT["components"]["schemas"]):
        assert all(KEYS.fullmatch(key) for key in keyed)


def test_every_reference_leads_somewhere() -> None:
    for reference in references(DOCUMENT):
        assert resolve(reference), reference


def test_variables_and_parameters_are_those_in_braces() -> None:
    for server in DOCUMENT["servers"].values():
        assert set(re.findall(r"{(\w+)}", server["host"])) == server["variables"].keys()
        assert server["protocol"] == "kafka"
    for channel in CHANNELS.values():
        assert set(re.findall(r"{(\w+)}", channel["address"])) == channel.get("parameters", {}).keys()


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_uses_messages_of_its_channel(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation["action"] in ("send", "receive")
    channel = operation["channel"]["$ref"]
    assert channel.startswith("#/channels/")
    assert operation["messages"]
    for message in operation["messages"]:
        assert message["$ref"].startswith(f"{channel}/messages/")


@pytest.mark.parametrize("topic", Topic)
def test_a_topic_is_a_channel_with_its_events(topic: Topic) -> None:
    channel = CHANNELS[topic]
    assert channel["address"] == topic.value
    assert channel["messages"].keys() == {name for name, model in event_types().items() if model.topic is topic}
    settings = channel["bindings"]["kafka"]["topicConfiguration"]
    assert settings["cleanup.policy"] == ["compact" if topic.compacted else "delete"]
    assert settings["max.message.bytes"] == MAX_EVENT_BYTES
    assert topic.value in CHANNELS["deadLetters"]["parameters"]["topic"]["enum"]


@pytest.mark.parametrize("name", TYPES)
def test_a_message_is_an_event_as_it_is_on_the_wire(name: str) -> None:
    payload = MESSAGES[name]["payload"]
    assert payload["schemaFormat"].endswith("version=draft-2020-12")
    assert resolve(payload["schema"]["$ref"])["$id"] == f"urn:postroom:schema:{name}"
    headers = as_text(record(name).headers)
    assert header_faults(name, headers) == []
    assert header_faults(name, headers | {"ce_type": "postroom.other.v1"})
    assert header_faults(name, {key: value for key, value in headers.items() if key != "ce_id"})


def test_a_dead_letter_has_the_headers_it_should_have() -> None:
    buried: Any = record("postroom.mail.sent.v1")
    letter = dead_letter(buried, PermanentError("not a mail"), "postroom-desk-record", 3, NOW)
    assert header_faults("deadLetter", as_text(letter["headers"])) == []
    assert header_faults("deadLetter", as_text(buried.headers))
    assert letter["topic"] == CHANNELS["deadLetters"]["address"].format(topic="delivery")


@pytest.mark.parametrize("service", PARTS)
def test_operations_are_those_of_the_map(service: str) -> None:
    told: dict[str, set[str]] = {"send": set(), "receive": set()}
    for operation in OPERATIONS.values():
        if {"name": service} in operation.get("tags", []):
            told[operation["action"]] |= {one["$ref"].rpartition("/")[2] for one in operation["messages"]}
    part = PARTS[service]
    assert told == {"send": {one.type for one in part.sends}, "receive": {one.type for one in part.receives}}
