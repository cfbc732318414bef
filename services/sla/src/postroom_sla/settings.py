"""Settings of the SLA service."""

from postroom_plumbing.settings import ServiceSettings


class SlaSettings(ServiceSettings):
    """The SLA service needs to know no more than every service does; what it promises comes as settings events."""
