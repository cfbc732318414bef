"""A maker of events, so that tests say only what they are about."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from postroom_contracts.csat import SurveyAnswered
from postroom_contracts.sla import Clock, ClockBreached, ClocksSet
from postroom_contracts.tickets import Message, Ticket, TicketChanged, TicketMessageAdded, TicketOpened
from postroom_contracts.values import Actor, Customer, Metric, Party

START = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
AGENT = Actor(kind="agent", id="ann", name="Ann")


def after(minutes: float) -> datetime:
    """That many minutes after all began."""
    return START + timedelta(minutes=minutes)


class Events:
    """Events of tickets; times are minutes after START."""

    at = staticmethod(after)

    def ticket(self, ticket: str, version: int, **fields: Any) -> Ticket:
        given = {"status": "new", "priority": "normal", "mailbox": "m", "channel": "email", "opened_at": after(0)}
        given |= {"number": 1, "subject": "s", "customer": Customer(id="c", address="c@example.org")}
        return Ticket(id=ticket, version=version, updated_at=after(version), **given | fields)

    def _message(self, kind: str, minutes: float) -> Message:
        return Message.model_validate(
            {"id": f"{kind}{minutes}", "kind": kind, "at": after(minutes), "author": AGENT, "text": "t"}
        )

    def opened(self, ticket: str, minutes: float = 0, version: int = 1, **fields: Any) -> TicketOpened:
        return TicketOpened(
            ticket=self.ticket(ticket, version, **{"opened_at": after(minutes)} | fields),
            by=AGENT,
            at=after(minutes),
            message=self._message("contact", minutes),
            reply_to=Party(address="c@example.org"),
        )

    def message(
        self, ticket: str, version: int, minutes: float, kind: str = "reply", **fields: Any
    ) -> TicketMessageAdded:
        return TicketMessageAdded(
            ticket=self.ticket(ticket, version, **fields),
            by=AGENT,
            at=after(minutes),
            message=self._message(kind, minutes),
        )

    def changed(self, ticket: str, version: int, **fields: Any) -> TicketChanged:
        return TicketChanged(ticket=self.ticket(ticket, version, **fields), by=AGENT, at=after(version), changes={})

    def clock(self, metric: Metric, state: str, **fields: Any) -> Clock:
        return Clock.model_validate(
            {"metric": metric, "state": state, "target_minutes": 60, "started_at": after(0)} | fields
        )

    def clocks(self, ticket: str, version: int, *clocks: Clock) -> ClocksSet:
        return ClocksSet(ticket=ticket, version=version, policy="p", schedule=None, clocks=clocks, at=after(version))

    def breached(self, ticket: str, version: int, metric: Metric, minutes: float) -> ClockBreached:
        return ClockBreached(ticket=ticket, version=version, metric=metric, due_at=after(minutes), at=after(minutes))

    def answered(
        self, ticket: str, rating: int, number: int = 1, survey: str = "s1", minutes: float = 0
    ) -> SurveyAnswered:
        return SurveyAnswered(ticket=ticket, survey=survey, rating=rating, answer=number, at=after(minutes))


@pytest.fixture(scope="session")
def events() -> Events:
    return Events()
