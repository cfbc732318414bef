"""Events and records for tests."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from postroom_contracts.contacts import ContactReceived, ContactReread, ContactSeenAgain, Evidence
from postroom_contracts.delivery import MailBounced, MailFailed, MailSent
from postroom_contracts.routing import RoutingDecided
from postroom_contracts.sla import Clock, ClockBreached, ClocksSet
from postroom_contracts.values import ClaimCheck, Customer, Party
from postroom_desk.tickets.record import Record, open_ticket

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NOWHERE = "127.0.0.1:9"


class Make:
    """Builds events and records. Anything not said is as dull as can be."""

    start = START
    nowhere = NOWHERE
    secret = "0123456789abcdef"
    admin_token = "an-admin-token-of-tests"
    admin_password = "correct horse battery"

    def at(self, minutes: float) -> datetime:
        return START + timedelta(minutes=minutes)

    def contact(self, ticket: str = "t1", contact: str = "c1", **other: Any) -> ContactReceived:
        fields: dict[str, Any] = {
            "contact": contact,
            "ticket": ticket,
            "opens": False,
            "evidence": Evidence(kind="none"),
            "channel": "email",
            "mailbox": "support",
            "sender": Party(address="ann@example.com", name="Ann"),
            "subject_line": "The printer is on fire",
            "text": "Please help.",
            "raw": ClaimCheck(store="ingest", id=contact, sha256="0" * 64, size=1),
            "message_id": f"{contact}@mail.example",
            "received_at": START,
        }
        return ContactReceived(**{**fields, **other})

    def record(self, **other: Any) -> Record:
        """A ticket just opened; nothing of it is stored."""
        customer = Customer(id="customer-1", address="ann@example.com", name="Ann")
        return open_ticket(self.contact(**other), 1, customer, START)

    def decided(self, ticket: str = "t1", decision: int = 1, version: int = 1, **other: Any) -> RoutingDecided:
        fields: dict[str, Any] = {"queue": "general", "rule": "default", "reason": "no rule", "decided_at": START}
        return RoutingDecided(ticket=ticket, decision=decision, ticket_version=version, **{**fields, **other})

    def clocks(self, ticket: str = "t1", version: int = 1, state: str = "running") -> ClocksSet:
        given = {"metric": "first_reply", "state": state, "target_minutes": 60, "started_at": START}
        clock = Clock.model_validate(given | {"due_at": self.at(60)})
        return ClocksSet(ticket=ticket, version=version, policy="standard", schedule=None, clocks=(clock,), at=START)

    def breached(self, ticket: str = "t1", version: int = 2) -> ClockBreached:
        return ClockBreached(ticket=ticket, metric="first_reply", due_at=self.at(60), at=self.at(61), version=version)

    def _delivery(self, message: str, attempts: int, to: Sequence[str], ticket: str) -> dict[str, Any]:
        fields = {"outgoing": f"out-{message}", "ticket": ticket, "kind": "reply", "message": message, "at": START}
        return fields | {"to": tuple(to), "subject_line": "s", "message_id": "m@x", "attempts": attempts}

    def sent(
        self, message: str, attempts: int = 1, to: Sequence[str] = ("ann@example.com",), ticket: str = "t1"
    ) -> MailSent:
        return MailSent.model_validate(self._delivery(message, attempts, to, ticket))

    def failed(
        self,
        message: str,
        attempts: int = 1,
        to: Sequence[str] = ("ann@example.com",),
        ticket: str = "t1",
        reason: str = "no such user",
        uncertain: bool = False,
    ) -> MailFailed:
        fields = self._delivery(message, attempts, to, ticket)
        return MailFailed.model_validate(fields | {"reason": reason, "uncertain": uncertain})

    def bounced(self, ticket: str, message_id: str, minutes: float = 5, **other: Any) -> MailBounced:
        fields: dict[str, Any] = {"kind": "reply", "outgoing": "o1", "contact": "b1", "to": "ann@example.com"}
        fields |= {"permanent": True, "status": "5.1.1", "reason": "unknown-user", "diagnostic": "550 no such user"}
        return MailBounced(ticket=ticket, message_id=message_id, at=self.at(minutes), **{**fields, **other})

    def seen_again(self, ticket: str, contact: str, mailbox: str, again: str = "c9") -> ContactSeenAgain:
        return ContactSeenAgain(contact=contact, ticket=ticket, mailbox=mailbox, again=again, received_at=self.at(1))

    def reread(self, ticket: str, contact: str, minutes: float = 60, **other: Any) -> ContactReread:
        fields: dict[str, Any] = {"subject_line": "The printer is on fire", "text": "Read better."}
        return ContactReread(contact=contact, ticket=ticket, at=self.at(minutes), **{**fields, **other})


MAKE = Make()
