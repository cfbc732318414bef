"""The topics of Postroom, by their logical names."""

from enum import StrEnum


class Topic(StrEnum):
    """A Kafka topic; the physical name is this one, behind the namespace when a namespace is set."""

    INBOUND = "inbound"
    """What came in at any door, not read yet. Key: the root of the mail thread."""
    CONTACTS = "contacts"
    """What a customer sent, read and threaded. Key: ticket."""
    TICKETS = "tickets"
    """What happened to a ticket. Key: ticket."""
    ROUTING = "routing"
    """Which queue and agent a ticket goes to, and why. Key: ticket."""
    SLA = "sla"
    """Clocks set, warned, breached. Key: ticket."""
    OUTBOUND = "outbound"
    """What an agent asks to be sent. Key: ticket."""
    DELIVERY = "delivery"
    """What was sent, and what could not be. Key: ticket."""
    CSAT = "csat"
    """Survey answers. Key: ticket."""
    AGENTS = "agents"
    """Agents and their availability. Key: agent."""
    CONFIG = "config"
    """Settings; compacted. Key: kind/id."""

    @property
    def compacted(self) -> bool:
        """Whether Kafka keeps the last event of each key for ever instead of all events for a while."""
        return self in (Topic.CONFIG, Topic.AGENTS)


DEAD_LETTER_SUFFIX = ".dlq"
