"""Inner HTTP: the intake ledger, what was set aside, and present readings. For holders of the internal token only."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, Field
from pymongo.errors import PyMongoError

from postroom_ingest.reconcile import Counts, Intake, Place
from postroom_ingest.rereading import Rereader
from postroom_ingest.set_aside import SetAside, SetAsideStore
from postroom_ingest.settings import IngestSettings
from postroom_plumbing.clock import utc_now
from postroom_plumbing.internal import holders_of
from postroom_plumbing.problems import Problem, invalid
from postroom_plumbing.unit import Unit, Units

LONGEST = timedelta(days=31)
PAGE = 50


class Again(BaseModel):
    """Contacts to be read again for good."""

    contacts: Annotated[list[str], Field(max_length=100)]


def reread_router(rereader: Rereader, units: Units, settings: IngestSettings) -> APIRouter:
    """Routes under /v1."""
    routes = APIRouter(prefix="/v1", dependencies=[Depends(holders_of(settings.internal_token))])

    @routes.get("/reread")
    async def reread(limit: Annotated[int, Query(ge=1, le=500)] = PAGE, after: str | None = None) -> dict[str, Any]:
        """What the sources of contacts on tickets say to today's reader, oldest first; `next` is the next `after`."""
        found = await rereader.page(after, limit)
        return {"items": found, "next": found[-1]["contact"] if found else None}

    @routes.post("/reread", status_code=202)
    async def state(again: Again) -> dict[str, int]:
        """State what these contacts say to today's reader, so that desk shows that."""

        async def work(unit: Unit) -> int:
            return await rereader.state(again.contacts, unit)

        try:
            return {"stated": await units.run(work)}
        except PyMongoError as error:
            raise Problem(503, "not-stored", "not stored, try again") from error

    return routes


def ledger_router(intake: Intake, set_aside: SetAsideStore, units: Units, settings: IngestSettings) -> APIRouter:
    """Routes under /v1."""
    routes = APIRouter(prefix="/v1", dependencies=[Depends(holders_of(settings.internal_token))])

    @routes.get("/ledger")
    async def ledger(
        since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
        until: Annotated[AwareDatetime | None, Query(alias="to")] = None,
    ) -> dict[str, Any]:
        """By mailbox and hour, what came of the contacts accepted in it; the last 24 hours unless asked otherwise."""
        end = until.astimezone(UTC) if until is not None else utc_now()
        begin = since.astimezone(UTC) if since is not None else _hour(end - timedelta(hours=23))
        if begin >= end or end - begin > LONGEST:
            raise invalid("query.from", f"must be before 'to', by {LONGEST.days} days at most")
        counts = await intake.count(begin, end)
        rows = [_row(place, one) for place, one in sorted(counts.items(), key=lambda pair: (pair[0][1], pair[0][0]))]
        return {"from": begin, "to": end, "hours": rows}

    @routes.get("/set-aside")
    async def list_set_aside(
        limit: Annotated[int, Query(ge=1, le=500)] = PAGE, before: str | None = None
    ) -> dict[str, Any]:
        """What waits, the newest first; `next` is the `before` of the next page."""
        found = await set_aside.page(limit, before)
        return {"items": [_summary(one) for one in found], "next": found[-1].contact if len(found) == limit else None}

    @routes.get("/set-aside/{contact}")
    async def show(contact: str) -> dict[str, Any]:
        one = await set_aside.find(contact)
        if one is None:
            raise _unknown(contact)
        return {**_summary(one), "read": one.read}

    @routes.post("/set-aside/{contact}/release", status_code=202)
    async def release(contact: str) -> dict[str, Any]:
        """Let it in: it is read again and becomes what it is. Doing it twice is doing it once."""

        async def work(unit: Unit) -> bool | None:
            return await set_aside.release(contact, unit)

        try:
            released = await units.run(work)
        except PyMongoError as error:
            raise Problem(503, "not-stored", "not stored, try again") from error
        if released is None:
            raise _unknown(contact)
        return {"contact": contact, "released": released}

    return routes


def _unknown(contact: str) -> Problem:
    return Problem(404, "not-found", f"nothing was set aside as {contact!r}")


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _row(place: Place, counts: Counts) -> dict[str, Any]:
    mailbox, hour = place
    outcomes = {name.replace("-", "_"): count for name, count in counts.outcomes.items()}
    return {"mailbox": mailbox, "hour": hour, "accepted": counts.accepted, **outcomes, "waiting": counts.waiting}


def _summary(one: SetAside) -> dict[str, Any]:
    return {
        "contact": one.contact,
        "cause": one.cause,
        "at": one.at,
        "mailbox": one.mailbox,
        "sender": one.sender,
        "subject": one.subject,
        "released_at": one.released_at,
    }
