"""A maker of a ticket's events, so that tests say only what they are about."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest

from postroom_contracts.config import Hours, Policy, Schedule, Target
from postroom_contracts.tickets import Message, Ticket, TicketChanged, TicketMessageAdded, TicketOpened
from postroom_contracts.values import Actor, Customer, Party

START = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
"""A Monday morning."""

AGENT = Actor(kind="agent", id="ann")
CUSTOMER = Actor(kind="customer", id="c1")


class Story:
    """What happens to one ticket, event by event; minutes are counted from START, versions go up by themselves."""

    start = START

    def __init__(self, ticket: str = "t1", start: datetime = START) -> None:
        self.start = start
        self.ticket = Ticket(
            id=ticket,
            number=1,
            version=1,
            subject="s",
            status="new",
            priority="normal",
            customer=Customer(id="c1", address="C@Example.org"),
            mailbox="m1",
            channel="email",
            opened_at=start,
            updated_at=start,
        )
        self._told = False

    def at(self, minutes: float) -> datetime:
        return self.start + timedelta(minutes=minutes)

    def opened(self, minutes: float = 0, automatic: Any = None, imported: bool = False, **fields: Any) -> TicketOpened:
        return TicketOpened(
            **self._fact(minutes, CUSTOMER, fields),
            message=self._message("contact", minutes, CUSTOMER),
            reply_to=Party(address="c@example.org"),
            automatic=automatic,
            imported=imported,
        )

    def changed(self, minutes: float, **fields: Any) -> TicketChanged:
        return TicketChanged(**self._fact(minutes, AGENT, fields), changes={})

    def reply(self, minutes: float, by: Actor = AGENT, **fields: Any) -> TicketMessageAdded:
        return self._added("reply", minutes, by, fields)

    def note(self, minutes: float, **fields: Any) -> TicketMessageAdded:
        return self._added("note", minutes, AGENT, fields)

    def contact(self, minutes: float, **fields: Any) -> TicketMessageAdded:
        return self._added("contact", minutes, CUSTOMER, fields)

    def _added(self, kind: Any, minutes: float, by: Actor, fields: dict[str, Any]) -> TicketMessageAdded:
        return TicketMessageAdded(**self._fact(minutes, by, fields), message=self._message(kind, minutes, by))

    def _fact(self, minutes: float, by: Actor, fields: dict[str, Any]) -> dict[str, Any]:
        version = self.ticket.version + 1 if self._told else 1
        self._told = True
        self.ticket = self.ticket.model_copy(update={"version": version, "updated_at": self.at(minutes), **fields})
        return {"ticket": self.ticket, "by": by, "at": self.at(minutes)}

    def _message(self, kind: Literal["contact", "reply", "note"], minutes: float, author: Actor) -> Message:
        return Message(id=f"m{self.ticket.version}", kind=kind, at=self.at(minutes), author=author, text="hello")


@pytest.fixture(scope="session")
def story() -> Callable[..., Story]:
    """Makes stories: `story("t1")`."""
    return Story


@pytest.fixture
def policy() -> Callable[..., Policy]:
    """Makes policies: first reply in 60 minutes and resolution in 240 unless told otherwise."""

    def made(first_reply: int = 60, resolution: int = 240, **fields: Any) -> Policy:
        target = Target(first_reply=first_reply, resolution=resolution)
        urgent = Target(first_reply=10, resolution=40)
        given: dict[str, Any] = {"name": "p", "targets": {"low": target, "normal": target, "urgent": urgent}}
        return Policy(**given | fields)

    return made


@pytest.fixture
def office() -> Schedule:
    """Monday to Friday, nine to five, in UTC."""
    return Schedule(
        name="office", timezone="UTC", hours=tuple(Hours(day=day, start="09:00", end="17:00") for day in range(5))
    )
