"""What the router does with events, a batch in a transaction at a time."""

from collections.abc import Sequence

from postroom_contracts import Event
from postroom_contracts.agents import AgentChanged
from postroom_contracts.tickets import TicketChanged, TicketMessageAdded, TicketOpened
from postroom_plumbing.settings_view import SettingsView
from postroom_plumbing.unit import Unit
from postroom_plumbing.wire import Received
from postroom_router.placing import Map, in_order
from postroom_router.projection import project
from postroom_router.row import AT_REST
from postroom_router.store import Store
from postroom_router.wake import Bell


class Handlers:
    """Places tickets and follows tickets and agents. Agents of the batch count before its tickets."""

    def __init__(self, store: Store, view: SettingsView, bell: Bell) -> None:
        self._store = store
        self._view = view
        self._bell = bell

    async def handle(self, batch: Sequence[Received[Event]], unit: Unit) -> None:
        news = await self._store.keep_agents(
            [one.event for one in batch if isinstance(one.event, AgentChanged)], unit.session
        )
        causes, facts = [], []
        for one in batch:
            if isinstance(one.event, TicketOpened | TicketMessageAdded | TicketChanged):
                causes.append(one)
                facts.append((one.event, unit.traces.get(one.id, one.traceparent)))
        rows = await self._store.rows({fact.ticket.id for fact, _ in facts}, unit.session) if facts else {}
        holders = {fact.ticket.agent for fact, _ in facts if fact.ticket.agent and fact.ticket.status not in AT_REST}
        available = await self._store.available(holders, unit.session)
        outcome = project(facts, rows, self._map(), available, unit.now)
        await self._store.save(outcome, unit.session)
        for placed in outcome.placed.values():
            unit.emit(placed.event, causes[placed.cause])
        if outcome.waiting:
            unit.wake(self._bell.waiting)
        if outcome.room or news:
            unit.wake(self._bell.room)

    def _map(self) -> Map:
        settings = self._view.current
        return Map(rules=in_order(settings.rule), mailboxes=settings.mailbox, queues=settings.queue)
