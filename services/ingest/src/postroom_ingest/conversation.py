"""Which ticket a mail belongs to: a decision on what is known, without I/O.

In order: a Message-ID of ours that the mail answers; a Message-ID we have seen, newest first; a Message-ID that another
mail answered before it came itself (its reply opened the ticket, now it joins); a ticket number in the subject from
somebody who takes part in that ticket; else a new ticket. Never by subject alone.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from postroom_contracts.contacts import Evidence
from postroom_ingest.ledger import Outcome

NUMBER = re.compile(r"\[#(\d{1,12})\]")
EXPECTED_IDS = 20
"""How many unknown references one mail may announce."""


@dataclass(frozen=True, slots=True)
class KnownId:
    """What is known of a Message-ID."""

    ticket: str
    contact: str | None = None
    """The contact that carries it; None when it was only referred to so far."""
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class KnownTicket:
    """What is known of a ticket."""

    id: str
    closed: bool
    participants: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Clues:
    """What a mail says about where it belongs."""

    message_id: str
    fingerprint: str
    sender: str
    subject: str
    answers: tuple[str, ...]
    """Message-IDs it answers, newest first."""
    own: tuple[str, ...] = ()
    """Tickets of the Message-IDs of ours among them, newest first."""


@dataclass(slots=True)
class Knowledge:
    """What is known while a batch is read; decisions of earlier mails are added for later ones."""

    ids: dict[str, KnownId] = field(default_factory=dict)
    tickets: dict[str, KnownTicket] = field(default_factory=dict)
    by_number: dict[int, str] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    """Message-IDs whose knowledge changed in this batch."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Where a mail goes."""

    outcome: Outcome
    ticket: str
    evidence: Evidence
    follows: str | None = None


def answered(references: Iterable[str], in_reply_to: Iterable[str]) -> tuple[str, ...]:
    """The ids a mail answers, newest first: In-Reply-To, then References from the end (RFC 5322 section 3.6.4)."""
    return tuple(dict.fromkeys([*in_reply_to, *reversed(tuple(references))]))


def ticket_numbers(subject: str) -> list[int]:
    """Ticket numbers a subject names, as Postroom writes them: `[#123]`."""
    return [int(number) for number in NUMBER.findall(subject)]


def decide(clues: Clues, knowledge: Knowledge, new_ticket: str, contact: str) -> Decision:
    """Where the mail of `contact` goes; `new_ticket` is the id it gets if it opens one. Adds to `knowledge`."""
    known = knowledge.ids.get(clues.message_id)
    if known is not None and known.contact is not None and known.fingerprint == clues.fingerprint:
        return Decision("duplicate", known.ticket, Evidence(kind="known-message", detail=clues.message_id))
    ticket, evidence = _find(clues, knowledge, known)
    follows = None
    if ticket is not None:
        of = knowledge.tickets.get(ticket)
        if of is not None and of.closed:
            ticket, follows = None, ticket
    decision = Decision("appended" if ticket else "new", ticket or new_ticket, evidence, follows)
    _learn(clues, knowledge, decision, contact)
    return decision


def _find(clues: Clues, knowledge: Knowledge, known: KnownId | None) -> tuple[str | None, Evidence]:
    if clues.own:
        return clues.own[0], Evidence(kind="own-token")
    for answer in clues.answers:
        if answer in knowledge.ids:
            return knowledge.ids[answer].ticket, Evidence(kind="known-message", detail=answer)
    if known is not None:
        kind = "expected-message" if known.contact is None else "known-message"
        return known.ticket, Evidence(kind=kind, detail=clues.message_id)
    for number in ticket_numbers(clues.subject):
        ticket = knowledge.by_number.get(number)
        if ticket is not None and clues.sender in knowledge.tickets[ticket].participants:
            return ticket, Evidence(kind="subject-number", detail=str(number))
    return None, Evidence(kind="none")


def _learn(clues: Clues, knowledge: Knowledge, decision: Decision, contact: str) -> None:
    existing = knowledge.ids.get(clues.message_id)
    if existing is None or existing.contact is None:
        knowledge.ids[clues.message_id] = KnownId(decision.ticket, contact, clues.fingerprint)
        knowledge.changed.add(clues.message_id)
    for answer in clues.answers[:EXPECTED_IDS]:
        if answer not in knowledge.ids:
            knowledge.ids[answer] = KnownId(decision.ticket)
            knowledge.changed.add(answer)
