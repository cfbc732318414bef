"""Wires the SLA service."""

import asyncio

from postroom_contracts.config import SettingChanged
from postroom_plumbing.service import Service, run
from postroom_plumbing.settings import load
from postroom_sla.api import router
from postroom_sla.handlers import TICKET_FACTS, Handlers
from postroom_sla.hearing import Hearing
from postroom_sla.settings import SlaSettings
from postroom_sla.store import Store
from postroom_sla.ticker import Ticker

ASK_SECONDS = 0.2


async def build(service: Service[SlaSettings]) -> None:
    """Put the parts together."""
    store = Store(service.database)
    hearing = Hearing()

    async def listening() -> None:
        while (await service.health.report())["kafka"] != "ok":  # noqa: ASYNC110 - health answers, it does not call
            await asyncio.sleep(ASK_SECONDS)

    service.on_start(store.prepare)
    service.consume("sla", [*TICKET_FACTS, SettingChanged], Handlers(store, service.view, hearing).handle)
    service.background(Ticker(store, service.units, hearing, listening).run)
    service.app.include_router(router(store, service.view, service.settings.internal_token))


def main() -> None:
    """Run the service until it is told to stop."""
    run("sla", load(SlaSettings), build)
