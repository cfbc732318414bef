"""The notifier, wired."""

from postroom_contracts.config import SettingChanged
from postroom_contracts.outbound import ReplyRequested
from postroom_contracts.sla import ClocksSet
from postroom_contracts.tickets import TicketChanged, TicketOpened
from postroom_notifier.api import routes
from postroom_notifier.handlers import Handlers
from postroom_notifier.letters import Letters
from postroom_notifier.sender import Sender
from postroom_notifier.settings import NotifierSettings
from postroom_notifier.store import Store
from postroom_plumbing.service import Service, run
from postroom_plumbing.settings import load
from postroom_plumbing.wakeup import Wakeup

CONSUMED = (TicketOpened, TicketChanged, ClocksSet, ReplyRequested, SettingChanged)


async def build(service: Service[NotifierSettings]) -> None:
    """Add what makes a process the notifier."""
    settings = service.settings
    store = Store(service.database)
    wakeup = Wakeup(service.redis, settings, service.name, "outgoing")
    sender = Sender(store, service.units, settings.smarthost_url, wakeup)
    letters = Letters(settings.secret.get_secret_value(), settings.portal_url)
    handlers = Handlers(store, service.view, letters, wakeup)
    service.on_start(store.prepare)
    service.consume("notifier", CONSUMED, handlers.handle)
    service.background(wakeup.listen)
    service.background(sender.run)
    service.background(sender.keep_claims)
    service.on_stop(sender.stop)
    service.app.include_router(routes(store, service.units, wakeup, settings.internal_token))


def main() -> None:
    """Run the notifier until it is told to stop."""
    run("notifier", load(NotifierSettings), build)
