"""What wakes the assigner."""

from dataclasses import dataclass

from postroom_plumbing.wakeup import Wakeup


@dataclass(frozen=True, slots=True)
class Bell:
    """Two bells: tickets wait, and room may have appeared. Rung by units of work once they are committed."""

    waiting: Wakeup
    room: Wakeup
