"""Routes of settings: mailboxes, queues, rules, policies, schedules, macros, IMAP accounts, HTTP doors, redaction."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Path, Response
from fastapi.openapi.models import Example

from postroom_contracts.config import SettingKind
from postroom_desk.api import etags
from postroom_desk.api.auth import Auth
from postroom_desk.people import Agent
from postroom_desk.sealed_fields import hidden, sealed
from postroom_desk.settings_store import SettingsStore, parse_setting
from postroom_plumbing.mongo import Document
from postroom_plumbing.problems import Problem
from postroom_plumbing.sealing import Sealer
from postroom_plumbing.unit import Unit, Units

SettingId = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_-]{0,60}$")]
IfMatch = Annotated[str | None, Header()]

EXAMPLES: dict[str, Example] = {
    "mailbox": {
        "summary": "An address customers write to",
        "value": {"address": "support@example.com", "name": "Example Support", "reopen_days": 30, "spam": "set-aside"},
    },
    "account": {
        "summary": "An IMAP account that mail is fetched from",
        "value": {
            "name": "Old provider",
            "mailbox": "support",
            "host": "imap.example.com",
            "user": "support@example.com",
            "password": "its password",
            "afterwards": "move",
            "move_to": "Archive",
        },
    },
    "door": {
        "summary": "An address programs and delivery services post contacts to: /doors/<id> of ingest",
        "value": {"name": "Shop chat", "kind": "contacts", "mailbox": "support", "secret": "a long random text"},
    },
    "redaction": {
        "summary": "A pattern (RE2's syntax) that is taken out of everything readable, besides card numbers",
        "value": {"name": "Customer numbers", "pattern": r"\bCN-[0-9]{8}\b", "shown_as": "[customer number]"},
    },
}


class Editing:
    """Makes, replaces and removes settings, each in one transaction."""

    def __init__(self, settings: SettingsStore, units: Units, sealer: Sealer) -> None:
        self._settings = settings
        self._units = units
        self._sealer = sealer

    async def put(self, kind: SettingKind, setting: str, value: dict[str, Any], if_match: str | None) -> Document:
        """The setting as it is stored then, its secrets sealed.

        Raises:
            Problem: 412, 422 where `value` makes no sense.
        """

        async def work(unit: Unit) -> Document:
            current = await self._settings.get(kind, setting, unit)
            version = current["version"] if current else 0
            etags.check(if_match, version)
            parsed = parse_setting(kind, sealed(kind, value, current["value"] if current else None, self._sealer))
            await self._settings.check(kind, setting, parsed, unit)
            return await self._settings.put(kind, setting, parsed, version + 1, unit)

        return await self._units.run(work)

    async def remove(self, kind: SettingKind, setting: str, if_match: str | None) -> None:
        """Leave it out from now on.

        Raises:
            Problem: 404, 412, 409 where another setting uses it.
        """

        async def work(unit: Unit) -> None:
            current = await self._settings.get(kind, setting, unit)
            if current is None or current["removed"]:
                raise _not_there(kind, setting)
            etags.check(if_match, current["version"])
            await self._settings.check_unused(kind, setting, unit)
            await self._settings.put(kind, setting, None, current["version"] + 1, unit)

        await self._units.run(work)


def router(settings: SettingsStore, editing: Editing, auth: Auth) -> APIRouter:
    """Routes under /api/v1/settings."""
    routes = APIRouter(prefix="/api/v1/settings", tags=["settings"])
    Me = Annotated[Agent, Depends(auth.agent)]  # noqa: N806
    Admin = Annotated[Agent, Depends(auth.admin)]  # noqa: N806

    @routes.get("/{kind}")
    async def list_settings(kind: SettingKind, _: Me) -> list[dict[str, Any]]:
        """All settings of a kind. Secrets show as `********`."""
        return [_shown(one) for one in await settings.all(kind)]

    @routes.get("/{kind}/{setting}")
    async def get_setting(kind: SettingKind, setting: SettingId, response: Response, _: Me) -> dict[str, Any]:
        """A setting."""
        document = await settings.get(kind, setting)
        if document is None or document["removed"]:
            raise _not_there(kind, setting)
        response.headers["ETag"] = etags.etag(document["version"])
        return _shown(document)

    @routes.put("/{kind}/{setting}")
    async def put_setting(
        kind: SettingKind,
        setting: SettingId,
        value: Annotated[dict[str, Any], Body(openapi_examples=EXAMPLES)],
        response: Response,
        _: Admin,
        if_match: IfMatch = None,
    ) -> dict[str, Any]:
        """Make or replace a setting; every service hears of it within a second or two.

        Secrets (an account's `password`, `client_secret` and `refresh_token`, a door's `secret`) are encrypted before
        they are stored and are never shown again; `********` in their place keeps what is there, but not where an
        account's `host`, `port`, `security`, `user` or `token_url` changes: then the secrets that go there must be sent
        anew.
        """
        plain = {k: v for k, v in value.items() if k not in ("id", "version")}
        document = await editing.put(kind, setting, plain, if_match)
        response.headers["ETag"] = etags.etag(document["version"])
        return _shown(document)

    @routes.delete("/{kind}/{setting}", status_code=204)
    async def remove_setting(kind: SettingKind, setting: SettingId, _: Admin, if_match: IfMatch = None) -> None:
        """Remove a setting that nothing else uses."""
        await editing.remove(kind, setting, if_match)

    return routes


def _not_there(kind: SettingKind, setting: str) -> Problem:
    return Problem(404, "not-found", f"there is no {kind} {setting}")


def _shown(document: Document) -> dict[str, Any]:
    return {"id": document["id"], "version": document["version"], **hidden(document["kind"], document["value"])}
