"""History entries of what does not change a ticket itself."""

from postroom_contracts import Event
from postroom_contracts.contacts import ContactReread, ContactSeenAgain
from postroom_contracts.csat import SurveyAnswered
from postroom_contracts.delivery import MailBounced, MailFailed, MailSent
from postroom_contracts.sla import ClockBreached, ClockWarned
from postroom_plumbing.mongo import Document


def entry(event: Event, ticket: str) -> Document | None:
    """The entry of an event in the history of `ticket`, or None where it needs none. The same event, the same `_id`."""
    found = _content(event)
    if found is None:
        return None
    by, content = found
    service = {"kind": "service", "id": by, "name": ""}
    return {"ticket": ticket, "what": type(event).__name__, "by": service} | content


def _content(event: Event) -> tuple[str, Document] | None:
    match event:
        case MailSent() | MailFailed():
            return "notifier", _mailed(event)
        case MailBounced():
            about = event.model_dump(exclude={"ticket"})
            return "ingest", {"_id": f"{event.contact}/MailBounced/{event.message_id}/{event.to}", **about}
        case ClockWarned() | ClockBreached():
            key = f"{event.ticket}/{type(event).__name__}/{event.metric}/{event.version}"
            return "sla", {"_id": key, "at": event.at, "metric": event.metric, "due_at": event.due_at}
        case SurveyAnswered():
            key = f"{event.survey}/SurveyAnswered/{event.answer}"
            return "portal", {"_id": key, "at": event.at, "rating": event.rating}
        case ContactSeenAgain():
            about = event.model_dump(include={"contact", "mailbox"})
            return "ingest", {
                "_id": f"{event.contact}/ContactSeenAgain/{event.again}",
                "at": event.received_at,
                **about,
            }
        case ContactReread():
            key = f"{event.contact}/ContactReread/{event.at.isoformat()}"
            return "ingest", {"_id": key, "at": event.at, "contact": event.contact}
        case _:
            return None


def _mailed(event: MailSent | MailFailed) -> Document:
    first = next(iter(event.to), "")  # one attempt may end differently for different recipients
    key = f"{event.outgoing}/{type(event).__name__}/{event.attempts}/{first}"
    content = {"_id": key, "kind": event.kind, "at": event.at, "to": list(event.to)}
    if isinstance(event, MailFailed):
        content |= {"reason": event.reason, "uncertain": event.uncertain}
    return content
