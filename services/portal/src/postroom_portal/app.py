"""Builds the process."""

from collections.abc import Sequence

from fastapi.staticfiles import StaticFiles

from postroom_contracts import Event
from postroom_contracts.config import SettingChanged
from postroom_plumbing.service import Service, run
from postroom_plumbing.settings import load
from postroom_plumbing.unit import Unit
from postroom_plumbing.wire import Received
from postroom_portal.pages import Pages
from postroom_portal.protection import Protection
from postroom_portal.settings import PortalSettings
from postroom_portal.site import site
from postroom_portal.store import Answers, Limits
from postroom_portal.troubles import add_troubles


async def _only_settings(_: Sequence[Received[Event]], __: Unit) -> None:
    """Settings are kept by the plumbing; nothing else is consumed."""


async def build(service: Service[PortalSettings]) -> None:
    """Wire the service."""
    pages = Pages()
    answers = Answers(service.database, service.units)
    limits = Limits(service.redis, service.settings.namespace)
    service.on_start(answers.prepare)
    service.consume("portal", [SettingChanged], _only_settings)
    service.app.include_router(site(pages, answers, limits, service.view, service.settings.secret))
    service.app.mount("/static", StaticFiles(packages=[("postroom_portal", "static")]))
    service.app.add_middleware(Protection)
    add_troubles(service.app, pages)


def main() -> None:
    """Run the portal until it is told to stop."""
    run("portal", load(PortalSettings), build)
