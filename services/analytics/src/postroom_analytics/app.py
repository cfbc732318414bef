"""Builds the process."""

from postroom_analytics.api import api
from postroom_analytics.handlers import Handlers
from postroom_analytics.projections import FACT_EVENTS
from postroom_analytics.settings import AnalyticsSettings
from postroom_analytics.store import Store
from postroom_contracts.agents import AgentChanged
from postroom_contracts.config import SettingChanged
from postroom_plumbing.leases import Leases
from postroom_plumbing.service import Service, run
from postroom_plumbing.settings import load

WRITERS = tuple(f"{number}" for number in range(8))
"""Each process writes rollups of its own, so that no two ever wait for each other; questions add up all of them."""


async def build(service: Service[AnalyticsSettings]) -> None:
    """Wire the service."""
    leases = Leases(service.database, "writer", WRITERS)
    store = Store(service.database, writer=lambda: min(leases.held(), default="spare"))
    service.on_start(store.prepare)
    service.background(leases.keep)
    service.consume("analytics", [*FACT_EVENTS, AgentChanged, SettingChanged], Handlers(store).handle)
    service.app.include_router(api(store, service.view, service.settings))


def main() -> None:
    """Run analytics until it is told to stop."""
    run("analytics", load(AnalyticsSettings), build)
