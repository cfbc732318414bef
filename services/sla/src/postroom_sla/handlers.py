"""What the service does with what it consumes."""

import logging
from collections.abc import Sequence
from functools import partial

from postroom_contracts import Event
from postroom_contracts.tickets import TicketChanged, TicketMessageAdded, TicketOpened
from postroom_plumbing import measures
from postroom_plumbing.settings_view import SettingsView
from postroom_plumbing.unit import Unit
from postroom_plumbing.wire import Received
from postroom_sla.firing import Fired
from postroom_sla.following import TicketFact, follow
from postroom_sla.hearing import Hearing
from postroom_sla.promises import Promises
from postroom_sla.store import Store

log = logging.getLogger(__name__)

TICKET_FACTS: tuple[type[TicketFact], ...] = (TicketOpened, TicketMessageAdded, TicketChanged)


class Handlers:
    """Follows tickets with their clocks."""

    def __init__(self, store: Store, view: SettingsView, hearing: Hearing) -> None:
        self._store = store
        self._view = view
        self._hearing = hearing

    async def handle(self, batch: Sequence[Received[Event]], unit: Unit) -> None:
        """Set, pause, resume and meet the clocks of the tickets in the batch."""
        facts = [(one, one.event) for one in batch if isinstance(one.event, TICKET_FACTS)]
        known = await self._store.load({event.ticket.id for _, event in facts}, unit.session)
        promises = Promises(self._view.current.policy, self._view.current.schedule)
        states = dict(known)
        for received, event in facts:
            before = states.get(event.ticket.id)
            if before is None and not isinstance(event, TicketOpened):
                log.warning("no opening was seen of this ticket", extra={"ticket": event.ticket.id})
            followed = follow(before, event, promises, unit.now)
            if followed is None:
                continue
            states[event.ticket.id] = followed.state
            for stated in followed.events:
                unit.emit(stated, cause=received)
            unit.after(partial(measure, followed.fired))
        changed = [(known.get(ticket), state) for ticket, state in states.items() if state is not known.get(ticket)]
        await self._store.save(changed, unit.session)
        self._hearing.heard(min(event.at for _, event in facts), unit.now)


def measure(fired: Sequence[Fired]) -> None:
    """Record what clocks said, and how late."""
    for one in fired:
        kind = {"metric": one.moment.metric, "kind": one.moment.kind}
        measures.clocks_fired.add(1, kind)
        measures.clock_delay.record((one.event.at - one.moment.at).total_seconds(), kind)
