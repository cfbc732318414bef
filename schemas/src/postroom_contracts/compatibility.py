"""What a changed schema would break, told from a released one. Pure; understands the JSON Schema that we generate.

Events already published must stay readable for new readers, and new events for readers of the released schema: fields
may be added (not as required ones), limits may be loosened, and a closed list of values may grow. All else is a new
version of the event.
"""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER_BOUNDS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_FORMS = ("format", "pattern", "propertyNames")
_STRUCTURE = ("$ref", "type", "anyOf", "enum", "const", "items", "properties", "required", "additionalProperties")
_ANNOTATIONS = ("$schema", "$id", "$defs", "title", "description", "default", "examples")
_KNOWN = {*_LOWER_BOUNDS, *_UPPER_BOUNDS, *_FORMS, *_STRUCTURE, *_ANNOTATIONS}
_ANYTHING = "anything"


def breaks(released: Schema, current: Schema) -> list[str]:
    """What `current` takes away from readers and writers of `released`, each as `<where>: <what>`; empty if nothing.

    Raises:
        ValueError: a schema uses a keyword that is not understood here, so that nothing can be promised.
    """
    return list(_Comparison(released, current).differences(released, current, ""))


class _Comparison:
    """Two schemas, each with its own `$defs`. A pair of parts is compared once only: models may contain themselves."""

    def __init__(self, released: Schema, current: Schema) -> None:
        self._released = released.get("$defs", {})
        self._current = current.get("$defs", {})
        self._seen: set[tuple[int, int]] = set()

    def differences(self, old: Schema, new: Schema, where: str) -> Iterator[str]:
        olds, news = _branches(old, self._released), _branches(new, self._current)
        if olds.keys() != news.keys():
            yield f"{where or 'value'}: was {_either(olds)}, is {_either(news)}"
        for kind in sorted(olds.keys() & news.keys()):
            pair = (id(olds[kind]), id(news[kind]))
            if pair not in self._seen:
                self._seen.add(pair)
                yield from self._branch(olds[kind], news[kind], where)

    def _branch(self, old: Schema, new: Schema, where: str) -> Iterator[str]:
        yield from _values(old, new, where)
        yield from _bounds(old, new, where)
        yield from self._fields(old, new, where)
        for name, mark in (("items", "[]"), ("additionalProperties", "{}")):
            yield from self._nested(old.get(name, True), new.get(name, True), where + mark)

    def _nested(self, old: Schema | bool, new: Schema | bool, where: str) -> Iterator[str]:
        """Compare what may be a schema, or True or False for anything or nothing."""
        if isinstance(old, dict) and isinstance(new, dict):
            yield from self.differences(old, new, where)
        elif new is not True and old is not False:
            yield f"{where}: not everything is allowed any more"

    def _fields(self, old: Schema, new: Schema, where: str) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name in before:
            path = _within(where, name)
            if name not in after:
                yield f"{path}: removed"
            else:
                yield from self.differences(before[name], after[name], path)
        required, needed = set(old.get("required", ())), set(new.get("required", ()))
        for name in sorted(needed - required):
            yield f"{_within(where, name)}: required now, and events without it exist"
        for name in sorted((required - needed) & after.keys()):
            yield f"{_within(where, name)}: may be absent now"


def _within(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _branches(schema: Schema, defs: dict[str, Schema]) -> dict[str, Schema]:
    """The alternatives of a schema by their JSON type, references followed."""
    unknown = schema.keys() - _KNOWN
    if unknown:
        raise ValueError(f"cannot compare {', '.join(sorted(unknown))}")
    if "$ref" in schema:
        return _branches(defs[schema["$ref"].rpartition("/")[2]], defs)
    if "anyOf" not in schema:
        return {schema.get("type", _ANYTHING): schema}
    found: dict[str, Schema] = {}
    for one in schema["anyOf"]:
        more = _branches(one, defs)
        if found.keys() & more.keys():
            raise ValueError("cannot compare alternatives of the same type")
        found |= more
    return found


def _either(branches: dict[str, Schema]) -> str:
    return " or ".join(sorted(branches))


def _allowed(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _values(old: Schema, new: Schema, where: str) -> Iterator[str]:
    before, after = _allowed(old), _allowed(new)
    if after is None:
        return
    if before is None:
        yield f"{where or 'value'}: only certain values are allowed now"
    elif gone := [str(value) for value in before if value not in after]:
        yield f"{where or 'value'}: no longer {', '.join(gone)}"


def _bounds(old: Schema, new: Schema, where: str) -> Iterator[str]:
    for names, tighter in ((_LOWER_BOUNDS, max), (_UPPER_BOUNDS, min)):
        for name in names:
            if name in new and (name not in old or tighter(old[name], new[name]) != old[name]):
                yield f"{where or 'value'}: {name} was {old.get(name, 'not set')}, is {new[name]}"
    for name in _FORMS:
        if name in new and new[name] != old.get(name):
            yield f"{where or 'value'}: {name} was {old.get(name, 'not set')}, is {new[name]}"
