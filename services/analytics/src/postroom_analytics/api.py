"""The questions that analytics answers over HTTP."""

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BeforeValidator, Field
from starlette.exceptions import HTTPException

from postroom_analytics.figures import Row, Series, Summary, figures
from postroom_analytics.problems import Problem, QuestionError
from postroom_analytics.report import MAX_DAYS, Filter, Grouping, Key, Span, Table, Tally
from postroom_analytics.settings import AnalyticsSettings
from postroom_analytics.store import Store
from postroom_contracts.config import TimeZone
from postroom_contracts.values import Channel
from postroom_plumbing.clock import utc_now
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
        QuestionError: the days are the wrong way round, or too many.
    """
    if first > last:
        raise QuestionError("from", "is after `to`")
    if (last - first).days >= MAX_DAYS:
        raise QuestionError("to", f"more than {MAX_DAYS} days after `from`")
    return Question(Span(first, last, ZoneInfo(tz)), Filter(queue, channel, agent))


def bearer(settings: AnalyticsSettings) -> Callable[..., None]:
    """A check that a request bears one of our tokens (RFC 6750)."""
    tokens = [settings.internal_token.get_secret_value().encode()]
    if settings.admin_token is not None:
        tokens.append(settings.admin_token.get_secret_value().encode())

    def check(
        given: Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))],
    ) -> None:
        shown = given.credentials.encode() if given is not None else b""
        if not any(hmac.compare_digest(shown, token) for token in tokens):
            raise HTTPException(401, "A valid bearer token is needed.", {"WWW-Authenticate": "Bearer"})

    return check


def api(store: Store, view: SettingsView, settings: AnalyticsSettings) -> APIRouter:
    """The routes."""
    router = APIRouter(
        prefix="/api/v1/analytics",
        tags=["analytics"],
        dependencies=[Depends(bearer(settings))],
        responses={status: {"model": Problem} for status in (401, 422, 503)},
    )
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
