"""The topics of Postroom, by their logical names."""

from enum import StrEnum


class Topic(StrEnum):
    """A Kafka topic; the physical name is this one, behind the namespace when a namespace is set.

    What each is about and what its key means: `flow.TOPICS`.
    """

    INBOUND = "inbound"
    CONTACTS = "contacts"
    TICKETS = "tickets"
    ROUTING = "routing"
    SLA = "sla"
    OUTBOUND = "outbound"
    DELIVERY = "delivery"
    CSAT = "csat"
    AGENTS = "agents"
    CONFIG = "config"

    @property
    def compacted(self) -> bool:
        """Whether Kafka keeps the last event of each key for ever instead of all events for a while."""
        return self in (Topic.CONFIG, Topic.AGENTS)


DEAD_LETTER_SUFFIX = ".dlq"
