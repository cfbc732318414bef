"""Wires the router together."""

from postroom_contracts.agents import AgentChanged
from postroom_contracts.config import SettingChanged
from postroom_contracts.tickets import TicketChanged, TicketMessageAdded, TicketOpened
from postroom_plumbing.leases import Leases
from postroom_plumbing.service import Service, run
from postroom_plumbing.settings import load
from postroom_plumbing.wakeup import Wakeup
from postroom_router.api import api
from postroom_router.assigner import Assigner
from postroom_router.handlers import Handlers
from postroom_router.settings import RouterSettings
from postroom_router.store import Store
from postroom_router.wake import Bell

CONSUMED = (TicketOpened, TicketMessageAdded, TicketChanged, AgentChanged, SettingChanged)


async def build(service: Service[RouterSettings]) -> None:
    """Add what is the router's own to a process."""
    store = Store(service.database)
    service.on_start(store.prepare)
    bell = Bell(
        Wakeup(service.redis, service.settings, service.name, "waiting"),
        Wakeup(service.redis, service.settings, service.name, "room"),
    )
    leases = Leases(service.database, "assigner", ["all"])
    assigner = Assigner(store, service.units, service.view, leases, bell)
    service.consume("router", CONSUMED, Handlers(store, service.view, bell).handle)
    for task in (bell.waiting.listen, bell.room.listen, leases.keep, assigner.run):
        service.background(task)
    service.on_stop(assigner.stop)
    service.on_stop(leases.release)
    service.app.include_router(api(store, service.view, service.settings.internal_token))


def main() -> None:
    """Run a router process until it is told to stop."""
    run("router", load(RouterSettings), build)
