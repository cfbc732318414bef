"""Settings as desk keeps them: the one place where they are edited."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import bson
from pydantic import ValidationError

from postroom_contracts.config import (
    SETTING_MODELS,
    Account,
    HttpDoor,
    Mailbox,
    Policy,
    Rule,
    SettingChanged,
    SettingKind,
)
from postroom_contracts.event import Value
from postroom_plumbing.addresses import canonical
from postroom_plumbing.mongo import Database, Document
from postroom_plumbing.problems import Problem
from postroom_plumbing.unit import Unit

SETTING_BYTES = 500_000
"""The largest setting: it has to fit into an event."""


class SettingsStore:
    """`setting_records`: `_id` is kind/id, with `version`, `value` and `removed`."""

    def __init__(self, database: Database) -> None:
        self._collection = database["setting_records"]

    async def all(self, kind: SettingKind) -> list[Document]:
        cursor = self._collection.find({"kind": kind, "removed": False}).sort("_id", 1)
        return [document async for document in cursor]

    async def get(self, kind: SettingKind, setting: str, unit: Unit | None = None) -> Document | None:
        """The setting, removed or not, or None when there never was one."""
        return await self._collection.find_one({"_id": f"{kind}/{setting}"}, session=unit.session if unit else None)

    async def put(self, kind: SettingKind, setting: str, value: Value | None, version: int, unit: Unit) -> Document:
        """Keep a setting (None removes it) as `version`, and state it."""
        plain = value.model_dump(mode="json") if value is not None else None
        document = {"kind": kind, "id": setting, "version": version, "value": plain, "removed": value is None}
        await self._collection.replace_one({"_id": f"{kind}/{setting}"}, document, upsert=True, session=unit.session)
        unit.emit(SettingChanged(kind=kind, id=setting, version=version, value=plain, at=unit.now))
        return {"_id": f"{kind}/{setting}", **document}

    async def _missing(self, kind: SettingKind, setting: str | None, unit: Unit) -> bool:
        if setting is None:
            return False
        document = await self.get(kind, setting, unit)
        return document is None or document["removed"]

    async def check_queues(self, queues: Iterable[str], unit: Unit) -> None:
        """Refuse queues that do not exist: a typing mistake would take an agent out of service unseen.

        Raises:
            Problem: 422 naming the first of them.
        """
        for queue in queues:
            if await self._missing("queue", queue, unit):
                reason = f"there is no queue {queue!r}"
                raise Problem(422, "invalid", "not valid: queues", [{"field": "queues", "reason": reason}])

    async def check(self, kind: SettingKind, setting: str, value: Value, unit: Unit) -> None:
        """Refuse a setting that points to nothing, or takes an address another mailbox has.

        Raises:
            Problem: 422 naming the field.
        """
        errors = []
        if isinstance(value, Mailbox | Rule | Policy) and await self._missing("queue", value.queue, unit):
            errors.append({"field": "queue", "reason": f"there is no queue {value.queue!r}"})
        if isinstance(value, Policy) and await self._missing("schedule", value.schedule, unit):
            errors.append({"field": "schedule", "reason": f"there is no schedule {value.schedule!r}"})
        if isinstance(value, Rule | Account | HttpDoor) and await self._missing("mailbox", value.mailbox, unit):
            errors.append({"field": "mailbox", "reason": f"there is no mailbox {value.mailbox!r}"})
        if isinstance(value, Mailbox):
            others = {"kind": kind, "removed": False, "id": {"$ne": setting}}
            taken = self._collection.find(others, {"value.address": 1}, session=unit.session)
            if canonical(value.address) in [canonical(one["value"]["address"]) async for one in taken]:
                errors.append({"field": "address", "reason": f"another mailbox has {value.address}"})
        if errors:
            raise Problem(422, "invalid", "not valid: " + ", ".join(e["field"] for e in errors), errors)

    async def check_unused(self, kind: SettingKind, setting: str, unit: Unit) -> None:
        """Refuse to remove what others point to.

        Raises:
            Problem: 409 naming one of them.
        """
        user = await self._collection.find_one(
            {"removed": False, f"value.{kind}": setting}, {"_id": 1}, session=unit.session
        )
        if user is not None:
            raise Problem(409, "in-use", f"{user['_id']} uses this {kind}; change that first")


def _unstorable(value: Value) -> Iterator[str]:
    """Why a setting that is valid cannot be kept or passed on, if so."""
    try:
        size = len(bson.encode(value.model_dump(mode="json")))
    except (ValueError, OverflowError):
        yield "holds a number or a character that cannot be stored"
    else:
        if size > SETTING_BYTES:
            yield f"larger than {SETTING_BYTES} bytes"


def parse_setting(kind: SettingKind, value: Mapping[str, Any]) -> Value:
    """The typed value of a setting.

    Raises:
        Problem: 422 naming each field; unknown fields are named too, since a typing mistake must not be swallowed.
    """
    model = SETTING_MODELS[kind]
    errors = [
        {"field": name.encode("utf-8", "replace").decode(), "reason": f"a {kind} has no such field"}
        for name in value
        if name not in model.model_fields
    ]
    try:
        parsed = model.model_validate(value)
    except ValidationError as error:
        errors += [
            {
                "field": ".".join(str(part) for part in one["loc"]) or kind,
                "reason": one["msg"].removeprefix("Value error, "),
            }
            for one in error.errors()
        ]
    else:
        errors += [{"field": kind, "reason": reason} for reason in _unstorable(parsed)]
    if errors:
        raise Problem(422, "invalid", "not valid: " + ", ".join(e["field"] for e in errors), errors)
    return parsed
