"""What operators may ask: the clocks of a ticket, and what a deadline would be."""

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, SecretStr

from postroom_contracts.sla import Clock
from postroom_plumbing.clock import utc_now
from postroom_plumbing.internal import holders_of
from postroom_plumbing.problems import Problem, invalid
from postroom_plumbing.settings_view import SettingsView
from postroom_sla.deadlines import MAX_DAYS, NeverDueError, due_at, next_open
from postroom_sla.firing import next_at
from postroom_sla.store import Store

YEARS = range(1970, 2200)


class ClocksView(BaseModel):
    """The clocks of a ticket as they are."""

    ticket: str
    ticket_version: int
    version: int
    policy: str | None
    schedule: str | None
    clocks: tuple[Clock, ...]
    next_at: datetime | None
    """When one of them will warn or breach next."""


class DueView(BaseModel):
    """A deadline by a schedule."""

    schedule: str | None
    timezone: str
    start: datetime
    minutes: int
    counts_from: datetime
    """`start`, or when work begins after it."""
    due_at: datetime
    due_local: datetime
    """`due_at` by the clocks of `timezone`."""


def router(store: Store, view: SettingsView, token: SecretStr) -> APIRouter:
    """Routes under /v1, for holders of the internal token only."""
    routes = APIRouter(prefix="/v1", dependencies=[Depends(holders_of(token))])

    @routes.get("/clocks/{ticket}")
    async def clocks(ticket: str) -> ClocksView:
        state = await store.find(ticket)
        if state is None:
            raise Problem(404, "unknown-ticket", "no clocks were ever set for this ticket")
        return ClocksView(
            ticket=state.ticket,
            ticket_version=state.seen,
            version=state.version,
            policy=state.policy,
            schedule=state.schedule,
            clocks=state.clocks,
            next_at=next_at(state),
        )

    @routes.get("/due")
    async def due(
        minutes: Annotated[int, Query(ge=1, le=MAX_DAYS * 24 * 60)],
        schedule: str | None = None,
        start: AwareDatetime | None = None,
    ) -> DueView:
        hours = view.current.schedule.get(schedule) if schedule is not None else None
        if schedule is not None and hours is None:
            raise Problem(404, "unknown-schedule", "there is no such schedule")
        start = start or utc_now()
        if start.year not in YEARS:
            raise invalid("query.start", f"must lie between {YEARS.start} and {YEARS.stop - 1}")
        zone = hours.timezone if hours is not None else "UTC"
        try:
            moment = due_at(start, minutes, hours)
            return DueView(
                schedule=schedule,
                timezone=zone,
                start=start,
                minutes=minutes,
                counts_from=next_open(start, hours),
                due_at=moment,
                due_local=moment.astimezone(ZoneInfo(zone)),
            )
        except NeverDueError as error:
            raise invalid("query.minutes", str(error)) from None

    return routes
