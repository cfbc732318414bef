"""What is known when a contact has to find its ticket, and what a decision says: plain values.

`Knowledge` is loaded for a batch and grows with each decision, so that the second of two mails that came together
knows of the first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, get_args

from postroom_contracts.config import Mailbox
from postroom_contracts.contacts import Evidence
from postroom_contracts.values import Automatic
from postroom_ingest.flood import Caps, Opened
from postroom_ingest.participants import joined
from postroom_plumbing.addresses import spellings

Outcome = Literal["new", "appended", "duplicate", "set-aside"]
"""What becomes of an accepted contact."""
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

Cause = Literal["own-mail", "spam", "loop"]
"""Why a contact was set aside: it is a mail of ours that came back; the mail server in front called it spam; machines
answer each other on its ticket."""
CAUSES: tuple[Cause, ...] = get_args(Cause)


@dataclass(frozen=True, slots=True)
class Clues:
    """What a contact says about where it belongs. Addresses are in lower case."""

    message_id: str
    fingerprint: str
    sender: str
    subject: str
    answers: tuple[str, ...]
    """Message-IDs it answers, newest first."""
    received_at: datetime
    mailbox: str
    also: tuple[str, ...] = ()
    """Other mailboxes that got it with the same envelope."""
    own: tuple[str, ...] = ()
    """Tickets that signed marks of ours in it name: in the addresses it was sent to, then in what it answers."""
    forged_mark: bool = False
    """Whether there is a mark in it that looks like ours and was not signed by us."""
    own_mail: bool = False
    """Whether it is a mail of ours that came back: its own Message-ID is signed by us."""
    forged_sender: bool = False
    """Whether the domain of its sender disowns it: DMARC failed."""
    thread_key: str | None = None
    """For other channels than mail: the channel, the mailbox and the key of the conversation in one.

    It is kept beside the Message-IDs, in which there is never a space.
    """
    others: tuple[str, ...] = ()
    """Everybody else on it: Reply-To, To, Cc."""
    answer_to: str = ""
    """Whom an answer goes to, where that is not the sender: relays and forms send for many."""
    automatic: Automatic | None = None
    spam: bool = False
    """Whether the mail server in front called it spam."""
    imported: bool = False
    released: bool = False
    """Whether an agent let it in after it had been set aside."""
    text: str = ""
    """Its own words; enough of them to tell what it is about."""
    lines: frozenset[int] = frozenset()
    """Of its own words, what is remembered to recognise who quotes them: see `quoting`."""
    quoted: frozenset[int] = frozenset()
    """All its lines, where it answers anything."""
    sent_at: datetime | None = None
    """What its Date field says."""

    @property
    def said_at(self) -> datetime:
        """When it was written, as far as that can be believed: mail that was held up somewhere comes all at once."""
        return min(self.sent_at, self.received_at) if self.sent_at else self.received_at

    @property
    def customer(self) -> str:
        """Whoever is behind it."""
        return self.answer_to or self.sender

    @property
    def mailboxes(self) -> frozenset[str]:
        return frozenset((self.mailbox, *self.also))


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings say."""

    agents: frozenset[str] = frozenset()
    """Addresses of agents, in lower case: they take part in every ticket."""
    ours: frozenset[str] = frozenset()
    """Addresses of mailboxes, in all spellings, and agents, in lower case."""
    reopen: Mapping[str, timedelta] = field(default_factory=dict)
    """For how long after it was closed a ticket of a mailbox is reopened by an answer."""
    spam_aside: frozenset[str] = frozenset()
    """Mailboxes whose spam is set aside."""
    caps: Caps = field(default_factory=Caps)


def own_addresses(mailboxes: Mapping[str, Mailbox], agents: Iterable[str]) -> frozenset[str]:
    """Addresses of agents, and of mailboxes in all spellings."""
    return frozenset(agents).union(*(spellings(one.address) for one in mailboxes.values()))


def rules_from(mailboxes: Mapping[str, Mailbox], agents: Iterable[str], caps: Caps) -> Rules:
    """The rules of these settings; `agents` are their addresses."""
    return Rules(
        agents=frozenset(agents),
        ours=own_addresses(mailboxes, agents),
        reopen={name: timedelta(days=one.reopen_days) for name, one in mailboxes.items() if one.reopen_days},
        spam_aside=frozenset(name for name, one in mailboxes.items() if one.spam == "set-aside"),
        caps=caps,
    )


@dataclass(frozen=True, slots=True)
class Copy:
    """A contact that came under a Message-ID; the same id may carry several that differ."""

    contact: str
    ticket: str
    fingerprint: str
    mailboxes: frozenset[str]
    lines: frozenset[int] = frozenset()
    """What is remembered of its words."""


