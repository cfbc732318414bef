"""The site on a real MongoDB and Redis."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from given import ServerUrls

from postroom_contracts.csat import SurveyAnswered
from postroom_plumbing.clock import utc_now
from postroom_plumbing.service import Service
from postroom_plumbing.testing import SECRET, let_go, settings_for, stated
from postroom_plumbing.tokens import survey_token
from postroom_portal import site
from postroom_portal.app import build
from postroom_portal.settings import PortalSettings
from postroom_portal.store import CALLS_A_MINUTE, Answers

pytestmark = pytest.mark.connected

TOKEN = survey_token(SECRET, "ticket-1", "survey-1")
NOWHERE = "127.0.0.1:9"


class Portal:
    """A process whose site is called without a network."""

    def __init__(self, service: Service[PortalSettings]) -> None:
        self.service = service
        transport = httpx.ASGITransport(app=service.app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://portal", follow_redirects=False)

    async def click(self, rating: object, token: str = TOKEN, **headers: str) -> httpx.Response:
        return await self.client.get(f"/csat/{token}", params={"rating": str(rating)}, headers=headers)

    async def send(self, token: str = TOKEN, **form: str) -> httpx.Response:
        return await self.client.post(f"/csat/{token}", data=form)

    async def stated(self) -> list[SurveyAnswered]:
        """The events in the outbox, in order."""
        return [event for event in await stated(self.service.database) if isinstance(event, SurveyAnswered)]

    async def kept(self) -> dict[str, Any] | None:
        return await self.service.database["answers"].find_one({"_id": "ticket-1.survey-1"}, {"_id": 0, "at": 0})


async def opened(servers: ServerUrls, namespace: str, **urls: str) -> Portal:
    service = Service("portal", settings_for(PortalSettings, servers, namespace, **urls))
    await build(service)
    return Portal(service)


@pytest.fixture
async def portal(servers: ServerUrls, namespace: str) -> AsyncIterator[Portal]:
    portal = await opened(servers, namespace)
    await portal.service.outbox.prepare()
    await Answers(portal.service.database, portal.service.units).prepare()
    yield portal
    await portal.client.aclose()
    await let_go(portal.service)


async def test_one_click_records_a_rating_and_shows_it(portal: Portal) -> None:
    page = await portal.click(4)
    assert page.status_code == 200
    assert 'value="4"\n      aria-pressed="true"' in page.text
    assert await portal.kept() == {"rating": 4, "comment": "", "number": 1}
    (event,) = await portal.stated()
    assert (event.ticket, event.survey, event.rating, event.answer) == ("ticket-1", "survey-1", 4, 1)


async def test_the_same_click_again_records_nothing_and_another_replaces_it(portal: Portal) -> None:
    for rating in (4, 4, 2, 2, 4):
        assert (await portal.click(rating)).status_code == 200
    assert [(event.rating, event.answer) for event in await portal.stated()] == [(4, 1), (2, 2), (4, 3)]
    assert await portal.kept() == {"rating": 4, "comment": "", "number": 3}


async def test_a_comment_is_another_answer_and_a_later_click_keeps_it(portal: Portal) -> None:
    await portal.click(2)
    sent = await portal.send(rating="2", comment="It took\r\nweeks.")
    assert (sent.status_code, sent.headers["location"]) == (303, f"/csat/{TOKEN}")
    await portal.send(rating="2", comment="It took\nweeks.")
    page = await portal.click(3)
    assert "It took\nweeks.</textarea>" in page.text
    told = [(event.rating, event.comment, event.answer) for event in await portal.stated()]
    assert told == [(2, "", 1), (2, "It took\nweeks.", 2), (3, "It took\nweeks.", 3)]


async def test_looking_records_nothing(portal: Portal) -> None:
    head = await portal.client.head(f"/csat/{TOKEN}", params={"rating": "1"})
    look = await portal.client.get(f"/csat/{TOKEN}")
    assert (head.status_code, head.content, look.status_code) == (200, b"", 200)
    assert 'aria-pressed="true"' not in look.text
    assert await portal.kept() is None
    assert await portal.stated() == []


@pytest.mark.parametrize(
    "token", ["x", "a.b.c", TOKEN[:-1], TOKEN + "a", TOKEN.replace("1", "2", 1), "%00", "ticket-1.survey-1."]
)
async def test_a_forged_link_is_refused(portal: Portal, token: str) -> None:
    answers = [
        await portal.click(5, token),
        await portal.send(token, rating="5"),
        await portal.client.head(f"/csat/{token}"),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert "This link does not work" in answers[0].text
    assert await portal.stated() == []


@pytest.mark.parametrize("rating", ["0", "6", "", "five", "4.5"])
async def test_a_rating_that_does_not_exist_is_refused(portal: Portal, rating: str) -> None:
    click, form = await portal.click(rating), await portal.send(rating=rating, comment="x")
    assert (click.status_code, form.status_code) == (422, 422)
    assert "A rating is a number from 1 to 5" in click.text
    assert await portal.stated() == []


async def test_too_much_is_refused(portal: Portal) -> None:
    long = await portal.send(rating="5", comment="x" * 4001)
    huge = await portal.send(rating="5", comment="x" * 100_000)
    assert (long.status_code, huge.status_code) == (422, 413)
    assert await portal.stated() == []


async def test_answers_at_once_get_a_number_each(portal: Portal) -> None:
    ratings = [1, 2, 3, 4, 5] * 3
    pages = await asyncio.gather(*(portal.click(rating) for rating in ratings))
    assert {page.status_code for page in pages} == {200}
    told = await portal.stated()
    assert {event.rating for event in told} == {1, 2, 3, 4, 5}
    told.sort(key=lambda event: event.answer)
    assert [event.answer for event in told] == list(range(1, len(told) + 1))
    kept = await portal.kept()
    assert kept is not None
    assert (kept["rating"], kept["number"]) == (told[-1].rating, told[-1].answer)


async def test_the_same_answer_at_once_is_one_answer(portal: Portal) -> None:
    await asyncio.gather(*(portal.click(5) for _ in range(8)))
    assert [(event.rating, event.answer) for event in await portal.stated()] == [(5, 1)]


async def test_a_survey_called_too_often_must_wait_and_others_need_not(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = utc_now()
    monkeypatch.setattr(site, "utc_now", lambda: moment)
    for _ in range(CALLS_A_MINUTE):
        assert (await portal.click(3)).status_code == 200
    refused = await portal.click(4)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    assert (await portal.click(4, survey_token(SECRET, "ticket-2", "s"))).status_code == 200
    assert [event.ticket for event in await portal.stated()] == ["ticket-1", "ticket-2"]


async def test_without_redis_nobody_is_refused(servers: ServerUrls, namespace: str) -> None:
    portal = await opened(servers, namespace, redis_url=f"redis://{NOWHERE}/0")
    for _ in range(CALLS_A_MINUTE + 1):
        assert (await portal.click(5)).status_code == 200
    await let_go(portal.service)


async def test_without_a_store_no_thanks_are_given(servers: ServerUrls, namespace: str) -> None:
    portal = await opened(servers, namespace, mongo_url=f"mongodb://{NOWHERE}/?replicaSet=rs0")
    page = await portal.click(5)
    assert (page.status_code, page.headers["retry-after"]) == (503, "10")
    assert "Please try again in a moment" in page.text
    home = await portal.client.get("/")
    assert home.status_code == 200


async def test_every_answer_is_protected_and_sets_no_cookie(portal: Portal) -> None:
    for path in ("/", f"/csat/{TOKEN}?rating=5", "/csat/forged", "/nowhere", "/static/portal.css"):
        headers = (await portal.client.get(path)).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-robots-tag"].startswith("noindex")
        assert ("max-age" in headers["cache-control"]) == path.startswith("/static/")
        assert "set-cookie" not in headers


async def test_programs_get_problem_details(portal: Portal) -> None:
    refused = await portal.click(9, accept="application/json")
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["type"] == "urn:postroom:problem:bad-rating"
    assert refused.json()["errors"] == [{"field": "rating", "reason": "not a whole number from 1 to 5"}]
    browser = await portal.click(9, accept="text/html,application/json;q=0.9")
    assert browser.headers["content-type"].startswith("text/html")


async def test_pages_follow_the_visitors_language(portal: Portal) -> None:
    persian = await portal.click(5, **{"accept-language": "fa-IR,fa;q=0.9,en;q=0.5"})
    assert '<html lang="fa" dir="rtl">' in persian.text
    lost = await portal.client.get("/nowhere", headers={"accept-language": "de"})
    assert (lost.status_code, "Hier ist nichts" in lost.text) == (404, True)
    assert (await portal.client.put("/")).status_code == 405
