"""What analytics does with a batch of events."""

from collections.abc import Sequence

from postroom_analytics.projections import delta, fold_all
from postroom_analytics.store import Store
from postroom_contracts import Event
from postroom_contracts.agents import AgentChanged
from postroom_plumbing.unit import Unit
from postroom_plumbing.wire import Received


class Handlers:
    """Keeps facts, rollups and names."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def handle(self, batch: Sequence[Received[Event]], unit: Unit) -> None:
        """Fold a batch into the facts, and what that changes into the rollups."""
        agents = [one.event for one in batch if isinstance(one.event, AgentChanged)]
        events = [one.event for one in batch if not isinstance(one.event, AgentChanged)]
        if agents:
            await self._store.keep_agents(agents, unit.session)
        if events:
            before = await self._store.facts({event.key for event in events}, unit.session)
            after = fold_all(before, events)
            await self._store.save(after, delta(before, after), unit.session)
