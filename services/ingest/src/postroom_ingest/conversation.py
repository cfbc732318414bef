"""Which ticket a contact belongs to: a decision on what is known, without I/O.

In order: a mark of ours that was signed, in an address it was sent to or in a Message-ID it answers; a Message-ID we
have seen, newest first; a Message-ID that another mail answered before it came itself (its reply opened the ticket, now
it joins); the thread key of another channel; a ticket number in the subject; else a new ticket. Never by subject alone.
A signed mark proves that its sender has our mail. A Message-ID and a number prove nothing, since they can be copied:
they count only from who takes part in the ticket; a Message-ID also from who quotes the words of that mail.

Where the best of these is closed for longer than its mailbox says, the contact goes to the next that is not (so a
thread has one follow-up, not one for each further mail), else to a new ticket that follows it. What is for a merged
ticket goes to the one that took it over.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from postroom_contracts.contacts import Evidence
from postroom_ingest import flood
from postroom_ingest.evidence import Found, answered, live_ticket, merged, part_of, search, ticket_numbers
from postroom_ingest.known import (
    CAUSES,
    OUTCOMES,
    Cause,
    Clues,
    Copy,
    Decision,
    Knowledge,
    KnownId,
    KnownTicket,
    Opening,
    Outcome,
    Rules,
)
from postroom_ingest.participants import joined
from postroom_ingest.similar import alike, likeness, matter

__all__ = [
    "CAUSES",
    "OUTCOMES",
    "Cause",
    "Clues",
    "Copy",
    "Decision",
    "Knowledge",
    "KnownId",
    "KnownTicket",
    "Opening",
    "Outcome",
    "Rules",
    "answered",
    "decide",
    "live_ticket",
    "ticket_numbers",
]

EXPECTED_IDS = 20
"""How many unknown references one mail may announce."""
COPIES = 8
"""How many contacts under one Message-ID are told apart: the newest."""
SIMILAR_DAYS = 7
MOST_SIMILAR = 3
SIMILAR_TICKETS = 50
FLOOD_TICKETS = 600
"""How many of a customer's tickets are looked at, the newest: a program may have opened thousands."""
_NOWHERE = KnownId("")


def decide(clues: Clues, knowledge: Knowledge, rules: Rules, new_ticket: str, contact: str) -> Decision:
    """Where `contact` goes; `new_ticket` is the id it gets if it opens one. Adds to `knowledge`."""
    known = knowledge.ids.get(clues.message_id)
    again = _again(known, clues, knowledge)
    if again is not None:
        return again
    if not clues.released and (cause := _unwanted(clues, rules)) is not None:
        return Decision("set-aside", "", Evidence(kind="none"), cause=cause)
    found, refused = search(clues, knowledge, rules, known)
    decision = _placed(clues, knowledge, rules, found, new_ticket)
    words = flood.words(clues.text, clues.subject) if decision.outcome == "new" and not clues.imported else ""
    if not found:
        decision = _flood(clues, knowledge, rules, decision, words)
    if _is_loop(clues, knowledge, rules, decision):
        return Decision("set-aside", decision.ticket, decision.evidence, cause="loop")
    warnings = [*decision.warnings, *_warnings(clues, knowledge, rules, decision), *dict.fromkeys(refused.values())]
    similar = [ticket for ticket, warning in refused.items() if warning == "forged-reference"]
    about: frozenset[int] = frozenset()
    if decision.outcome == "new" and not clues.imported:
        about = matter(clues.subject, clues.text)
        similar += _similar(clues, knowledge, decision, about)
    decision = replace(decision, warnings=tuple(warnings), similar=tuple(dict.fromkeys(similar))[:MOST_SIMILAR])
    _learn(clues, knowledge, decision, contact)
    _learn_ticket(clues, knowledge, rules, decision, about, words)
    return decision


def _again(known: KnownId | None, clues: Clues, knowledge: Knowledge) -> Decision | None:
    """The decision on a mail that came before; where this time it is for another mailbox, that is worth telling."""
    if known is None:
        return None
    for copy in known.copies:
        if copy.fingerprint != clues.fingerprint:
            continue
        evidence = Evidence(kind="known-message", detail=clues.message_id)
        ticket = live_ticket(copy.ticket, knowledge.tickets)
        fresh = clues.mailboxes - copy.mailboxes
        if fresh:
            seen = replace(copy, mailboxes=copy.mailboxes | fresh)
            copies = tuple(seen if one is copy else one for one in known.copies)
            knowledge.learn_id(clues.message_id, replace(known, copies=copies))
        return Decision("duplicate", ticket, evidence, first=copy.contact, elsewhere=tuple(sorted(fresh)))
    return None


def _unwanted(clues: Clues, rules: Rules) -> Cause | None:
    if clues.own_mail:
        return "own-mail"
    if clues.spam and not clues.imported and clues.mailbox in rules.spam_aside:
        return "spam"
    return None


def _placed(clues: Clues, knowledge: Knowledge, rules: Rules, found: list[Found], new_ticket: str) -> Decision:
    """On the best ticket that is open to it, else on a new one that follows the best."""
    for ticket, evidence in found:
        if _takes_more(knowledge.tickets.get(ticket), clues, rules):
            return Decision("appended", ticket, evidence)
    if found:
        follows, evidence = found[0]
        return Decision("new", new_ticket, evidence, follows)
    return Decision("new", new_ticket, Evidence(kind="none"))


