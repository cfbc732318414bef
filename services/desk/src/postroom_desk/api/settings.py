"""Routes of settings: mailboxes, queues, rules, policies, schedules, macros."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Path, Response

from postroom_contracts.config import SettingKind
from postroom_desk.api import etags
from postroom_desk.api.auth import Auth
from postroom_desk.people import Agent
from postroom_desk.settings_store import SettingsStore, parse_setting
from postroom_plumbing.mongo import Document
from postroom_plumbing.problems import Problem
from postroom_plumbing.unit import Unit, Units

SettingId = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_-]{0,60}$")]
IfMatch = Annotated[str | None, Header()]


def _shown(document: Document) -> dict[str, Any]:
    return {"id": document["id"], "version": document["version"], **document["value"]}


def router(settings: SettingsStore, units: Units, auth: Auth) -> APIRouter:
    """Routes under /api/v1/settings."""
    routes = APIRouter(prefix="/api/v1/settings", tags=["settings"])
    Me = Annotated[Agent, Depends(auth.agent)]  # noqa: N806
    Admin = Annotated[Agent, Depends(auth.admin)]  # noqa: N806

    @routes.get("/{kind}")
    async def list_settings(kind: SettingKind, _: Me) -> list[dict[str, Any]]:
        """All settings of a kind."""
        return [_shown(one) for one in await settings.all(kind)]

    @routes.get("/{kind}/{setting}")
    async def get_setting(kind: SettingKind, setting: SettingId, response: Response, _: Me) -> dict[str, Any]:
        """A setting."""
        document = await settings.get(kind, setting)
        if document is None or document["removed"]:
            raise Problem(404, "not-found", f"there is no {kind} {setting}")
        response.headers["ETag"] = etags.etag(document["version"])
        return _shown(document)

    @routes.put("/{kind}/{setting}")
    async def put_setting(
        kind: SettingKind,
        setting: SettingId,
        value: Annotated[dict[str, Any], Body()],
        response: Response,
        _: Admin,
        if_match: IfMatch = None,
    ) -> dict[str, Any]:
        """Make or replace a setting; every service hears of it within a second or two."""
        parsed = parse_setting(kind, {k: v for k, v in value.items() if k not in ("id", "version")})

        async def work(unit: Unit) -> Document:
            current = await settings.get(kind, setting, unit)
            version = current["version"] if current else 0
            etags.check(if_match, version)
            await settings.check(kind, setting, parsed, unit)
            return await settings.put(kind, setting, parsed, version + 1, unit)

        document = await units.run(work)
        response.headers["ETag"] = etags.etag(document["version"])
        return _shown(document)

    @routes.delete("/{kind}/{setting}", status_code=204)
    async def remove_setting(kind: SettingKind, setting: SettingId, _: Admin, if_match: IfMatch = None) -> None:
        """Remove a setting that nothing else uses."""

        async def work(unit: Unit) -> None:
            current = await settings.get(kind, setting, unit)
            if current is None or current["removed"]:
                raise Problem(404, "not-found", f"there is no {kind} {setting}")
            etags.check(if_match, current["version"])
            await settings.check_unused(kind, setting, unit)
            await settings.put(kind, setting, None, current["version"] + 1, unit)

        await units.run(work)

    return routes
