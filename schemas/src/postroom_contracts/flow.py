"""Who publishes and who consumes which event: the map of the system, as AsyncAPI and the documentation show it."""

from dataclasses import dataclass

from postroom_contracts.agents import AgentChanged
from postroom_contracts.config import SettingChanged
from postroom_contracts.contacts import ContactReceived, ContactReread, ContactSeenAgain
from postroom_contracts.csat import SurveyAnswered
from postroom_contracts.delivery import MailBounced, MailFailed, MailSent
from postroom_contracts.event import Event
from postroom_contracts.inbound import MailReceived, SubmissionReceived
from postroom_contracts.outbound import ReplyRequested
from postroom_contracts.routing import RoutingDecided
from postroom_contracts.sla import ClockBreached, ClocksSet, ClockWarned
from postroom_contracts.tickets import TicketChanged, TicketMessageAdded, TicketOpened
from postroom_contracts.topics import Topic

_TICKETS = (TicketOpened, TicketMessageAdded, TicketChanged)


@dataclass(frozen=True, slots=True)
class About:
    """What a topic holds, and what its Kafka key means: events with the same key keep their order."""

    holds: str
    key: str


TOPICS: dict[Topic, About] = {
    Topic.INBOUND: About("What came in at any door, not read yet", "the root of the mail thread"),
    Topic.CONTACTS: About("What a customer sent, read and threaded", "the ticket"),
    Topic.TICKETS: About("What happened to a ticket", "the ticket"),
    Topic.ROUTING: About("Which queue and agent a ticket goes to, and why", "the ticket"),
    Topic.SLA: About("Clocks set, warned, breached", "the ticket"),
    Topic.OUTBOUND: About("What an agent asks to be sent", "the ticket"),
    Topic.DELIVERY: About("What was sent, and what could not be", "the ticket"),
    Topic.CSAT: About("Survey answers", "the ticket"),
    Topic.AGENTS: About("Agents as they are now", "the agent"),
    Topic.CONFIG: About("Settings as they are now", "kind/id of the setting"),
}


@dataclass(frozen=True, slots=True)
class Part:
    """What one service publishes and consumes."""

    sends: tuple[type[Event], ...]
    receives: tuple[type[Event], ...]


PARTS: dict[str, Part] = {
    "ingest": Part(
        sends=(MailReceived, SubmissionReceived, ContactReceived, ContactSeenAgain, ContactReread, MailBounced),
        receives=(MailReceived, SubmissionReceived, *_TICKETS, AgentChanged, SettingChanged),
    ),
    "desk": Part(
        sends=(*_TICKETS, AgentChanged, SettingChanged, ReplyRequested),
        receives=(
            ContactReceived,
            ContactSeenAgain,
            ContactReread,
            RoutingDecided,
            ClocksSet,
            ClockWarned,
            ClockBreached,
            MailSent,
            MailFailed,
            MailBounced,
            SurveyAnswered,
            SettingChanged,
        ),
    ),
    "router": Part(
        sends=(RoutingDecided,),
        receives=(*_TICKETS, AgentChanged, SettingChanged),
    ),
    "sla": Part(
        sends=(ClocksSet, ClockWarned, ClockBreached),
        receives=(*_TICKETS, SettingChanged),
    ),
    "notifier": Part(
        sends=(MailSent, MailFailed),
        receives=(TicketOpened, TicketChanged, ClocksSet, ReplyRequested, SettingChanged),
    ),
    "analytics": Part(
        sends=(),
        receives=(*_TICKETS, ClocksSet, ClockBreached, SurveyAnswered, AgentChanged, SettingChanged),
    ),
    "portal": Part(
        sends=(SurveyAnswered,),
        receives=(SettingChanged,),
    ),
}


def by_topic(events: tuple[type[Event], ...]) -> dict[Topic, list[type[Event]]]:
    """Events by their topic, in the topics' order."""
    return {topic: found for topic in Topic if (found := [event for event in events if event.topic is topic])}
