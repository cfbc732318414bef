"""Events on the wire: every example comes back as it went, and garbage is nothing but a PermanentError."""

import inspect
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from contract.examples import NOW, TRACE, TYPES, event
from hypothesis import given
from hypothesis import strategies as st

from postroom_contracts import event_types, headers
from postroom_plumbing.errors import PermanentError, described
from postroom_plumbing.ids import ids_since, new_id
from postroom_plumbing.wire import Received, decode, encode, event_type, of_type

MODELS = event_types()


@dataclass
class Record:
    value: bytes | None
    headers: Iterable[tuple[str, bytes | None]] = field(default_factory=list)
    topic: str = "t"
    partition: int = 0
    offset: int = 0
    key: bytes | None = None


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("trace", [TRACE, None])
def test_every_event_comes_back_as_it_went(name: str, trace: str | None) -> None:
    example = event(name)
    event_id, pairs, value = encode(example, source="desk", at=NOW, traceparent=trace)
    record = Record(value, list(pairs))
    assert decode(record, MODELS) == Received(example, event_id, trace)
    assert event_type(record) == name
    head = {key: content.decode() for key, content in pairs}
    assert head[headers.SOURCE] == "/postroom/desk"
    assert head[headers.TIME] == NOW.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert head.get(headers.SEQUENCE) == (None if example.sequence is None else str(example.sequence))


def test_a_type_nobody_asked_for_is_not_even_read() -> None:
    assert decode(Record(b"\xff", [(headers.TYPE, b"postroom.made.up.v1")]), MODELS) is None


NAMES = st.sampled_from([headers.TYPE, headers.ID, headers.TRACEPARENT, headers.SEQUENCE]) | st.text(max_size=8)
PAIRS = st.lists(st.tuples(NAMES, st.none() | st.binary(max_size=20) | st.sampled_from([t.encode() for t in TYPES])))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(PAIRS, st.none() | st.binary(max_size=60) | JSON.map(lambda value: repr(value).encode("utf-8", "replace")))
def test_garbage_is_a_permanent_error(pairs: list[tuple[str, bytes | None]], value: bytes | None) -> None:
    record = Record(value, pairs)
    event_type(record)
    try:
        received = decode(record, MODELS)
    except PermanentError:
        return
    assert received is None or received.event.type in MODELS


@given(st.sampled_from(TYPES), st.data())
def test_a_damaged_event_is_itself_or_a_permanent_error(name: str, data: st.DataObject) -> None:
    _, pairs, value = encode(event(name), source="desk", at=NOW, traceparent=None)
    at = data.draw(st.integers(0, len(value) - 1))
    damaged = value[:at] + data.draw(st.binary(max_size=2)) + value[at + 1 :]
    try:
        received = decode(Record(damaged, list(pairs)), MODELS)
    except PermanentError:
        return
    assert received is not None
    assert received.event.type == name


def test_a_reason_names_the_field_and_not_what_is_in_it() -> None:
    name = "postroom.survey.answered.v1"
    with pytest.raises(PermanentError, match="rating") as wrong:
        decode(Record(b'{"ticket": "t", "rating": "ann@example.com"}', [(headers.TYPE, name.encode())]), MODELS)
    assert "ann@example.com" not in str(wrong.value)


def test_events_of_one_type_keep_their_order() -> None:
    batch = [Received(event(name), str(number), None) for number, name in enumerate([TYPES[0], TYPES[1], TYPES[0]])]
    assert [one.id for one in of_type(batch, MODELS[TYPES[0]])] == ["0", "2"]


@given(st.text(min_size=1))
def test_a_described_error_never_holds_its_text(text: str) -> None:
    with pytest.raises(ValueError, match="invalid literal") as caught:
        int(f"<{text}>")
    line = inspect.currentframe().f_lineno - 1  # type: ignore[union-attr]
    assert described(caught.value) == {"error": "ValueError", "where": f"test_wire.py:{line}"}
    assert described(KeyError(text)) == {"error": "KeyError", "where": ""}


@given(st.integers(0, 2**48 - 1))
def test_what_was_made_since_sorts_after_the_mark(milliseconds: int) -> None:
    digits = f"{milliseconds:012x}"
    made = f"{digits[:8]}-{digits[8:]}-7000-8000-000000000000"
    assert made >= ids_since(milliseconds)
    if milliseconds:
        assert made >= ids_since(milliseconds - 1)
        earlier = f"{milliseconds - 1:012x}"
        assert f"{earlier[:8]}-{earlier[8:]}-7fff-bfff-ffffffffffff" < ids_since(milliseconds)


def test_ids_sort_by_time_also_within_a_millisecond() -> None:
    made = [new_id() for _ in range(10_000)]
    assert made == sorted(made)
    assert made[0] >= ids_since(int((datetime.now(UTC).timestamp() - 60) * 1000))
