"""What became of mails of ours: the state shown on a reply, and whether the last of them arrived. Pure."""

from collections.abc import Iterable
from typing import Any

from postroom_contracts import Event
from postroom_contracts.delivery import MailBounced, MailFailed, MailSent
from postroom_desk.tickets.record import Record


def attempts_of(events: Iterable[Event]) -> dict[str, dict[str, Any]]:
    """What the newest attempt came to, by message; of one attempt's outcomes the failure, which a person must see."""
    states: dict[str, dict[str, Any]] = {}
    for event in events:
        if not isinstance(event, MailSent | MailFailed) or event.message is None:
            continue
        state: dict[str, Any] = {"state": "sent", "at": event.at, "attempts": event.attempts}
        if isinstance(event, MailFailed):
            state |= {"state": "uncertain" if event.uncertain else "failed", "reason": event.reason}
        kept = states.get(event.message)
        if kept is None or (kept["attempts"], kept["state"] != "sent") < (event.attempts, state["state"] != "sent"):
            states[event.message] = state
    return states


def bounce(event: MailBounced) -> dict[str, Any]:
    """What a report makes of a reply's state: `bounced` for good, or `delayed`."""
    about = event.model_dump(include={"to", "status", "reason", "diagnostic", "at"})
    return {"state": "bounced" if event.permanent else "delayed", **about}


def note(record: Record, event: MailSent | MailFailed | MailBounced) -> None:
    """Keep the newest reply that arrived and the newest that did not; in whatever order they are told."""
    if event.kind != "reply" or (isinstance(event, MailBounced) and not event.permanent):
        return
    state = "sent" if isinstance(event, MailSent) else "failed"
    attempt = "bounce" if isinstance(event, MailBounced) else str(event.attempts)
    told = {"at": event.at, "try": f"{event.outgoing}/{attempt}"}
    kept = record.mailed.get(state)
    if kept is None or (kept["at"], kept["try"]) < (told["at"], told["try"]):
        record.mailed[state] = told
        record.touched = True
