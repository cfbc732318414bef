"""What the other services found out, written into a ticket's record. Pure.

Only a routing decision changes the ticket itself; clocks, deliveries and survey answers are kept beside it and do not
raise its version, so that an agent's edit is never refused because a clock moved.
"""

from datetime import datetime
from typing import Any

from postroom_contracts.csat import SurveyAnswered
from postroom_contracts.routing import RoutingDecided
from postroom_contracts.sla import ClockBreached, ClocksSet, ClockWarned
from postroom_contracts.values import Actor
from postroom_desk.tickets.record import FINISHED, Record, change

ROUTER = Actor(kind="service", id="router")


def route(record: Record, decided: RoutingDecided, now: datetime) -> None:
    """Carry a routing decision out, unless it is old or somebody was faster."""
    if record.routing is not None and decided.decision <= record.routing["decision"]:
        return
    record.routing = decided.model_dump()
    record.touched = True
    ticket = record.ticket
    wanted: dict[str, Any] = {}
    if ticket.queue is None:
        wanted["queue"] = decided.queue
    if decided.agent is not None and decided.ticket_version >= record.placed_by_hand and ticket.status not in FINISHED:
        wanted["agent"] = decided.agent
        if ticket.status == "new":
            wanted["status"] = "open"
    if wanted:
        change(record, wanted, ROUTER, now, decided.reason)


def set_clocks(record: Record, told: ClocksSet) -> None:
    """Show the clocks as they are now."""
    if told.version <= record.sla_version:
        return
    record.sla_version = told.version
    record.clocks = [clock.model_dump() | {"policy": told.policy} for clock in told.clocks]
    record.touched = True


def mark_clock(record: Record, told: ClockWarned | ClockBreached) -> None:
    """Show that a clock warned or ran out."""
    if told.version <= record.sla_version:
        return
    record.sla_version = told.version
    name = "breached_at" if isinstance(told, ClockBreached) else "warned_at"
    record.clocks = [clock | {name: told.at} if clock["metric"] == told.metric else clock for clock in record.clocks]
    record.touched = True


def rate(record: Record, answered: SurveyAnswered) -> None:
    """Show the customer's latest rating."""
    if record.csat is not None and answered.answer <= record.csat["answer"]:
        return
    record.csat = answered.model_dump(include={"rating", "comment", "answer", "at"})
    record.touched = True
