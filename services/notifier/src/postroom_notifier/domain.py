"""Who is to be told what: what is known of each ticket, and the mails that follow from it. Pure."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from datetime import datetime

from postroom_contracts import Event
from postroom_contracts.config import Mailbox
from postroom_contracts.delivery import MailKind
from postroom_contracts.sla import ClocksSet
from postroom_contracts.tickets import TicketChanged, TicketOpened
from postroom_contracts.values import Party
from postroom_notifier.addresses import is_no_reply, is_system, usable
from postroom_plumbing.addresses import canonical


@dataclass(frozen=True, slots=True)
class Opened:
    """How a ticket was opened, as far as answering it goes."""

    number: int
    subject: str
    mailbox: str
    language: str | None
    reply_to: Party
    customer: str
    """The customer's address, which need not be the one to answer to."""
    message_id: str | None
    references: tuple[str, ...]
    by_machine: bool
    """Automatic (RFC 3834) or imported: no machine answers it."""

    @property
    def chain(self) -> tuple[str, ...]:
        """The References of an answer to the opening message (RFC 5322 section 3.6.4)."""
        above = tuple(one for one in self.references if one != self.message_id)
        return (*above, self.message_id) if self.message_id else above


@dataclass(frozen=True, slots=True)
class Promise:
    """What a ticket's first clocks in a queue said of the first answer; `due_at` is None when they promised none."""

    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Memory:
    """All the notifier remembers of a ticket."""

    ticket: str
    opened: Opened | None = None
    promise: Promise | None = None
    decided: frozenset[MailKind] = frozenset()
    """The once-a-ticket mails that were decided on, whether they were wanted or not: never decided on again."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A mail to write about a ticket."""

    kind: MailKind
    ticket: str
    opened: Opened
    mailbox: Mailbox
    due_at: datetime | None = None


def remember(memory: Memory, event: Event, mailboxes: Mapping[str, Mailbox]) -> tuple[Memory, Wanted | None]:
    """What is known after `event`, and the mail it gives reason for. An event that came before changes nothing."""
    memory = _learned(memory, event)
    opened, promise = memory.opened, memory.promise
    if opened is None:
        return memory, None
    if promise is not None and "acknowledgement" not in memory.decided:
        memory = replace(memory, decided=memory.decided | {"acknowledgement"})
        return memory, _acknowledgement(memory.ticket, opened, promise, mailboxes)
    if solves(event) and "survey" not in memory.decided:
        memory = replace(memory, decided=memory.decided | {"survey"})
        return memory, _survey(memory.ticket, opened, mailboxes)
    return memory, None


def remember_all(
    memories: Mapping[str, Memory], events: Iterable[tuple[str, Event]], mailboxes: Mapping[str, Mailbox]
) -> tuple[dict[str, Memory], list[tuple[int, Wanted]]]:
    """Fold a batch of (ticket, event): the memories that changed, and each wanted mail with its event's index."""
    current = dict(memories)
    wanted: list[tuple[int, Wanted]] = []
    for index, (ticket, event) in enumerate(events):
        current[ticket], mail = remember(current.get(ticket, Memory(ticket)), event, mailboxes)
        if mail is not None:
            wanted.append((index, mail))
    changed = {ticket: memory for ticket, memory in current.items() if memories.get(ticket) != memory}
    return changed, wanted


def _learned(memory: Memory, event: Event) -> Memory:
    if isinstance(event, TicketOpened) and memory.opened is None:
        return replace(memory, opened=_opened(event))
    if isinstance(event, ClocksSet) and event.queue is not None and memory.promise is None:
        return replace(memory, promise=_promise(event))
    return memory


def _opened(event: TicketOpened) -> Opened:
    return Opened(
        number=event.ticket.number,
        subject=event.ticket.subject,
        mailbox=event.ticket.mailbox,
        language=event.ticket.language,
        reply_to=event.reply_to,
        customer=event.ticket.customer.address,
        message_id=event.message.message_id,
        references=event.references,
        by_machine=event.automatic is not None or event.imported,
    )


def _promise(event: ClocksSet) -> Promise:
    running = (clock for clock in event.clocks if clock.metric == "first_reply" and clock.state == "running")
    return Promise(next((clock.due_at for clock in running), None))


def solves(event: Event) -> bool:
    """Whether `event` made its ticket solved."""
    if not isinstance(event, TicketChanged):
        return False
    status = event.changes.get("status")
    return status is not None and status.new == "solved"


def _acknowledgement(ticket: str, opened: Opened, promise: Promise, mailboxes: Mapping[str, Mailbox]) -> Wanted | None:
    mailbox = mailboxes.get(opened.mailbox)
    if mailbox is None or not mailbox.acknowledge or not may_answer(opened, own_addresses(mailboxes)):
        return None
    return Wanted("acknowledgement", ticket, opened, mailbox, promise.due_at)


def _survey(ticket: str, opened: Opened, mailboxes: Mapping[str, Mailbox]) -> Wanted | None:
    mailbox = mailboxes.get(opened.mailbox)
    if mailbox is None or not may_answer(opened, own_addresses(mailboxes)):
        return None
    return Wanted("survey", ticket, opened, mailbox)


def own_addresses(mailboxes: Mapping[str, Mailbox]) -> Set[str]:
    """The addresses at which we receive mail ourselves, in their canonical spelling."""
    return frozenset(canonical(mailbox.address) for mailbox in mailboxes.values())


def may_answer(opened: Opened, own: Set[str]) -> bool:
    """Whether a machine may write to whoever opened the ticket, so that no two machines ever talk (RFC 3834 section 2).

    A form that writes as no-reply and names the customer in Reply-To is answered; a mailer-daemon never is.
    """
    address = opened.reply_to.address
    if opened.by_machine or usable(address) is None or is_no_reply(address):
        return False
    people = (canonical(address.strip()), canonical(opened.customer.strip()))
    return not any(one in own or is_system(one) for one in people)
