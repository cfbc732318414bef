"""Clocks in the real MongoDB: set once, fired once, whoever races and whatever breaks."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from given import ServerUrls

from postroom_contracts import Event
from postroom_contracts.sla import ClockBreached, ClocksSet, ClockWarned
from postroom_plumbing.clock import utc_now
from postroom_plumbing.service import Service
from postroom_plumbing.settings_view import Settings
from postroom_plumbing.testing import BEARER, feed, let_go, settings_for, stated, until
from postroom_sla.api import router
from postroom_sla.handlers import Handlers
from postroom_sla.hearing import QUIET, Hearing
from postroom_sla.settings import SlaSettings
from postroom_sla.store import Change, Store
from postroom_sla.ticker import BATCH, GRACE, Ticker

pytestmark = pytest.mark.connected


class Process:
    """A process of the service that is not started: its parts are called by the test."""

    def __init__(self, servers: ServerUrls, namespace: str, policy: Any, office: Any) -> None:
        self.service = Service("sla", settings_for(SlaSettings, servers, namespace))
        self.service.view.current = Settings(policy={"p": policy}, schedule={"office": office})
        self.store = Store(self.service.database)
        self.hearing = Hearing()
        self.handlers = Handlers(self.store, self.service.view, self.hearing)
        self.ticker = Ticker(self.store, self.service.units, self.hearing, _at_once)

    async def handle(self, *events: Event) -> None:
        await feed(self.service, self.handlers.handle, *events)

    async def stated(self) -> list[Event]:
        """Everything in the outbox, in order."""
        return await stated(self.service.database)


async def _at_once() -> None:
    return


@pytest.fixture
async def processes(servers: ServerUrls, namespace: str, policy: Any, office: Any) -> AsyncIterator[list[Process]]:
    """Two replicas on one database."""
    pair = [Process(servers, namespace, policy(), office) for _ in range(2)]
    await pair[0].service.outbox.prepare()
    await pair[0].store.prepare()
    yield pair
    for process in pair:
        await let_go(process.service)


@pytest.fixture
def process(processes: list[Process]) -> Process:
    return processes[0]


def fired(events: Iterable[Event]) -> list[tuple[type[Event], str, str]]:
    return [
        (type(event), event.ticket, event.metric) for event in events if isinstance(event, ClockWarned | ClockBreached)
    ]


async def test_an_opening_gives_clocks_and_its_replay_nothing(process: Process, story: Any) -> None:
    s = story()
    told = [s.opened(), s.reply(20, status="pending"), s.contact(30, status="open"), s.note(31)]
    await process.handle(*told)
    stated = await process.stated()
    assert [type(event) for event in stated] == [ClocksSet] * 3
    assert [event.sequence for event in stated] == [1, 2, 3]
    kept = await process.store.find("t1")
    await process.handle(*told)
    await process.handle(told[-1])
    assert await process.stated() == stated
    assert await process.store.find("t1") == kept
    assert kept is not None
    assert (kept.seen, kept.version) == (4, 3)


async def test_what_is_read_is_what_was_written(process: Process, story: Any) -> None:
    s = story()
    await process.handle(s.opened(), s.reply(61, status="pending"))
    again = await process.store.find("t1")
    await process.handle(s.contact(62, status="open"))
    resumed = await process.store.find("t1")
    assert again is not None
    assert resumed is not None
    assert again.clocks == tuple(clock for clock in (await _last_set(process, 2)).clocks)
    assert resumed.clocks[1].due_at == s.at(241)
    assert resumed.breached == {"first_reply": s.at(60)}


async def _last_set(process: Process, number: int) -> ClocksSet:
    return [event for event in await process.stated() if isinstance(event, ClocksSet)][number - 1]


async def test_a_warning_and_a_breach_come_once_each(process: Process, story: Any) -> None:
    s = story()
    await process.handle(s.opened())
    assert await process.store.earliest() == s.at(45)
    assert await process.ticker.fire_due(s.at(44), s.at(44)) == 0
    assert await process.ticker.fire_due(s.at(45), s.at(45)) == 1
    assert await process.ticker.fire_due(s.at(45), s.at(46)) == 0
    assert await process.ticker.fire_due(s.at(60), s.at(61)) == 1
    assert await process.ticker.fire_due(s.at(60), s.at(62)) == 0
    assert await process.store.earliest() == s.at(180)
    warned, breached = (await process.stated())[1:]
    assert isinstance(warned, ClockWarned)
    assert isinstance(breached, ClockBreached)
    assert (breached.due_at, breached.at, breached.version) == (s.at(60), s.at(61), 3)


async def test_two_tickers_that_race_say_each_thing_once(processes: list[Process], story: Any) -> None:
    stories = [story(f"t{number}") for number in range(BATCH + 30)]
    one, other = processes
    await one.handle(*(s.opened() for s in stories))
    assert await one.ticker.fire_due(stories[0].at(45), stories[0].at(45)) == BATCH

    async def tick(process: Process) -> int:
        count, minutes = 0, 45
        while minutes < 300:
            count += (new := await process.ticker.fire_due(stories[0].at(minutes), stories[0].at(minutes)))
            minutes += 0 if new else 15
        return count

    counts = await asyncio.gather(tick(one), tick(other))
    said = fired(await one.stated())
    assert len(said) == len(set(said)) == 4 * len(stories)
    assert sum(counts) == 4 * len(stories) - BATCH
    assert await one.store.earliest() is None


async def test_a_reply_and_a_ticker_that_race_agree(processes: list[Process], story: Any) -> None:
    stories = [story(f"t{number}") for number in range(20)]
    one, other = processes
    await one.handle(*(s.opened() for s in stories))
    replies = [s.reply(70) for s in stories]
    await asyncio.gather(
        one.handle(*replies[:10]),
        other.ticker.fire_due(stories[0].at(70), stories[0].at(71)),
        one.handle(*replies[10:]),
    )
    said = fired(await one.stated())
    assert len(said) == len(set(said)) == 40
    for s in stories:
        state = await one.store.find(s.ticket.id)
        assert state is not None
        assert (state.clocks[0].met_at, state.clocks[0].breached_at) == (s.at(70), s.at(60))


class _BreakingStore(Store):
    """Loses its connection after the work was done, before it is committed."""

    async def save(self, changes: Iterable[Change], session: Any) -> None:
        await super().save(changes, session)
        raise ConnectionError


async def test_what_breaks_before_the_commit_was_not_said(process: Process, story: Any) -> None:
    s = story()
    await process.handle(s.opened())
    broken = Ticker(_BreakingStore(process.service.database), process.service.units, process.hearing, _at_once)
    with pytest.raises(ConnectionError):
        await broken.fire_due(s.at(50), s.at(50))
    assert fired(await process.stated()) == []
    assert await process.ticker.fire_due(s.at(50), s.at(50)) == 1
    assert len(fired(await process.stated())) == 1


async def test_a_paused_clock_is_not_waited_for(process: Process, story: Any) -> None:
    s = story()
    await process.handle(s.opened(), s.reply(10, status="pending"))
    assert await process.store.earliest() is None
    assert await process.ticker.fire_due(s.at(9_000), s.at(9_000)) == 0
    await process.handle(s.contact(100, status="open"))
    assert await process.store.earliest() == s.at(270)
    await process.handle(s.changed(110, status="solved"))
    assert await process.store.earliest() is None


async def test_a_running_ticker_fires_within_a_second(process: Process, story: Any) -> None:
    due = utc_now() + QUIET + timedelta(seconds=1)
    await process.handle(story(start=due - timedelta(minutes=60)).opened(59.95))
    running = asyncio.create_task(process.ticker.run())

    async def breached() -> list[ClockBreached]:
        return [one for one in await process.stated() if isinstance(one, ClockBreached)]

    try:
        breaches = await until(breached, bool, "breach")
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert breaches[0].due_at == due
    assert GRACE <= breaches[0].at - due < timedelta(seconds=1)


@pytest.fixture
async def client(process: Process) -> AsyncIterator[httpx.AsyncClient]:
    service = process.service
    service.app.include_router(router(process.store, service.view, service.settings.internal_token))
    transport = httpx.ASGITransport(service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sla", headers=BEARER) as client:
        yield client


async def test_the_clocks_of_a_ticket_can_be_asked_for(process: Process, client: httpx.AsyncClient, story: Any) -> None:
    s = story()
    await process.handle(s.opened())
    answer = (await client.get("/v1/clocks/t1")).json()
    assert (answer["policy"], answer["version"]) == ("p", 1)
    assert [clock["metric"] for clock in answer["clocks"]] == ["first_reply", "resolution"]
    assert datetime.fromisoformat(answer["next_at"]) == s.at(45)


async def test_a_deadline_can_be_asked_for(client: httpx.AsyncClient) -> None:
    asked = {"schedule": "office", "minutes": "60", "start": "2026-06-05T16:30:00Z"}
    answer = (await client.get("/v1/due", params=asked)).json()
    assert answer["due_at"] == "2026-06-08T09:30:00Z"
    assert answer["counts_from"] == "2026-06-05T16:30:00Z"


@pytest.mark.parametrize("path", ["/v1/clocks/t1", "/v1/due?minutes=5"])
async def test_without_the_token_nothing(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path, headers={"Authorization": "Bearer of bad news"})).status_code == 401


@pytest.mark.parametrize(
    ("path", "status", "kind", "field"),
    [
        pytest.param("/v1/clocks/nobody", 404, "unknown-ticket", None, id="ticket"),
        pytest.param("/v1/due?minutes=5&schedule=x", 404, "unknown-schedule", None, id="schedule"),
        pytest.param("/v1/due", 422, "invalid", "query.minutes", id="no minutes"),
        pytest.param("/v1/due?minutes=0", 422, "invalid", "query.minutes", id="too few minutes"),
        pytest.param("/v1/due?minutes=99999999", 422, "invalid", "query.minutes", id="too many minutes"),
        pytest.param("/v1/due?minutes=5&start=2026-06-01T09:00:00", 422, "invalid", "query.start", id="no offset"),
        pytest.param("/v1/due?minutes=5&start=0001-01-01T00:00:00Z", 422, "invalid", "query.start", id="year"),
        pytest.param("/v1/due?minutes=5000000&schedule=office", 422, "invalid", "query.minutes", id="beyond ten years"),
    ],
)
async def test_wrong_questions_get_a_problem(
    client: httpx.AsyncClient, path: str, status: int, kind: str, field: str | None
) -> None:
    answer = await client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"urn:postroom:problem:{kind}"
    assert [error["field"] for error in answer.json().get("errors", [])] == ([field] if field else [])