def _takes_more(ticket: KnownTicket | None, clues: Clues, rules: Rules) -> bool:
    """Whether an answer goes onto a ticket: it is not closed, or not for longer than its mailbox says."""
    if ticket is None or not ticket.closed:
        return True
    days = rules.reopen.get(ticket.mailbox or clues.mailbox)
    return days is not None and ticket.closed_at is not None and clues.received_at < ticket.closed_at + days


def _flood(clues: Clues, knowledge: Knowledge, rules: Rules, decision: Decision, words: str) -> Decision:
    """Onto the sender's newest ticket instead of one more, where there is too much of it."""
    if clues.imported or clues.released:
        return decision
    tickets = [knowledge.tickets[one] for one in knowledge.by_customer.get(clues.customer, [])[-FLOOD_TICKETS:]]
    own = [ticket for ticket in tickets if ticket.opening is not None and ticket.opening.sender == clues.sender]
    opened = [one for ticket in own if (one := ticket.opened()) is not None]
    mail = flood.Opened("", clues.received_at, clues.said_at, flood.topic(clues.subject), words)
    for one in flood.flooded(opened, mail, rules.caps):
        live = live_ticket(one.ticket, knowledge.tickets)
        if _takes_more(knowledge.tickets.get(live), clues, rules):
            evidence = merged(Evidence(kind="flood"), one.ticket, live)
            knowledge.count_grown(one.ticket, clues.said_at)
            return Decision("appended", live, evidence, warnings=("flood",))
    return decision


def _is_loop(clues: Clues, knowledge: Knowledge, rules: Rules, decision: Decision) -> bool:
    """Whether one more automatic mail on its ticket is one too many. A flood is one-sided, so it is no loop."""
    if clues.automatic is None or clues.imported or clues.released:
        return False
    if decision.outcome != "appended" or decision.evidence.kind == "flood":
        return False
    return flood.looping(knowledge.ticket(decision.ticket).automatic, clues.received_at, rules.caps)


def _warnings(clues: Clues, knowledge: Knowledge, rules: Rules, decision: Decision) -> Iterator[str]:
    if clues.forged_mark and decision.evidence.kind != "own-token":
        yield "forged-token"
    named_it = decision.evidence.kind in ("own-token", "known-message", "expected-message")
    if not named_it or clues.imported or clues.automatic is not None:
        return
    ticket = decision.follows or decision.ticket
    named = decision.evidence.merged_from or ticket
    if knowledge.ticket(named).participants and not part_of(clues, knowledge, rules, named, ticket):
        yield "new-participant"


def _similar(clues: Clues, knowledge: Knowledge, decision: Decision, about: frozenset[int]) -> tuple[str, ...]:
    """Open tickets that the same customer began of late about something alike, the likeliest first."""
    since = clues.received_at - timedelta(days=SIMILAR_DAYS)
    likely: list[tuple[float, datetime, str]] = []
    for one in knowledge.by_customer.get(clues.customer, [])[-SIMILAR_TICKETS:]:
        ticket = knowledge.tickets[one]
        opening = ticket.opening
        if opening is None or opening.at <= since or ticket.closed or ticket.merged_into or one == decision.follows:
            continue
        if alike(about, opening.matter):
            likely.append((likeness(about, opening.matter), opening.at, one))
    return tuple(one for _, _, one in sorted(likely, reverse=True)[:MOST_SIMILAR])


def _learn(clues: Clues, knowledge: Knowledge, decision: Decision, contact: str) -> None:
    """Remember the contact under its ids, and those it announces."""
    copy = Copy(contact, decision.ticket, clues.fingerprint, clues.mailboxes, clues.lines)
    existing = knowledge.ids.get(clues.message_id)
    if existing is None or not existing.copies:
        knowledge.learn_id(clues.message_id, KnownId(decision.ticket, (copy,)))
    else:
        knowledge.learn_id(clues.message_id, replace(existing, copies=(*existing.copies, copy)[-COPIES:]))
    for answer in _expected(clues.answers):
        if answer not in knowledge.ids:
            knowledge.learn_id(answer, KnownId(decision.ticket))
    if clues.thread_key is not None and knowledge.ids.get(clues.thread_key, _NOWHERE).ticket != decision.ticket:
        knowledge.learn_id(clues.thread_key, KnownId(decision.ticket))


def _learn_ticket(
    clues: Clues, knowledge: Knowledge, rules: Rules, decision: Decision, about: frozenset[int], words: str
) -> None:
    """Remember who takes part in the ticket, and how it began."""
    people = (clues.sender, clues.answer_to, *clues.others)
    if decision.follows is not None:
        knowledge.follow_up(decision.follows, decision.ticket)
    if decision.outcome == "new":
        opening = None
        if not clues.imported and clues.customer:  # those without an address are not one customer
            topic = flood.topic(clues.subject)
            opening = Opening(clues.customer, clues.received_at, topic, about, clues.said_at, clues.sender, words)
        knowledge.learn_opening(
            KnownTicket(
                decision.ticket,
                customer=clues.customer if clues.sender in rules.ours else clues.sender,
                mailbox=clues.mailbox,
                participants=joined(frozenset(), people, rules.ours),
                opening=opening,
            )
        )
    elif clues.automatic is None:  # a machine that was let through does not thereby take part
        knowledge.join(decision.ticket, people, rules.ours)
    if clues.automatic is not None and not clues.imported:
        knowledge.count_automatic(decision.ticket, clues.received_at)


def _expected(answers: tuple[str, ...]) -> tuple[str, ...]:
    """Those to announce: the newest, and the first of the thread, which mail programs keep longest."""
    return answers if len(answers) <= EXPECTED_IDS else (*answers[: EXPECTED_IDS - 1], answers[-1])
