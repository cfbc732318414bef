"""What a new desk starts with: the first admin, and for a demonstration a small team with its settings."""

import logging
from typing import Any

from postroom_contracts.config import SettingKind
from postroom_desk.people import People
from postroom_desk.settings import ApiSettings
from postroom_desk.settings_store import SettingsStore, parse_setting
from postroom_plumbing.unit import Unit, Units

log = logging.getLogger(__name__)

_OFFICE = [{"day": day, "start": "09:00", "end": "17:30"} for day in range(5)]
_TARGETS = {
    "low": {"first_reply": 960, "resolution": 4800},
    "normal": {"first_reply": 240, "resolution": 1440},
    "high": {"first_reply": 120, "resolution": 480},
    "urgent": {"first_reply": 30, "resolution": 240},
}
DEMO_SETTINGS: tuple[tuple[SettingKind, str, dict[str, Any]], ...] = (
    ("schedule", "office", {"name": "Office hours", "timezone": "Europe/Berlin", "hours": _OFFICE}),
    ("queue", "general", {"name": "General"}),
    ("queue", "billing", {"name": "Billing"}),
    ("queue", "technical", {"name": "Technical", "tier": 2}),
    ("mailbox", "support", {"address": "support@example.com", "name": "Example Support", "timezone": "Europe/Berlin"}),
    (
        "mailbox",
        "billing",
        {"address": "billing@example.com", "name": "Example Billing", "queue": "billing", "timezone": "Europe/Berlin"},
    ),
    (
        "rule",
        "billing-words",
        {"name": "Money", "order": 10, "queue": "billing", "words": ["invoice", "refund", "发票", "فاکتور"]},
    ),
    (
        "rule",
        "technical-words",
        {"name": "Faults", "order": 20, "queue": "technical", "words": ["error", "crash", "timeout", "错误", "خطا"]},
    ),
    ("policy", "standard", {"name": "Standard", "schedule": "office", "targets": _TARGETS}),
    (
        "macro",
        "thanks",
        {"name": "Thank and solve", "text": "Thank you for writing to us. We have solved this.", "status": "solved"},
    ),
)
_EVERYWHERE = ["general", "billing", "technical"]
DEMO_AGENTS: tuple[dict[str, Any], ...] = (
    {"name": "Mina Karimi", "email": "mina@example.com", "languages": ["fa", "en"], "queues": _EVERYWHERE},
    {"name": "Li Wei", "email": "wei@example.com", "languages": ["zh", "en"], "queues": _EVERYWHERE},
    {"name": "Jonas Berg", "email": "jonas@example.com", "languages": ["de", "en"], "queues": ["general", "technical"]},
)


class Bootstrap:
    """Fills an empty desk; does nothing to one that is in use."""

    def __init__(self, people: People, settings: SettingsStore, units: Units, given: ApiSettings) -> None:
        self._people = people
        self._settings = settings
        self._units = units
        self._given = given

    async def run(self) -> None:
        """Make the first admin, and the demo if asked for; each only where there is nothing yet.

        Several processes may do this at once: each looks again inside its transaction.
        """
        if not await self._people.any_admin():
            await self._units.run(self._first_admin)
            log.info("first admin made")
        admin = await self._people.by_email(self._given.admin_email)
        if admin is not None:
            token = self._given.admin_token.get_secret_value()
            await self._people.keep_token(token, admin.id, "first admin", None)
            await self._people.forget_other_tokens(token, "first admin")
        if self._given.demo and not await self._settings.all("mailbox"):
            await self._units.run(self._demo)
            log.info("demo team and settings made")
        elif await self._settings.get("queue", "general") is None:
            await self._units.run(self._first_queue)

    async def _first_admin(self, unit: Unit) -> None:
        """Make an admin, or make one again of the first who was: nobody else could let anybody in."""
        known = await self._people.by_email(self._given.admin_email, unit)
        if known is None:
            fields = {"name": "Admin", "email": self._given.admin_email, "role": "admin", "capacity": 0}
            await self._people.add(fields, self._given.admin_password.get_secret_value(), unit)
        elif known.role != "admin" or not known.active:
            await self._people.change(known, {"role": "admin", "active": True}, unit)

    async def _first_queue(self, unit: Unit) -> None:
        """Every desk has at least the queue where everything goes that no rule wants."""
        await self._settings.put("queue", "general", parse_setting("queue", {"name": "General"}), 1, unit)

    async def _demo(self, unit: Unit) -> None:
        for kind, setting, value in DEMO_SETTINGS:
            before = await self._settings.get(kind, setting, unit)
            if before is None or before["removed"]:
                version = before["version"] + 1 if before else 1
                await self._settings.put(kind, setting, parse_setting(kind, value), version, unit)
        for agent in DEMO_AGENTS:
            if await self._people.by_email(agent["email"], unit) is None:
                await self._people.add({**agent, "capacity": 5, "availability": "available"}, None, unit)
