"""Merging: one ticket takes over the messages of another, and whatever still comes for that one. Pure.

Messages stay stored under the ticket they came to, however many there are; who reads them reads those of all tickets
in `taken_over`. So a merge writes two tickets and is done, or has not happened.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from postroom_contracts.values import Actor
from postroom_desk.tickets.record import FINISHED, Record, chain_of, change, set_fields

_TO_DO = ("new", "open")


def follow(ticket: str, records: Mapping[str, Record]) -> str:
    """The ticket where what is for `ticket` goes: along `merged_into`, as far as `records` tell.

    It ends even where tickets were merged in a ring, which `refusal` does not let happen.
    """
    seen = {ticket}
    while (record := records.get(ticket)) is not None and (further := record.ticket.merged_into) is not None:
        if further in seen:
            break
        seen.add(further)
        ticket = further
    return ticket


def refusal(source: Record, target: Record) -> str | None:
    """Why `source` cannot be merged into `target`, if so. Only tickets that stand for themselves can: so no rings."""
    if source.ticket.id == target.ticket.id:
        return "a ticket cannot be merged into itself"
    for one in (source, target):
        if one.ticket.merged_into is not None:
            return f"#{one.ticket.number} has been merged already"
    return None


def merge(source: Record, target: Record, by: Actor, now: datetime) -> None:
    """Close `source` in favour of `target`, which must not be refused.

    The target is taken up again if the source was still to be answered, or only the target was finished. It answers to
    both threads, its own last.
    """
    unanswered = source.ticket.status in _TO_DO and target.ticket.status not in _TO_DO
    waiting = source.ticket.status not in FINISHED and target.ticket.status in FINISHED
    fields: dict[str, Any] = {"status": "open"} if unanswered or waiting else {}
    target.chain = chain_of((*source.chain, *target.chain))
    if "@" not in target.reply_to.address and "@" in source.reply_to.address:
        target.reply_to = source.reply_to  # else nobody could answer by mail what came by another channel
    target.came_to(*source.mailboxes)
    target.warnings = tuple(dict.fromkeys((*target.warnings, *source.warnings)))
    target.not_similar = tuple(dict.fromkeys((*target.not_similar, source.ticket.id)))
    target.similar = tuple(one for one in target.similar if one != source.ticket.id)
    target.offer_similar(source.similar)
    target.taken_over = tuple(dict.fromkeys((*target.taken_over, source.ticket.id, *source.taken_over)))
    source.taken_over = ()
    _take_over_delivery(source, target)
    set_fields(target, fields, by, now, f"merged #{source.ticket.number} into this")
    source.clocks = []
    source.similar = ()
    into = {"merged_into": target.ticket.id, "status": "closed"}
    change(source, into, by, now, f"merged into #{target.ticket.number}")


def _take_over_delivery(source: Record, target: Record) -> None:
    told = (one for one in (source.told_reply, target.told_reply) if one is not None)
    target.told_reply = max(told, key=lambda one: one["reply"], default=None)
    if source.ticket.customer.id == target.ticket.customer.id:
        if source.unreached_at is not None:
            target.unreached(source.unreached_at)
        if source.reached_at is not None:
            target.reached(source.reached_at)
