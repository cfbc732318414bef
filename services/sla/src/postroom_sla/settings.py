"""Settings of the SLA service."""

from postroom_plumbing.internal import InternalSettings


class SlaSettings(InternalSettings):
    """Nothing of its own; what the service promises comes as settings events."""