@dataclass(frozen=True, slots=True)
class KnownId:
    """What is known of a Message-ID or a thread key."""

    ticket: str
    """Where what answers it goes."""
    copies: tuple[Copy, ...] = ()
    """What came under it; empty when it was only referred to so far."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How a ticket began, kept to see floods and second tickets about one matter."""

    customer: str
    at: datetime
    topic: str
    matter: frozenset[int]
    said_at: datetime
    sender: str
    """Who sent it; the customer may be another, where a form writes for many."""
    words: str = ""
    """What stands for its words; empty on tickets from before this was kept."""


@dataclass(frozen=True, slots=True)
class KnownTicket:
    """What is known of a ticket."""

    id: str
    closed: bool = False
    closed_at: datetime | None = None
    customer: str = ""
    """Address of the customer; empty while nobody said."""
    mailbox: str | None = None
    participants: frozenset[str] = frozenset()
    merged_into: str | None = None
    followed_by: str | None = None
    """The ticket that went on from it when it was closed."""
    opening: Opening | None = None
    automatic: tuple[datetime, ...] = ()
    """When automatic mail was added of late."""
    grown: tuple[datetime, ...] = ()
    """When mail was put onto it because there was too much of it."""

    def opened(self) -> Opened | None:
        """How it counts in a flood."""
        if self.opening is None:
            return None
        began = self.opening
        return Opened(self.id, began.at, began.said_at, began.topic, began.words, self.grown)


@dataclass(slots=True)
class Learned:
    """What is new about a ticket since it was loaded."""

    opened: bool = False
    participants: set[str] = field(default_factory=set)
    automatic: list[datetime] = field(default_factory=list)
    grown: list[datetime] = field(default_factory=list)
    followed_by: str | None = None


@dataclass(slots=True)
class Knowledge:
    """What is known while a batch is read; decisions of earlier contacts are added for later ones."""

    ids: dict[str, KnownId] = field(default_factory=dict)
    tickets: dict[str, KnownTicket] = field(default_factory=dict)
    by_number: dict[int, str] = field(default_factory=dict)
    by_customer: dict[str, list[str]] = field(default_factory=dict)
    """Tickets that a customer opened of late, the newest last."""
    changed: set[str] = field(default_factory=set)
    """Message-IDs whose knowledge changed in this batch."""
    learned: dict[str, Learned] = field(default_factory=dict)
    """By ticket, what changed in this batch."""

    def ticket(self, ticket: str) -> KnownTicket:
        """What is known of a ticket, if only its id."""
        return self.tickets.get(ticket) or KnownTicket(ticket)

    def learn_id(self, message_id: str, known: KnownId) -> None:
        self.ids[message_id] = known
        self.changed.add(message_id)

    def learn_opening(self, ticket: KnownTicket) -> None:
        """A ticket that begins now."""
        self.tickets[ticket.id] = ticket
        self.learned[ticket.id] = Learned(opened=True, participants=set(ticket.participants))
        if ticket.opening is not None:
            self.by_customer.setdefault(ticket.opening.customer, []).append(ticket.id)

    def join(self, ticket: str, newcomers: Iterable[str], ours: frozenset[str]) -> None:
        """These take part in a ticket from now on."""
        known = self.ticket(ticket)
        participants = joined(known.participants, newcomers, ours)
        if participants is not known.participants:
            self.learned.setdefault(ticket, Learned()).participants |= participants - known.participants
            self.tickets[ticket] = replace(known, participants=participants)

    def follow_up(self, closed: str, ticket: str) -> None:
        """A ticket goes on from a closed one."""
        self.tickets[closed] = replace(self.ticket(closed), followed_by=ticket)
        self.learned.setdefault(closed, Learned()).followed_by = ticket

    def count_automatic(self, ticket: str, at: datetime) -> None:
        """An automatic mail was added to a ticket."""
        known = self.ticket(ticket)
        self.tickets[ticket] = replace(known, automatic=(*known.automatic, at))
        self.learned.setdefault(ticket, Learned()).automatic.append(at)

    def count_grown(self, ticket: str, at: datetime) -> None:
        """A mail was put onto a ticket because there was too much of it."""
        known = self.ticket(ticket)
        self.tickets[ticket] = replace(known, grown=(*known.grown, at))
        self.learned.setdefault(ticket, Learned()).grown.append(at)


@dataclass(frozen=True, slots=True)
class Decision:
    """Where a contact goes."""

    outcome: Outcome
    ticket: str
    """The ticket it is on; of what was set aside the one it was for, if any, else empty."""
    evidence: Evidence
    follows: str | None = None
    cause: Cause | None = None
    """Why it was set aside."""
    warnings: tuple[str, ...] = ()
    similar: tuple[str, ...] = ()
    first: str | None = None
    """Of a duplicate: the contact that came first."""
    elsewhere: tuple[str, ...] = ()
    """Of a duplicate: mailboxes that did not have it yet."""
