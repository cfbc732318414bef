"""A service's projection of the settings: kept in its own database, so that it works while desk is down."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from pymongo.errors import PyMongoError

from postroom_contracts.config import (
    SETTING_MODELS,
    Account,
    HttpDoor,
    Macro,
    Mailbox,
    Policy,
    Queue,
    Redaction,
    Rule,
    Schedule,
    SettingChanged,
)
from postroom_plumbing.errors import described
from postroom_plumbing.mongo import Database, Document
from postroom_plumbing.newest import keep_newest
from postroom_plumbing.unit import Unit

log = logging.getLogger(__name__)

REFRESH_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings at one moment, by id."""

    mailbox: dict[str, Mailbox] = field(default_factory=dict)
    queue: dict[str, Queue] = field(default_factory=dict)
    rule: dict[str, Rule] = field(default_factory=dict)
    policy: dict[str, Policy] = field(default_factory=dict)
    schedule: dict[str, Schedule] = field(default_factory=dict)
    macro: dict[str, Macro] = field(default_factory=dict)
    account: dict[str, Account] = field(default_factory=dict)
    door: dict[str, HttpDoor] = field(default_factory=dict)
    redaction: dict[str, Redaction] = field(default_factory=dict)


def _content(event: SettingChanged) -> Document:
    return {"kind": event.kind, "id": event.id, "value": event.value}


class SettingsView:
    """`current` is what this service knows of the settings, at most a second old."""

    def __init__(self, database: Database) -> None:
        self._collection = database["settings"]
        self.current = Settings()

    async def apply(self, events: Sequence[SettingChanged], unit: Unit) -> None:
        """Keep newer settings inside the caller's transaction; older ones than those kept change nothing."""
        await keep_newest(self._collection, events, _content, unit.session)

    async def refresh(self, session: Any = None) -> None:
        """Read the projection, in a transaction what it has written. A setting that this version cannot read is left
        out and named in the log.
        """
        found = Settings()
        async for document in self._collection.find({"value": {"$ne": None}}, session=session):
            try:
                value = SETTING_MODELS[document["kind"]].model_validate(document["value"])
            except (KeyError, ValidationError) as error:
                log.error("setting cannot be read", extra={"setting": document["_id"], **described(error)})
                continue
            getattr(found, document["kind"])[document["id"]] = value
        self.current = found

    async def keep_fresh(self) -> None:
        """Refresh until cancelled."""
        while True:
            try:
                await self.refresh()
            except PyMongoError as error:
                log.warning("settings not refreshed", extra={"error": type(error).__name__})
            await asyncio.sleep(REFRESH_SECONDS)
