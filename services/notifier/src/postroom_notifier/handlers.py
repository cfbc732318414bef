"""What happens when something happened: mails are queued in the transaction that took the events."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace

from postroom_contracts import Event
from postroom_contracts.config import Mailbox
from postroom_contracts.outbound import ReplyRequested
from postroom_contracts.sla import ClocksSet
from postroom_contracts.tickets import TicketOpened
from postroom_notifier.addresses import usable
from postroom_notifier.caps import WINDOW, Acknowledged
from postroom_notifier.dedup import outgoing_id
from postroom_notifier.domain import Memory, remember_all, solves
from postroom_notifier.letters import Letter, Letters
from postroom_notifier.outgoing import Outgoing, event
from postroom_notifier.store import Store
from postroom_plumbing.settings_view import SettingsView
from postroom_plumbing.unit import Unit
from postroom_plumbing.wakeup import Wakeup
from postroom_plumbing.wire import Received

Batch = Sequence[Received[Event]]
Caused = list[tuple[Letter, Received[Event]]]
Facts = Sequence[tuple[str, Received[Event]]]


class Handlers:
    """Feeds batches through the decisions; `wakeup` is for the sender, when there is mail to send."""

    def __init__(self, store: Store, view: SettingsView, letters: Letters, wakeup: Wakeup) -> None:
        self._store = store
        self._view = view
        self._letters = letters
        self._wakeup = wakeup

    async def handle(self, batch: Batch, unit: Unit) -> None:
        """One batch, in one transaction."""
        facts = [(ticket, one) for one in batch if (ticket := _ticket(one.event)) is not None]
        memories = await self._store.memories({ticket for ticket, _ in facts}, unit.session) if facts else {}
        replies = await self._new_replies(batch, unit)
        named = _named(facts, memories, [reply for reply, _ in replies.values()])
        mailboxes = await self._mailboxes(named, unit)
        changed, wanted = remember_all(memories, [(ticket, one.event) for ticket, one in facts], mailboxes)
        letters: Caused = [(self._letters.automatic(mail, unit.now), facts[index][1]) for index, mail in wanted]
        letters = await self._within_caps(letters, unit)
        for reply, cause in replies.values():
            letters.append((self._letters.reply(reply, mailboxes.get(reply.mailbox), unit.now), cause))
        await self._store.save(changed.values(), [_traced(*one, unit) for one in letters], unit.session)
        for letter, cause in letters:
            for told in letter.told:
                unit.emit(event(letter.outgoing, told, unit.now), cause=cause)
        if letters:
            unit.wake(self._wakeup)

    async def _new_replies(self, batch: Batch, unit: Unit) -> dict[str, tuple[ReplyRequested, Received[Event]]]:
        """The replies of the batch that are not queued yet, by the id of their mail."""
        asked = {
            outgoing_id("reply", one.event.message): (one.event, one)
            for one in batch
            if isinstance(one.event, ReplyRequested)
        }
        known = await self._store.existing(asked, unit.session) if asked else set()
        return {outgoing: reply for outgoing, reply in asked.items() if outgoing not in known}

    async def _within_caps(self, letters: Caused, unit: Unit) -> Caused:
        """Without the acknowledgements that would be too many for their recipient."""
        recipients = {letter.outgoing.to[0] for letter, _ in letters if letter.outgoing.kind == "acknowledgement"}
        if not recipients:
            return letters
        sent = Acknowledged(await self._store.acknowledged(recipients, unit.now - WINDOW, unit.session))
        return [(letter, cause) for letter, cause in letters if sent.allows(letter.outgoing)]

    async def _mailboxes(self, needed: Set[str], unit: Unit) -> dict[str, Mailbox]:
        """The mailboxes that can send. The view may be a second old, so those it lacks are looked up."""
        known = self._view.current.mailbox
        missing = needed - known.keys()
        found = await self._store.mailboxes(missing, unit.session) if missing else {}
        return {one: mailbox for one, mailbox in {**known, **found}.items() if usable(mailbox.address)}


def _ticket(event: Event) -> str | None:
    """The ticket of an event that says something about acknowledgements or surveys."""
    if isinstance(event, TicketOpened) or solves(event):
        return event.key
    return event.ticket if isinstance(event, ClocksSet) else None


def _named(facts: Facts, memories: Mapping[str, Memory], replies: Iterable[ReplyRequested]) -> set[str]:
    """The mailboxes that mails of this batch may be sent from."""
    opened = {one.event.ticket.mailbox for _, one in facts if isinstance(one.event, TicketOpened)}
    remembered = {memory.opened.mailbox for memory in memories.values() if memory.opened is not None}
    return opened | remembered | {reply.mailbox for reply in replies}


def _traced(letter: Letter, cause: Received[Event], unit: Unit) -> Outgoing:
    """The mail with the trace that sending it continues."""
    return replace(letter.outgoing, traceparent=unit.traces.get(cause.id, cause.traceparent))
