"""What a change of a schema breaks, and what it does not."""

import copy
from typing import Any

import pytest

from postroom_contracts.compatibility import Schema, breaks

RELEASED: Schema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$defs": {
        "Party": {
            "type": "object",
            "properties": {"address": {"type": "string"}, "answers": {"$ref": "#/$defs/Party"}},
            "required": ["address"],
        }
    },
    "type": "object",
    "properties": {
        "ticket": {"type": "string", "maxLength": 36},
        "status": {"type": "string", "enum": ["open", "solved"]},
        "door": {"type": "string", "const": "smtp"},
        "queue": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "to": {"type": "array", "items": {"$ref": "#/$defs/Party"}},
        "sender": {"anyOf": [{"$ref": "#/$defs/Party"}, {"type": "null"}]},
        "changes": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 1}},
        "old": {"default": None},
        "at": {"type": "string", "format": "date-time"},
    },
    "required": ["ticket", "status"],
}

Path = tuple[str, ...]
FIELDS = ("properties",)
PARTY = ("$defs", "Party")
CHANGES = (*FIELDS, "changes")
STATUS = (*FIELDS, "status")
TICKET = (*FIELDS, "ticket")
QUEUE = (*FIELDS, "queue")
GONE = object()


def changed(path: Path, value: Any) -> Schema:
    """The released schema with `value` at `path`, or without what is there."""
    schema = copy.deepcopy(RELEASED)
    *way, last = path
    place: Any = schema
    for step in way:
        place = place[step]
    if value is GONE:
        del place[last]
    else:
        place[last] = value
    return schema


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param(("description",), "Says more.", id="other words"),
        pytest.param((*FIELDS, "note"), {"type": "string"}, id="new optional field"),
        pytest.param((*PARTY, "properties", "name"), {"type": "string"}, id="new optional field inside"),
        pytest.param((*STATUS, "enum"), ["open", "solved", "closed"], id="value added"),
        pytest.param((*STATUS, "enum"), ["solved", "open"], id="values in another order"),
        pytest.param((*STATUS, "enum"), GONE, id="any value"),
        pytest.param((*FIELDS, "door"), {"type": "string", "enum": ["smtp", "imap"]}, id="constant became a choice"),
        pytest.param((*TICKET, "maxLength"), 64, id="bound loosened"),
        pytest.param((*TICKET, "maxLength"), GONE, id="bound dropped"),
        pytest.param((*CHANGES, "additionalProperties", "minimum"), 0, id="lower bound loosened"),
        pytest.param((*FIELDS, "at", "format"), GONE, id="form dropped"),
        pytest.param(
            (*FIELDS, "ticket"), {"type": "string", "maxLength": 36, "description": "An id."}, id="field described"
        ),
        pytest.param(
            (*FIELDS, "sender"), {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/Party"}]}, id="order of anyOf"
        ),
    ],
)
def test_additions_break_nothing(path: Path, value: Any) -> None:
    assert breaks(RELEASED, changed(path, value)) == []


@pytest.mark.parametrize(
    ("path", "value", "broken"),
    [
        pytest.param(QUEUE, GONE, "queue: removed", id="field removed"),
        pytest.param(
            (*PARTY, "properties", "address"), GONE, "to[].address: removed", id="field removed inside a list"
        ),
        pytest.param(("required",), ["ticket"], "status: may be absent now", id="no longer required"),
        pytest.param(
            ("required",),
            ["ticket", "status", "at"],
            "at: required now, and events without it exist",
            id="old field required",
        ),
        pytest.param(
            (*PARTY, "required"),
            ["address", "answers"],
            "to[].answers: required now, and events without it exist",
            id="field required inside",
        ),
        pytest.param(TICKET, {"type": "integer"}, "ticket: was string, is integer", id="another type"),
        pytest.param(QUEUE, {"type": "string"}, "queue: was null or string, is string", id="never null"),
        pytest.param(
            (*FIELDS, "at"),
            {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
            "at: was string, is null or string",
            id="null now",
        ),
        pytest.param((*FIELDS, "old"), {"type": "string"}, "old: was anything, is string", id="not anything any more"),
        pytest.param((*STATUS, "enum"), ["open"], "status: no longer solved", id="value removed"),
        pytest.param((*TICKET, "enum"), ["a"], "ticket: only certain values are allowed now", id="values closed"),
        pytest.param((*FIELDS, "door", "const"), "imap", "door: no longer smtp", id="another constant"),
        pytest.param((*TICKET, "maxLength"), 30, "ticket: maxLength was 36, is 30", id="bound tightened"),
        pytest.param((*TICKET, "minLength"), 1, "ticket: minLength was not set, is 1", id="bound added"),
        pytest.param(
            (*CHANGES, "additionalProperties", "minimum"), 2, "changes{}: minimum was 1, is 2", id="lower bound raised"
        ),
        pytest.param(
            (*CHANGES, "additionalProperties"), False, "changes{}: not everything is allowed any more", id="map closed"
        ),
        pytest.param(("additionalProperties",), False, "{}: not everything is allowed any more", id="fields closed"),
        pytest.param((*TICKET, "pattern"), "^t", "ticket: pattern was not set, is ^t", id="pattern added"),
        pytest.param((*FIELDS, "at", "format"), "date", "at: format was date-time, is date", id="another format"),
    ],
)
def test_each_break_is_named(path: Path, value: Any, broken: str) -> None:
    assert breaks(RELEASED, changed(path, value)) == [broken]


def test_a_new_required_field_is_a_break() -> None:
    schema = changed((*FIELDS, "team"), {"type": "string"})
    schema["required"] = [*schema["required"], "team"]
    assert breaks(RELEASED, schema) == ["team: required now, and events without it exist"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param((*TICKET, "not"), {"type": "null"}, id="unknown keyword"),
        pytest.param(QUEUE, {"anyOf": [{"type": "string"}, {"type": "string"}]}, id="two of one type"),
    ],
)
def test_what_is_not_understood_is_not_waved_through(path: Path, value: Any) -> None:
    with pytest.raises(ValueError, match="cannot compare"):
        breaks(RELEASED, changed(path, value))
