"""What became of a reply: kept for each recipient, and from that its own state, and the ticket's. Pure.

Of each recipient the newest attempt, the newest report of a delay and the newest of a bounce are kept, each the
greatest of those told; so neither their order nor repeats change what is kept, nor what is derived from it. Addresses
that nobody wrote to, of which reports may name any number, are kept as if they were one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from postroom_contracts.delivery import MailBounced, MailFailed, MailSent
from postroom_desk.tickets.record import Record
from postroom_plumbing.addresses import canonical

Told = MailSent | MailFailed | MailBounced
State = Literal["sent", "queued", "delayed", "uncertain", "failed", "bounced"]
WORSE: tuple[State, ...] = ("sent", "queued", "delayed", "uncertain", "failed", "bounced")
"""What a person has to see comes later."""
_STRANGERS = ""


@dataclass(frozen=True, slots=True)
class Tiding:
    """The newest of its kind that was told about a recipient."""

    to: str
    kind: Literal["attempt", "delay", "bounce"]
    state: State
    at: datetime
    attempts: int = 0
    reason: str = ""
    status: str = ""
    diagnostic: str = ""

    @property
    def rank(self) -> tuple[Any, ...]:
        """Greater is newer. What is known of an attempt stands against what was not, and of that the failure."""
        firmness = ("uncertain", "sent", "failed").index(self.state) if self.kind == "attempt" else 0
        return self.attempts, firmness, self.at, self.reason, self.status, self.diagnostic, self.to


def tidings(event: Told, recipients: Sequence[str]) -> Iterator[Tiding]:
    """What an event says about whom of a reply's recipients."""
    known = _known(recipients)
    if isinstance(event, MailBounced):
        # a report often names the address it was forwarded to, or none
        to = next(iter(known.values())) if len(known) == 1 else known.get(_key(event.to), event.to)
        about = event.reason, event.status, event.diagnostic
        if event.permanent:
            yield Tiding(to, "bounce", "bounced", event.at, 0, *about)
        else:
            yield Tiding(to, "delay", "delayed", event.at, 0, *about)
        return
    state: State = "sent"
    if isinstance(event, MailFailed):
        state = "uncertain" if event.uncertain else "failed"
    reason = event.reason if isinstance(event, MailFailed) else ""
    for address in event.to:
        yield Tiding(known.get(_key(address), address), "attempt", state, event.at, event.attempts, reason)


def newest(told: Iterable[Tiding], recipients: Sequence[str]) -> tuple[Tiding, ...]:
    """Of each recipient and kind the newest, in an order that depends on nothing else."""
    known = frozenset(_known(recipients).values())
    kept: dict[tuple[str, str], Tiding] = {}
    for one in told:
        key = (one.to if one.to in known else _STRANGERS, one.kind)
        if key not in kept or kept[key].rank < one.rank:
            kept[key] = one
    return tuple(kept[key] for key in sorted(kept))


def outcome(recipients: Sequence[str], queued_at: datetime, kept: Sequence[Tiding]) -> dict[str, Any]:
    """The state of a reply: that of the recipient a person must look at first, and `recipients`, each with theirs."""
    told: dict[str, list[Tiding]] = {one: [] for one in _known(recipients).values()}
    for tiding in kept:
        told.setdefault(tiding.to, []).append(tiding)
    each = [_of(to, queued_at, about) for to, about in told.items()]
    first = max(each, key=lambda one: (WORSE.index(one["state"]), one["at"], one["to"]))
    hidden = ("to",) if first["state"] in ("sent", "queued") else ()
    return {**{name: value for name, value in first.items() if name not in hidden}, "recipients": each}


def _of(to: str, queued_at: datetime, kept: Sequence[Tiding]) -> dict[str, Any]:
    if not kept:
        return {"to": to, "state": "queued", "at": queued_at}
    by_kind = {one.kind: one for one in kept}
    attempt = by_kind.get("attempt")
    stands = _standing(attempt, by_kind.get("delay"), by_kind.get("bounce"))
    about = {name: getattr(stands, name) for name in ("reason", "status", "diagnostic") if getattr(stands, name)}
    tried = {"attempts": attempt.attempts} if attempt is not None else {}
    return {"to": to, "state": stands.state, "at": stands.at} | tried | about


def _standing(attempt: Tiding | None, delay: Tiding | None, bounce: Tiding | None) -> Tiding:
    """A report stands until a later attempt; one about a first attempt may be told with an earlier time than that."""
    reports = [one for one in (bounce, delay) if one is not None]
    if attempt is None:
        return reports[0]
    if attempt.state == "failed":
        reports = [one for one in reports if one.kind == "bounce"]
    return next((one for one in reports if attempt.attempts <= 1 or attempt.at <= one.at), attempt)


def _known(recipients: Sequence[str]) -> dict[str, str]:
    known: dict[str, str] = {}
    for one in recipients:
        known.setdefault(_key(one), one)
    return known


def _key(address: str) -> str:
    """What two ways to write an address have in common; the notifier writes international domains in ASCII."""
    return canonical(address.strip())


def note(record: Record, reply: str, state: State) -> None:
    """Keep what became of the newest reply of which anything is known; ids of replies are in the order of time."""
    told = {"reply": reply, "state": state}
    if record.told_reply != told and (record.told_reply is None or record.told_reply["reply"] <= reply):
        record.told_reply = told
        record.touched = True


def acknowledged(record: Record, event: Told) -> None:
    """Keep whether the customer can be reached at all, which the acknowledgement tells first and a reply after it."""
    if event.kind == "acknowledgement" and _lost(event):
        record.unreached(event.at)
    elif isinstance(event, MailSent) and (event.kind == "reply" or event.attempts > 1):
        record.reached(event.at)  # the first attempt of what bounced may be told with a later time than its bounce


def _lost(event: Told) -> bool:
    return event.permanent if isinstance(event, MailBounced) else isinstance(event, MailFailed) and not event.uncertain
