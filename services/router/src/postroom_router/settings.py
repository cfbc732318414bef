"""Settings of the router."""

from postroom_plumbing.internal import InternalSettings


class RouterSettings(InternalSettings):
    """Nothing of its own; queues, rules and agents come as events."""
