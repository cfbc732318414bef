"""Handlers, store and API on a real MongoDB."""

import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import httpx
import pytest
from given import ServerUrls

from postroom_analytics.app import build
from postroom_analytics.handlers import Handlers
from postroom_analytics.projections import Cell, contributions
from postroom_analytics.settings import AnalyticsSettings
from postroom_analytics.store import Store
from postroom_contracts import Event
from postroom_contracts.agents import AgentChanged
from postroom_contracts.config import SettingChanged
from postroom_plumbing.service import Service
from postroom_plumbing.testing import TOKEN, feed, let_go, settings_for

pytestmark = pytest.mark.connected

ADMIN = "an administrator's token"
RANGE = {"from": "2026-03-01", "to": "2026-03-31"}


class Analytics:
    """A process that is fed by the test instead of Kafka."""

    def __init__(self, service: Service[AnalyticsSettings]) -> None:
        self.service = service
        self.writers = ["0"]
        self.store = Store(service.database, lambda: self.writers[0])
        self.handlers = Handlers(self.store)
        transport = httpx.ASGITransport(app=service.app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://analytics")

    async def feed(self, *events: Event) -> None:
        await feed(self.service, self.handlers.handle, *events)

    async def get(self, path: str, token: str | None = TOKEN, **query: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        return await self.client.get(f"/api/v1/analytics/{path}", params=RANGE | query, headers=headers)

    async def kept(self) -> Counter[Cell]:
        """The rollups, as counts by cell."""
        found: Counter[Cell] = Counter()
        async for document in self.service.database["rollups"].find():
            key = document.pop("_id")
            for name, value in document.items():
                for path, number in leaves(name, value):
                    found[Cell(key["day"], key["queue"], key["channel"], key["agent"], path)] += number
        return found

    async def rebuilt(self) -> Counter[Cell]:
        """The rollups as they follow from the facts."""
        tickets = [document["_id"] async for document in self.service.database["facts"].find({}, {"_id": 1})]
        total: Counter[Cell] = Counter()
        for fact in (await self.store.facts(tickets, None)).values():
            total.update(contributions(fact))
        return total


def leaves(path: str, value: Any) -> list[tuple[str, int]]:
    if isinstance(value, int):
        return [(path, value)] if value else []
    return [leaf for key, inner in value.items() for leaf in leaves(f"{path}.{key}", inner)]


@pytest.fixture
async def analytics(servers: ServerUrls, namespace: str) -> AsyncIterator[Analytics]:
    settings = settings_for(AnalyticsSettings, servers, namespace, admin_token=ADMIN)
    service = Service("analytics", settings)
    await build(service)
    running = Analytics(service)
    await service.outbox.prepare()
    await running.store.prepare()
    yield running
    await running.client.aclose()
    await let_go(service)


async def test_rollups_are_what_the_facts_say_whatever_happened(analytics: Analytics, events: Any) -> None:
    dice = random.Random(5)
    story: list[Event] = []
    for number in range(30):
        ticket, start = f"t{number}", dice.randrange(2000)
        story.append(events.opened(ticket, start))
        for version in range(2, 7):
            at = start + dice.randrange(500)
            fields = {"opened_at": events.at(start), "queue": dice.choice([None, "a", "b"])}
            if dice.random() < 0.5:
                fields |= {"status": "solved", "solved_at": events.at(at)}
            story.append(events.message(ticket, version, at, dice.choice(["reply", "contact"]), **fields))
        story.append(events.breached(ticket, 1, "resolution", start + 60))
        story.append(events.answered(ticket, dice.randint(1, 5), minutes=start + 600))
    story += dice.choices(story, k=40)
    dice.shuffle(story)
    for start in range(0, len(story), 37):
        analytics.writers[0] = dice.choice("012")
        await analytics.feed(*story[start : start + 37])
    kept = await analytics.kept()
    assert kept == await analytics.rebuilt()
    assert kept.total() > 100
    await analytics.feed(*story)
    assert await analytics.kept() == kept


async def test_a_day_in_figures(analytics: Analytics, events: Any) -> None:
    await analytics.feed(
        events.opened("t1", queue="a"),
        events.opened("t2", 10, queue="b"),
        events.message("t1", 2, 30, queue="a", agent="ann", status="open"),
        events.changed("t1", 3, queue="a", agent="ann", status="solved", solved_at=events.at(120)),
        events.clocks("t1", 1, events.clock("first_reply", "met", due_at=events.at(60), met_at=events.at(30))),
        events.breached("t1", 2, "resolution", 90),
        events.answered("t1", 4, minutes=200),
    )
    total = (await analytics.get("summary")).json()
    assert (total["from"], total["to"], total["tz"]) == ("2026-03-01", "2026-03-31", "UTC")
    assert (total["opened"], total["solved"], total["backlog"]) == (2, 1, 1)
    assert total["first_reply"]["count"] == 1
    assert total["first_reply"]["median_s"] == pytest.approx(1800, rel=0.02)
    assert total["resolution"]["p90_s"] == pytest.approx(7200, rel=0.02)
    assert total["csat"] == {"answers": 1, "average": 4.0, "percent": 100.0}
    assert total["sla"]["first_reply"] == {"met": 1, "breached": 0, "percent": 100.0}
    assert total["sla"]["resolution"] == {"met": 0, "breached": 1, "percent": 0.0}
    only = (await analytics.get("summary", queue="b", channel="email")).json()
    assert (only["opened"], only["solved"], only["backlog"]) == (1, 0, 1)
    assert (await analytics.get("summary", agent="nobody")).json()["opened"] == 0


async def test_rows_by_day_in_a_zone(analytics: Analytics, events: Any) -> None:
    await analytics.feed(events.opened("t1", 60 * 10), events.opened("t2", 60 * 24 * 2))  # 19:00 UTC; two days on
    query = {"group_by": "day", "from": "2026-03-10", "to": "2026-03-12"}

    async def opened_and_backlog(zone: str) -> list[tuple[str, int, int]]:
        rows = (await analytics.get("series", **query, tz=zone)).json()["rows"]
        return [(row["key"], row["opened"], row["backlog"]) for row in rows]

    assert await opened_and_backlog("UTC") == [("2026-03-10", 1, 1), ("2026-03-11", 0, 1), ("2026-03-12", 1, 2)]
    kathmandu = await opened_and_backlog("Asia/Kathmandu")  # 19:00 UTC is 00:45 of the next day
    assert kathmandu == [("2026-03-10", 0, 0), ("2026-03-11", 1, 1), ("2026-03-12", 1, 2)]


async def test_rows_by_queue_and_agent_have_names(analytics: Analytics, events: Any) -> None:
    at = events.at(0)
    await analytics.feed(
        events.opened("t1", queue="q1", agent="ann"),
        events.opened("t2"),
        AgentChanged(agent="ann", version=2, name="Ann", email="a@x", capacity=1, availability="away", at=at),
        AgentChanged(agent="ann", version=1, name="Anna", email="a@x", capacity=1, availability="away", at=at),
    )
    queue = SettingChanged(kind="queue", id="q1", version=1, value={"name": "Billing"}, at=at)
    await analytics.feed(queue)

    async def rows(group_by: str) -> list[tuple[str | None, str, int]]:
        found = (await analytics.get("series", group_by=group_by)).json()["rows"]
        return [(row["key"], row["label"], row["opened"]) for row in found]

    assert await rows("queue") == [("q1", "Billing", 1), (None, "No queue", 1)]
    assert await rows("agent") == [("ann", "Ann", 1), (None, "No agent", 1)]
    assert await rows("channel") == [("email", "email", 2)]


@pytest.mark.parametrize(
    ("query", "field", "reason"),
    [
        ({"from": "2026-04-01"}, "query.from", "is after `to`"),
        ({"from": "2024-01-01"}, "query.to", "more than 400 days after `from`"),
        ({"from": "yesterday"}, "query.from", "not a date such as 2026-11-30"),
        ({"from": "20260301"}, "query.from", "not a date such as 2026-11-30"),
        ({"from": "2026-02-30"}, "query.from", "day value is outside expected range"),
        ({"tz": "Mars/Olympus"}, "query.tz", "'Mars/Olympus' is not an IANA time zone"),
        ({"tz": "../../etc/passwd"}, "query.tz", "is not an IANA time zone"),
        ({"channel": "fax"}, "query.channel", "Input should be 'email'"),
    ],
)
async def test_a_wrong_question_is_told_what_is_wrong(
    analytics: Analytics, query: dict[str, str], field: str, reason: str
) -> None:
    response = await analytics.get("summary", **query)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert reason in response.json()["errors"][0]["reason"]


async def test_series_must_say_how_to_group(analytics: Analytics) -> None:
    for query in ({}, {"group_by": "moon"}):
        assert (await analytics.get("series", **query)).json()["errors"][0]["field"] == "query.group_by"


async def test_400_days_are_not_too_many(analytics: Analytics) -> None:
    rows = (await analytics.get("series", group_by="day", **{"from": "2025-02-25"})).json()["rows"]
    assert len(rows) == (date(2026, 3, 31) - date(2025, 2, 25)).days + 1 == 400


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN + "x"])
async def test_only_bearers_of_a_token_are_answered(analytics: Analytics, token: str | None) -> None:
    response = await analytics.get("summary", token=token)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.headers["content-type"] == "application/problem+json"
    assert (await analytics.get("summary", token=ADMIN)).status_code == 200


async def test_the_api_describes_itself(analytics: Analytics) -> None:
    described = (await analytics.client.get("/openapi.json")).json()
    series = described["paths"]["/api/v1/analytics/series"]["get"]
    assert set(series["responses"]) == {"200", "default"}
    assert set(series["responses"]["default"]["content"]) == {"application/problem+json"}
    names = {parameter["name"] for parameter in series["parameters"]}
    assert names == {"from", "to", "tz", "queue", "channel", "agent", "group_by"}
    assert (await analytics.client.get("/docs")).status_code == 404
