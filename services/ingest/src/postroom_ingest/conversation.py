"""Which ticket a mail belongs to: a decision on what is known, without I/O.

In order: a Message-ID of ours that the mail answers; a Message-ID we have seen, newest first; a Message-ID that another
mail answered before it came itself (its reply opened the ticket, now it joins); a ticket number in the subject from
somebody who takes part in that ticket; else a new ticket. Never by subject alone. Where the best of these is closed,
the mail goes to the next that is not (so a thread has one follow-up, not one for each further mail), else to a new
ticket that follows it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from postroom_contracts.contacts import Evidence

Outcome = Literal["new", "appended", "duplicate", "set-aside"]
"""What becomes of an accepted mail."""
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

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
    found = list(_find(clues, knowledge, known))
    ticket, evidence = next((one for one in found if not _closed(one[0], knowledge)), (None, Evidence(kind="none")))
    follows = None
    if ticket is None and found:
        follows, evidence = found[0]
    decision = Decision("appended" if ticket else "new", ticket or new_ticket, evidence, follows)
    _learn(clues, knowledge, decision, contact)
    return decision


def _closed(ticket: str, knowledge: Knowledge) -> bool:
    return ticket in knowledge.tickets and knowledge.tickets[ticket].closed


def _find(clues: Clues, knowledge: Knowledge, known: KnownId | None) -> Iterator[tuple[str, Evidence]]:
    """The tickets a mail may belong to, the best first. A number counts only where nothing else does."""
    threaded = False
    for own in clues.own:
        threaded = True
        yield own, Evidence(kind="own-token")
    for answer in clues.answers:
        if answer in knowledge.ids:
            threaded = True
            yield knowledge.ids[answer].ticket, Evidence(kind="known-message", detail=answer)
    if known is not None:
        threaded = True
        kind = "expected-message" if known.contact is None else "known-message"
        yield known.ticket, Evidence(kind=kind, detail=clues.message_id)
    for number in () if threaded else ticket_numbers(clues.subject):
        ticket = knowledge.by_number.get(number)
        if ticket is not None and clues.sender in knowledge.tickets[ticket].participants:
            yield ticket, Evidence(kind="subject-number", detail=str(number))


def _learn(clues: Clues, knowledge: Knowledge, decision: Decision, contact: str) -> None:
    existing = knowledge.ids.get(clues.message_id)
    if existing is None or existing.contact is None:
        knowledge.ids[clues.message_id] = KnownId(decision.ticket, contact, clues.fingerprint)
        knowledge.changed.add(clues.message_id)
    for answer in _expected(clues.answers):
        if answer not in knowledge.ids:
            knowledge.ids[answer] = KnownId(decision.ticket)
            knowledge.changed.add(answer)
    for answer in clues.answers if decision.follows is not None else ():
        if answer in knowledge.ids and _closed(knowledge.ids[answer].ticket, knowledge):
            knowledge.ids[answer] = replace(knowledge.ids[answer], ticket=decision.ticket)
            knowledge.changed.add(answer)


def _expected(answers: tuple[str, ...]) -> tuple[str, ...]:
    """Those to announce: the newest, and the first of the thread, which mail programs keep longest."""
    return answers if len(answers) <= EXPECTED_IDS else (*answers[: EXPECTED_IDS - 1], answers[-1])
