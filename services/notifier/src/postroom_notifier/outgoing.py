"""An outgoing mail: its state, what an attempt made of it, and what is to be told about that. Pure.

    queued -> claimed -> sending -> sent | failed | uncertain | queued (again, later)

`sending` is recorded before anything is sent. Whoever finds a mail in it with its claim run out cannot know whether it
went out: it becomes `uncertain`, and only a person may send it again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from postroom_contracts.delivery import MailFailed, MailKind, MailSent

State = Literal["queued", "claimed", "sending", "sent", "failed", "uncertain"]
Verdict = Literal["answered", "lost", "unreachable", "unknown"]

DELAYS = tuple(timedelta(minutes=minutes) for minutes in (0.5, 2, 10, 30, 60, 120, 240, 480, *[720] * 8))
"""Pauses after each temporary refusal in turn: growing, together just under 5 days (RFC 5321 section 4.5.4.1)."""
CRASH = "the process that was sending it ended before it recorded the outcome"
REASON_CHARS = 500


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A mail on its way."""

    id: str
    ticket: str
    kind: MailKind
    message: str | None
    envelope_from: str
    """Empty for the null sender: nothing that a machine wrote may bounce to us (RFC 3834 section 3.3)."""
    to: tuple[str, ...]
    """All its recipients."""
    left: tuple[str, ...]
    """Recipients it has still to reach."""
    refused: tuple[str, ...]
    """Recipients refused for good."""
    subject_line: str
    message_id: str
    raw: bytes
    state: State
    next_at: datetime
    queued_at: datetime
    attempts: int = 0
    deferrals: int = 0
    reason: str | None = None
    traceparent: str | None = None

    def tried(self) -> "Outgoing":
        """The mail with one more attempt counted."""
        return replace(self, attempts=self.attempts + 1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt.

    `answered`: the server decided about each recipient. `lost`: the connection broke before the mail was complete, so
    nobody got it. `unreachable`: no connection to begin with. `unknown`: it broke between our final dot and the answer.
    """

    verdict: Verdict
    accepted: tuple[str, ...] = ()
    """Recipients taken; with `unknown`, those who may have been."""
    deferred: Mapping[str, str] = field(default_factory=dict)
    """Recipients refused for now, with the reason."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Recipients refused for good, with the reason."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """Something to tell about some recipients of a mail."""

    what: Literal["sent", "failed", "uncertain"]
    to: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """A mail after an attempt."""

    id: str
    state: State
    left: tuple[str, ...]
    refused: tuple[str, ...]
    deferrals: int
    next_at: datetime
    reason: str | None
    told: tuple[Told, ...]


def settle(mail: Outgoing, outcome: Outcome, now: datetime) -> Settled:
    """What becomes of `mail` (its attempt counted already) after an attempt that ended with `outcome`."""
    if outcome.verdict == "unreachable":
        return _settled(mail, "queued", mail.left, mail.refused, mail.deferrals, now, outcome.reason, ())
    if outcome.verdict == "lost":
        outcome = Outcome("answered", deferred=dict.fromkeys(mail.left, outcome.reason))
    if outcome.verdict == "unknown":
        return _unknown(mail, outcome, now)
    return _answered(mail, outcome, now)


def _answered(mail: Outgoing, outcome: Outcome, now: datetime) -> Settled:
    told = [Told("sent", outcome.accepted)] if outcome.accepted else []
    told += _failures(outcome.refused)
    refused = (*mail.refused, *outcome.refused)
    reason = next(iter((*outcome.deferred.values(), *outcome.refused.values())), None)
    if not outcome.deferred:
        state: State = "failed" if refused else "sent"
        return _settled(mail, state, (), refused, mail.deferrals, now, reason or mail.reason, told)
    left = tuple(outcome.deferred)
    if mail.deferrals >= len(DELAYS):
        told += _failures({one: f"given up after days: {why}" for one, why in outcome.deferred.items()})
        return _settled(mail, "failed", (), (*refused, *left), mail.deferrals, now, reason, told)
    next_at = now + DELAYS[mail.deferrals]
    return _settled(mail, "queued", left, refused, mail.deferrals + 1, next_at, reason, told)


def _unknown(mail: Outgoing, outcome: Outcome, now: datetime) -> Settled:
    left = (*outcome.accepted, *outcome.deferred)
    told = [Told("uncertain", left, outcome.reason), *_failures(outcome.refused)]
    refused = (*mail.refused, *outcome.refused)
    return _settled(mail, "uncertain", left, refused, mail.deferrals, now, outcome.reason, told)


def abandoned(mail: Outgoing, now: datetime) -> Settled:
    """What becomes of a mail whose claim ran out while it was being sent."""
    told = (Told("uncertain", mail.left, CRASH),)
    return _settled(mail, "uncertain", mail.left, mail.refused, mail.deferrals, now, CRASH, told)


def resend(mail: Outgoing, now: datetime) -> Settled | None:
    """A person's decision to send again what is failed or uncertain; None when there is nothing to send."""
    again = (*mail.left, *mail.refused)
    if mail.state not in ("failed", "uncertain") or not again or not mail.raw:
        return None
    return _settled(mail, "queued", again, (), 0, now, None, ())


def _failures(reasons: Mapping[str, str]) -> list[Told]:
    return [
        Told("failed", tuple(one for one, why in reasons.items() if why == reason), reason)
        for reason in dict.fromkeys(reasons.values())
    ]


def _settled(
    mail: Outgoing,
    state: State,
    left: tuple[str, ...],
    refused: tuple[str, ...],
    deferrals: int,
    next_at: datetime,
    reason: str | None,
    told: tuple[Told, ...] | list[Told],
) -> Settled:
    return Settled(mail.id, state, left, refused, deferrals, next_at, reason, tuple(told))


def event(mail: Outgoing, told: Told, at: datetime) -> MailSent | MailFailed:
    """The fact to publish."""
    shared = {
        "outgoing": mail.id,
        "ticket": mail.ticket,
        "kind": mail.kind,
        "message": mail.message,
        "to": told.to,
        "subject_line": mail.subject_line,
        "message_id": mail.message_id,
        "attempts": mail.attempts,
        "at": at,
    }
    if told.what == "sent":
        return MailSent.model_validate(shared)
    reason = told.reason[:REASON_CHARS]
    return MailFailed.model_validate(shared | {"uncertain": told.what == "uncertain", "reason": reason})
