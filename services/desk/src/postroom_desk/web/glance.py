"""What agents should see at once of the intake: mail that was set aside, and accounts whose mail does not come in."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from postroom_desk.api.elsewhere import Elsewhere
from postroom_plumbing.problems import Problem

FRESH = timedelta(seconds=5)
"""Pages ask again every few seconds: ingest is asked once for all of them."""
WAIT_SECONDS = 2.0
"""A page is shown without these rather than late."""
COUNTED = 100
_DOWN = ("failing", "refused", "misconfigured")


@dataclass(frozen=True, slots=True)
class Intake:
    """What there is to see; nothing where ingest does not answer."""

    set_aside: int = 0
    more: bool = False
    """Whether there are more than `set_aside`."""
    down: tuple[dict[str, Any], ...] = ()
    """Accounts whose mail does not come in: `name`, `state`, `since`, `error`."""


class Glance:
    """Looks, but not too often."""

    def __init__(self, elsewhere: Elsewhere) -> None:
        self._elsewhere = elsewhere
        self._seen = Intake()
        self._looked_at: datetime | None = None

    async def look(self, now: datetime) -> Intake:
        """What was to be seen within the last seconds."""
        if self._looked_at is None or now - self._looked_at >= FRESH:
            self._looked_at = now  # whoever comes meanwhile takes what was seen before
            self._seen = await self._ask()
        return self._seen

    async def _ask(self) -> Intake:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                waiting, accounts = await asyncio.gather(
                    self._elsewhere.told("set-aside", {"limit": COUNTED}), self._elsewhere.told("accounts")
                )
        except (Problem, TimeoutError):
            return Intake()
        down = tuple(_account(one) for one in accounts if one["state"] in _DOWN)
        return Intake(len(waiting["items"]), waiting["next"] is not None, down)


def _account(told: dict[str, Any]) -> dict[str, Any]:
    since = datetime.fromisoformat(told["since"]) if told["since"] else None
    return {"name": told["name"], "state": told["state"], "error": told["error"], "since": since}
