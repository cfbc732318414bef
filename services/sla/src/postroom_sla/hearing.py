"""Up to when we have heard what happened to the tickets.

After an outage the replies that were made meanwhile are still to be read. A clock must not be said to have run out
while the event that stopped it in time waits in Kafka.
"""

from datetime import datetime, timedelta

STALE = timedelta(seconds=2)
"""Events older than this when they are handled come from a backlog."""
QUIET = timedelta(seconds=2)
"""After so long without an event from a backlog there is none."""


class Hearing:
    """Follows how far behind the events are that this process handles."""

    def __init__(self) -> None:
        self._behind_at: datetime | None = None
        self._heard_to: datetime | None = None

    def listening(self, now: datetime) -> None:
        """Events reach us from now on; the first ones may be old."""
        self._behind_at = now

    def heard(self, oldest: datetime, now: datetime) -> None:
        """A batch was handled whose oldest event is of `oldest`."""
        if now - oldest > STALE:
            self._behind_at = now
            self._heard_to = oldest

    def until(self, now: datetime) -> datetime | None:
        """The moment up to which what we know of tickets is true; None when that is not known yet."""
        if self._behind_at is None or now - self._behind_at < QUIET:
            return self._heard_to
        return now
