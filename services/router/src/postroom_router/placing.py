"""Which queue a new ticket goes to, and why. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from postroom_contracts.config import Mailbox, Queue, Rule
from postroom_router.rules import Facts, match

GENERAL = "general"
KEPT_MISSES = 20


@dataclass(frozen=True, slots=True)
class Placement:
    """A queue, what chose it (a rule's id, or `opened-in`, `mailbox`, `default`), why, and which rules missed."""

    queue: str
    rule: str
    reason: str
    misses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Map:
    """The settings that placing needs; `rules` in the order in which they are tried."""

    rules: Sequence[tuple[str, Rule]]
    mailboxes: Mapping[str, Mailbox]
    queues: Mapping[str, Queue]


def in_order(rules: Mapping[str, Rule]) -> list[tuple[str, Rule]]:
    """Rules by `order`, then id."""
    return sorted(rules.items(), key=lambda item: (item[1].order, item[0]))


def place(facts: Facts, known: Map) -> Placement:
    """The first matching rule's queue, else the mailbox's, else the general one, else the first by id.

    A rule or mailbox that names a queue which does not exist is passed over: nobody would ever look there.
    """
    if facts.ticket.queue is not None:
        return Placement(facts.ticket.queue, "opened-in", f"it was opened in queue {facts.ticket.queue}")
    misses: list[str] = []
    for rule_id, rule in known.rules:
        matches, why = match(rule, facts) if rule.queue in known.queues else (False, f"no queue {rule.queue}")
        if matches:
            return Placement(rule.queue, rule_id, f"rule “{rule.name}”: {why}", tuple(misses))
        if len(misses) < KEPT_MISSES:
            misses.append(f"{rule_id}: {why}")
    return _without_rule(facts, known, tuple(misses))


def _without_rule(facts: Facts, known: Map, misses: tuple[str, ...]) -> Placement:
    mailbox = known.mailboxes.get(facts.ticket.mailbox)
    if mailbox is not None and mailbox.queue in known.queues:
        reason = f"no rule matched; queue of mailbox “{mailbox.name}”"
        return Placement(mailbox.queue or GENERAL, "mailbox", reason, misses)
    if not known.queues:
        return Placement(GENERAL, "default", "no queue is configured", misses)
    general = _general(known.queues)
    if general is not None:
        reason = "no rule matched and the mailbox has no queue; the general one"
        return Placement(general, "default", reason, misses)
    reason = "no rule matched, the mailbox has no queue and none is called general; the first one"
    return Placement(min(known.queues), "default", reason, misses)


def _general(queues: Mapping[str, Queue]) -> str | None:
    if GENERAL in queues:
        return GENERAL
    return min((key for key, queue in queues.items() if queue.name.casefold() == GENERAL), default=None)
