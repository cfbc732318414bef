"""The questions that analytics answers over HTTP."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query
from pydantic import BeforeValidator, Field

from postroom_analytics.figures import Row, Series, Summary, figures
from postroom_analytics.report import MAX_DAYS, Filter, Grouping, Key, Span, Table, Tally
from postroom_analytics.settings import AnalyticsSettings
from postroom_analytics.store import Store
from postroom_contracts.config import TimeZone
from postroom_contracts.values import Channel
from postroom_plumbing.clock import utc_now
from postroom_plumbing.internal import holders_of
from postroom_plumbing.problems import invalid
from postroom_plumbing.settings_view import SettingsView


def _iso_day(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        raise ValueError("not a date such as 2026-11-30")
    return value


Day = Annotated[date, BeforeValidator(_iso_day), Field(ge=date(1970, 1, 1), le=date(9000, 1, 1))]
Id = Annotated[str | None, Query(max_length=200)]


@dataclass(frozen=True, slots=True)
class Question:
    """Which days and which tickets are asked about."""

    span: Span
    only: Filter


def question(
    first: Annotated[Day, Query(alias="from", description="The first day.")],
    last: Annotated[Day, Query(alias="to", description="The last day, included.")],
    tz: Annotated[TimeZone, Query(description="The IANA time zone whose days are meant.")] = "UTC",
    queue: Id = None,
    channel: Annotated[Channel | None, Query()] = None,
    agent: Id = None,
) -> Question:
    """Read the part that all questions share.

    Raises:
        Problem: the days are the wrong way round, or too many.
    """
    if first > last:
        raise invalid("query.from", "is after `to`")
    if (last - first).days >= MAX_DAYS:
        raise invalid("query.to", f"more than {MAX_DAYS} days after `from`")
    return Question(Span(first, last, ZoneInfo(tz)), Filter(queue, channel, agent))


def api(store: Store, view: SettingsView, settings: AnalyticsSettings) -> APIRouter:
    """The routes, for holders of the internal token and of the admin's where one is set."""
    tokens = [token for token in (settings.internal_token, settings.admin_token) if token is not None]
    router = APIRouter(prefix="/api/v1/analytics", tags=["analytics"], dependencies=[Depends(holders_of(*tokens))])
    Asked = Annotated[Question, Depends(question)]  # noqa: N806 - a type

    @router.get("/summary")
    async def summary(asked: Asked) -> Summary:
        """The figures of the whole span."""
        total = (await _tallies(store, asked, None))[None]
        span = asked.span
        return Summary(**dict(figures(total)), from_=span.first, to=span.last, tz=span.zone.key)

    @router.get("/series")
    async def series(asked: Asked, group_by: Grouping) -> Series:
        """The figures by day, queue, channel or agent."""
        tallies = await _tallies(store, asked, group_by)
        labels = await _labels(store, view, group_by)
        rows = [
            Row(**dict(figures(tally)), key=key, label=_label(key, group_by, labels)) for key, tally in tallies.items()
        ]
        if group_by != "day":
            rows.sort(key=lambda row: (row.key is None, row.label.casefold()))
        span = asked.span
        return Series(from_=span.first, to=span.last, tz=span.zone.key, group_by=group_by, rows=rows)

    return router


async def _tallies(store: Store, asked: Question, grouping: Grouping | None) -> dict[Key, Tally]:
    table = Table(asked.span, grouping, today=utc_now().astimezone(asked.span.zone).date())
    first_day, last_day = asked.span.utc_days()
    async for rollup in store.rollups(first_day, last_day, asked.only):
        table.add(rollup)
    return table.rows()


async def _labels(store: Store, view: SettingsView, grouping: Grouping) -> dict[str, str]:
    if grouping == "agent":
        return await store.agent_names()
    if grouping == "queue":
        return {queue: value.name for queue, value in view.current.queue.items()}
    return {}


def _label(key: Key, grouping: Grouping, labels: dict[str, str]) -> str:
    return f"No {grouping}" if key is None else labels.get(key, key)
