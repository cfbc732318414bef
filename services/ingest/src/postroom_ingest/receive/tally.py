"""What the doors count. A worker has no metrics of its own: its counts go to the process that has."""

from collections import Counter
from collections.abc import Mapping

from postroom_plumbing import measures


class Tally:
    """Counts mails by door and refusals by code, in the metrics of this process."""

    def accepted(self, door: str, mails: int = 1) -> None:
        """Mails got their OK."""
        measures.mails_accepted.add(mails, {"door": door})

    def refused(self, code: str, mails: int = 1) -> None:
        """Mails or recipients were refused with this SMTP code."""
        measures.mails_refused.add(mails, {"code": code})

    def add(self, counts: Mapping[str, Mapping[str, int]]) -> None:
        """Add what `KeptTally.take` gave in another process."""
        for door, mails in counts["accepted"].items():
            self.accepted(door, mails)
        for code, mails in counts["refused"].items():
            self.refused(code, mails)


class KeptTally(Tally):
    """Keeps counts for whoever takes them."""

    def __init__(self) -> None:
        self._accepted: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()

    def accepted(self, door: str, mails: int = 1) -> None:
        self._accepted[door] += mails

    def refused(self, code: str, mails: int = 1) -> None:
        self._refused[code] += mails

    def take(self) -> dict[str, dict[str, int]] | None:
        """What was counted since the last time, None for nothing."""
        if not self._accepted and not self._refused:
            return None
        counts = {"accepted": dict(self._accepted), "refused": dict(self._refused)}
        self._accepted.clear()
        self._refused.clear()
        return counts
