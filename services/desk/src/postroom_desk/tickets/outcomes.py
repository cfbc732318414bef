"""What the other services found out, written into a ticket's record. Pure.

Only a routing decision and a subject that was read again change the ticket itself; clocks, deliveries and survey
answers are kept beside it and do not raise its version, so that an agent's edit is never refused because a clock moved.
"""

from datetime import datetime
from typing import Any

from postroom_contracts.contacts import ContactReread
from postroom_contracts.csat import SurveyAnswered
from postroom_contracts.routing import RoutingDecided
from postroom_contracts.sla import ClockBreached, ClocksSet, ClockWarned
from postroom_contracts.values import Actor
from postroom_desk.tickets.record import FINISHED, Record, change, subject_of

ROUTER = Actor(kind="service", id="router")
INGEST = Actor(kind="service", id="ingest")


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
    """Show the customer's latest rating; a ticket that took over another's messages may have several surveys."""
    kept = record.csat
    if kept is not None:
        same = kept.get("survey", answered.survey) == answered.survey
        if answered.answer <= kept["answer"] if same else answered.at <= kept["at"]:
            return
    record.csat = answered.model_dump(include={"survey", "rating", "comment", "answer", "at"})
    record.touched = True


def reread(record: Record, again: ContactReread, now: datetime) -> None:
    """A contact was read again: the one that opened the ticket gives it its subject."""
    opening = record.opening
    if opening is None or opening["contact"] != again.contact:
        return
    if opening["read_at"] is not None and again.at <= opening["read_at"]:
        return
    record.opening = {"contact": again.contact, "read_at": again.at}
    record.touched = True
    change(record, {"subject": subject_of(again.subject_line)}, INGEST, now, "read again")
