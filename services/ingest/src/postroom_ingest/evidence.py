"""Which tickets a contact names, and which of them it may join. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from postroom_contracts.contacts import Evidence
from postroom_ingest.known import Clues, Knowledge, KnownId, KnownTicket, Rules
from postroom_ingest.participants import takes_part

NUMBER = re.compile(r"\[#(\d{1,12})\]")
Found = tuple[str, Evidence]


def answered(references: Iterable[str], in_reply_to: Iterable[str]) -> tuple[str, ...]:
    """The ids a mail answers, newest first: In-Reply-To, then References from the end (RFC 5322 section 3.6.4)."""
    return tuple(dict.fromkeys([*in_reply_to, *reversed(tuple(references))]))


def ticket_numbers(subject: str) -> list[int]:
    """Ticket numbers a subject names, as Postroom writes them: `[#123]`, in any script's digits and of any width."""
    return [int(number) for number in NUMBER.findall(unicodedata.normalize("NFKC", subject))]


def live_ticket(ticket: str, tickets: dict[str, KnownTicket]) -> str:
    """Where what is for `ticket` goes: the end of the chain of merges, or `ticket` itself where that is a circle."""
    seen = {ticket}
    at = ticket
    while (known := tickets.get(at)) is not None and known.merged_into is not None:
        at = known.merged_into
        if at in seen:
            return ticket
        seen.add(at)
    return at


class Named(NamedTuple):
    """A ticket that a contact names."""

    ticket: str
    evidence: Evidence
    proof: bool
    """Whether naming it is enough."""
    warning: str | None = None
    """What it is called where it was not enough."""
    lines: frozenset[int] = frozenset()
    """What is remembered of the words of the message it was named by."""


def search(
    clues: Clues, knowledge: Knowledge, rules: Rules, known: KnownId | None
) -> tuple[list[Found], dict[str, str]]:
    """What counts, the best first; and the tickets that were named in vain, with what that is called."""
    found: list[Found] = []
    refused: dict[str, str] = {}
    for named in _named(clues, knowledge, known):
        live = live_ticket(named.ticket, knowledge.tickets)
        seen = not named.lines.isdisjoint(clues.quoted)
        if named.proof or seen or part_of(clues, knowledge, rules, named.ticket, live):
            found.extend(_places(live, merged(named.evidence, named.ticket, live), knowledge))
        elif named.warning is not None:
            refused.setdefault(live, named.warning)
    for number in () if found else ticket_numbers(clues.subject):
        ticket = knowledge.by_number.get(number)
        if ticket is None:
            continue
        live = live_ticket(ticket, knowledge.tickets)
        if part_of(clues, knowledge, rules, ticket, live):
            evidence = Evidence(kind="subject-number", detail=str(number))
            found.extend(_places(live, merged(evidence, ticket, live), knowledge))
        else:
            refused.setdefault(live, "forged-reference")
    return found, {} if found else refused


def _named(clues: Clues, knowledge: Knowledge, known: KnownId | None) -> Iterator[Named]:
    """The tickets a contact names, the best first."""
    trusted = clues.imported
    for own in clues.own:
        yield Named(own, Evidence(kind="own-token"), True)
    for answer in clues.answers:
        if answer in knowledge.ids:
            one = knowledge.ids[answer]
            warning = "forged-reference" if one.copies else None
            for ticket in _tickets_of(one):
                lines = _lines_of(one, ticket)
                yield Named(ticket, Evidence(kind="known-message", detail=answer), trusted, warning, lines)
    if known is not None:
        evidence = Evidence(kind="known-message" if known.copies else "expected-message", detail=clues.message_id)
        warning = "repeated-message-id" if known.copies else None
        for ticket in _tickets_of(known):  # whoever was answered before they were heard belongs to the answer
            yield Named(ticket, evidence, trusted or not known.copies, warning)
    if clues.thread_key is not None and clues.thread_key in knowledge.ids:
        evidence = Evidence(kind="same-conversation", detail=clues.thread_key)
        yield Named(knowledge.ids[clues.thread_key].ticket, evidence, True)


def _places(live: str, evidence: Evidence, knowledge: Knowledge) -> Iterator[Found]:
    """A ticket and those that followed it when it was closed, the last of them first."""
    chain = [live]
    while (after := knowledge.ticket(chain[-1]).followed_by) is not None:
        after = live_ticket(after, knowledge.tickets)
        if after in chain:
            break
        chain.append(after)
    return ((ticket, evidence) for ticket in reversed(chain))


def _tickets_of(known: KnownId) -> Iterable[str]:
    """Where an id leads; more than one place where strangers' programs give the same id twice."""
    return dict.fromkeys((known.ticket, *(copy.ticket for copy in known.copies)))


def _lines_of(known: KnownId, ticket: str) -> frozenset[int]:
    """What is remembered of the words that came under an id and went onto a ticket."""
    return frozenset().union(*(copy.lines for copy in known.copies if copy.ticket == ticket))


def merged(evidence: Evidence, named: str, live: str) -> Evidence:
    return evidence if named == live else evidence.model_copy(update={"merged_from": named})


def part_of(clues: Clues, knowledge: Knowledge, rules: Rules, *tickets: str) -> bool:
    """Whether the sender takes part in one of these."""
    # everybody knows our mailboxes' addresses, so nothing that says it comes from one is believed
    agents = frozenset[str]() if clues.forged_sender else rules.agents
    for ticket in dict.fromkeys(tickets):
        known = knowledge.tickets.get(ticket)
        if known is not None and takes_part(clues.sender, known.participants, known.customer, agents):
            return True
    return False
