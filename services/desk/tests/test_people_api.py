"""Agents, customers, log-in and pages over the real app."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from given import ServerUrls

from postroom_contracts.agents import AgentChanged
from postroom_contracts.values import Party
from postroom_desk.api.auth import COOKIE, GUESSES
from postroom_desk.bootstrap import DEMO_AGENTS, DEMO_SETTINGS
from postroom_plumbing.clock import utc_now
from postroom_plumbing.ids import new_id

from .making import MAKE, NOWHERE
from .running import Desk, opened_desk

pytestmark = pytest.mark.connected
ADMIN = {"email": "Admin@Example.com ", "password": MAKE.admin_password}


@pytest.fixture(autouse=True)
async def _forgiven(desk: Desk) -> AsyncIterator[None]:
    """Wrong passwords of one test are not held against the next."""
    yield
    async for key in desk.service.redis.scan_iter(f"{desk.service.settings.namespace}:*"):
        await desk.service.redis.delete(key)


def body(**other: Any) -> dict[str, Any]:
    return {"name": "Li Wei", "email": f"{new_id()}@Desk.Test"} | other


class TestAgents:
    async def test_made_changed_and_stated(self, desk: Desk) -> None:
        made = await desk.admin.post("/api/v1/agents", json=body(languages=["ZH", "en"], queues=["general"]))
        assert (made.status_code, made.headers["etag"]) == (201, '"1"')
        agent = made.json()
        assert (agent["role"], agent["languages"], agent["availability"]) == ("agent", ["zh", "en"], "offline")
        assert agent["email"].endswith("@desk.test")
        assert "password" not in agent
        url = f"/api/v1/agents/{agent['id']}"
        changed = await desk.admin.patch(url, json={"capacity": 3}, headers={"If-Match": '"1"'})
        assert (changed.status_code, changed.json()["capacity"], changed.headers["etag"]) == (200, 3, '"2"')
        assert (await desk.admin.patch(url, json={"name": "X"}, headers={"If-Match": '"1"'})).status_code == 412
        assert (await desk.admin.get(url)).json() == changed.json()
        told = [event for event in await desk.stated(agent["id"]) if isinstance(event, AgentChanged)]
        assert [(event.version, event.capacity) for event in told] == [(1, 10), (2, 3)]

    async def test_an_email_belongs_to_one(self, desk: Desk) -> None:
        one = body()
        answers = await asyncio.gather(*(desk.admin.post("/api/v1/agents", json=one) for _ in range(3)))
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
        other_case = await desk.admin.post("/api/v1/agents", json=one | {"email": one["email"].upper()})
        assert (other_case.status_code, other_case.json()["type"]) == (409, "urn:postroom:problem:exists")

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"email": "nobody"}, "body.email"),
            ({"name": " "}, "body.name"),
            ({"password": "short"}, "body.password"),
            ({"role": "king"}, "body.role"),
            ({"capacity": -1}, "body.capacity"),
            ({"capcity": 1}, "body.capcity"),
            ({"id": "me"}, "body.id"),
        ],
    )
    async def test_what_cannot_be(self, desk: Desk, wrong: dict[str, Any], field: str) -> None:
        answer = await desk.admin.post("/api/v1/agents", json=body(**wrong))
        assert (answer.status_code, [one["field"] for one in answer.json()["errors"]]) == (422, [field])

    @pytest.mark.parametrize("wrong", [{}, {"name": None}, {"email": "new@desk.test"}, {"version": 9}])
    async def test_a_change_of_nothing_is_no_change(self, desk: Desk, wrong: dict[str, Any]) -> None:
        agent, _ = await desk.agent("Same")
        assert (await desk.admin.patch(f"/api/v1/agents/{agent.id}", json=wrong)).status_code == 422
        assert len(await desk.stated(agent.id)) == 1

    async def test_availability_is_ones_own_or_an_admins(self, desk: Desk) -> None:
        mina, hers = await desk.agent("Mina")
        wei, _ = await desk.agent("Wei")
        for url in ("/api/v1/agents/me/availability", f"/api/v1/agents/{mina.id}/availability"):
            assert (await hers.put(url, json={"availability": "away"})).status_code == 200
        url = f"/api/v1/agents/{wei.id}/availability"
        refused = await hers.put(url, json={"availability": "available"})
        assert (refused.status_code, refused.json()["type"]) == (403, "urn:postroom:problem:forbidden")
        assert (await desk.admin.put(url, json={"availability": "available"})).json()["availability"] == "available"
        assert (await hers.put("/api/v1/agents/me/availability", json={"availability": "lunch"})).status_code == 422
        missing = await desk.admin.put("/api/v1/agents/nobody/availability", json={"availability": "away"})
        assert missing.status_code == 404

    async def test_who_has_left_is_let_in_no_more(self, desk: Desk) -> None:
        agent, theirs = await desk.agent("Leaver")
        assert (await theirs.get("/api/v1/agents/me")).json()["id"] == agent.id
        await desk.admin.patch(f"/api/v1/agents/{agent.id}", json={"active": False})
        assert (await theirs.get("/api/v1/agents/me")).status_code == 401


ONLY_ADMINS = [
    ("POST", "/api/v1/agents"),
    ("PATCH", "/api/v1/agents/x"),
    ("PUT", "/api/v1/settings/queue/x"),
    ("DELETE", "/api/v1/settings/queue/general"),
]
EVERYBODY = [
    ("GET", "/api/v1/tickets"),
    ("GET", "/api/v1/tickets/1"),
    ("PATCH", "/api/v1/tickets/1"),
    ("POST", "/api/v1/tickets/1/replies"),
    ("POST", "/api/v1/tickets/1/notes"),
    ("POST", "/api/v1/tickets/1/merge"),
    ("DELETE", "/api/v1/tickets/1/similar/2"),
    ("GET", "/api/v1/set-aside"),
    ("GET", "/api/v1/set-aside/x"),
    ("POST", "/api/v1/set-aside/x/release"),
    ("GET", "/api/v1/intake-ledger"),
    ("GET", "/api/v1/accounts"),
    ("GET", "/api/v1/customers"),
    ("GET", "/api/v1/customers/x"),
    ("PATCH", "/api/v1/customers/x"),
    ("GET", "/api/v1/agents"),
    ("GET", "/api/v1/agents/me"),
    ("GET", "/api/v1/agents/x"),
    ("PUT", "/api/v1/agents/me/availability"),
    ("GET", "/api/v1/settings/queue"),
    ("GET", "/api/v1/settings/queue/general"),
    ("GET", "/api/v1/messages/x/raw"),
    ("GET", "/api/v1/messages/x/attachments/0"),
    ("GET", "/api/v1/analytics/summary"),
    ("DELETE", "/api/v1/sessions/current"),
]


class TestWhoMay:
    @pytest.mark.parametrize(("method", "path"), EVERYBODY + ONLY_ADMINS)
    async def test_nothing_without_a_token(self, desk: Desk, method: str, path: str) -> None:
        for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {MAKE.admin_token}"}):
            answer = await desk.nobody.request(method, path, headers=header)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"].startswith("Bearer")

    @pytest.mark.parametrize(("method", "path"), ONLY_ADMINS)
    async def test_some_things_only_admins(self, desk: Desk, method: str, path: str) -> None:
        _, client = await desk.agent("Simple")
        content = {"name": "x", "email": "x@y.z"} if method == "POST" else {"name": "x"}
        assert (await client.request(method, path, json=content)).status_code == 403

    async def test_every_route_of_the_api_is_named_here(self, desk: Desk) -> None:
        known = {(method, path) for method, path in EVERYBODY + ONLY_ADMINS} | {("POST", "/api/v1/sessions")}
        for path, methods in desk.service.app.openapi()["paths"].items():
            pattern = path.replace("{", "\x00").split("\x00")[0]
            for method in methods:
                assert any(m == method.upper() and p.startswith(pattern) for m, p in known), (method, path)

    async def test_a_token_that_ran_out_or_was_given_back(self, desk: Desk) -> None:
        agent, client = await desk.agent("Brief")
        token, until = await desk.people.new_session(agent.id, utc_now() - timedelta(hours=2), 1)
        assert until < utc_now()
        assert (await desk.client(token).get("/api/v1/agents/me")).status_code == 401
        assert (await client.delete("/api/v1/sessions/current")).status_code == 204
        assert (await client.get("/api/v1/agents/me")).status_code == 401


class TestLogIn:
    async def test_gives_a_token(self, desk: Desk) -> None:
        answer = await desk.nobody.post("/api/v1/sessions", json=ADMIN)
        assert answer.status_code == 201
        client = desk.client(answer.json()["token"])
        assert (await client.get("/api/v1/agents/me")).json() == answer.json()["agent"]
        kept = [token["_id"] async for token in desk.database["tokens"].find()]
        assert answer.json()["token"] not in kept, "only its hash is kept"

    async def test_a_wrong_password_and_an_unknown_address_look_alike(self, desk: Desk) -> None:
        mute, _ = await desk.agent("No Password")
        tries = [ADMIN | {"password": "wrong"}, ADMIN | {"email": "x@y.z"}, {"email": mute.email, "password": "nobody"}]
        answers = [await desk.nobody.post("/api/v1/sessions", json=one) for one in tries]
        assert {answer.status_code for answer in answers} == {401}
        assert len({answer.text for answer in answers}) == 1

    async def test_who_guesses_too_often_must_wait_whatever_they_know(self, desk: Desk) -> None:
        tries = [desk.nobody.post("/api/v1/sessions", json=ADMIN | {"password": f"{n}"}) for n in range(GUESSES)]
        assert {answer.status_code for answer in await asyncio.gather(*tries)} == {401}
        refused = await desk.nobody.post("/api/v1/sessions", json=ADMIN)
        assert (refused.status_code, refused.json()["type"]) == (429, "urn:postroom:problem:too-many-attempts")
        page = await desk.nobody.post("/login", data=ADMIN)
        assert (page.status_code, "too many failed log-ins" in page.text) == (429, True)
        elsewhere = httpx.ASGITransport(app=desk.service.app, client=("192.0.2.7", 1))
        async with httpx.AsyncClient(transport=elsewhere, base_url="http://desk") as other:
            assert (await other.post("/api/v1/sessions", json=ADMIN)).status_code == 201

    async def test_without_redis_nobody_is_locked_out(self, servers: ServerUrls) -> None:
        desk = await opened_desk(servers, redis_url=f"redis://{NOWHERE}/0")
        for step in desk.service._prepare:
            await step()
        assert (await desk.nobody.post("/api/v1/sessions", json=ADMIN | {"password": "x"})).status_code == 401
        assert (await desk.nobody.post("/api/v1/sessions", json=ADMIN)).status_code == 201
        await desk.close()


class TestCustomers:
    async def test_lists_cards_and_notes(self, desk: Desk) -> None:
        mark = new_id()
        addresses = [f"{mark}-{n}@example.com" for n in range(5)]
        for address in addresses:
            await desk.opened(sender=Party(address=address, name=address[-13:]))
        listed: list[str] = []
        cursor: str | None = None
        while True:
            params = {"q": mark.upper(), "limit": "2"} | ({"cursor": cursor} if cursor else {})
            page = (await desk.admin.get("/api/v1/customers", params=params)).json()
            listed += [one["address"] for one in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert listed == addresses
        card = (await desk.admin.get(f"/api/v1/customers/{addresses[0]}")).json()
        assert (await desk.admin.get(f"/api/v1/customers/{card['id']}")).json() == card
        patched = await desk.admin.patch(f"/api/v1/customers/{card['id']}", json={"notes": "Prefers calls."})
        assert patched.json() == card | {"notes": "Prefers calls."}

    @pytest.mark.parametrize("wrong", [{}, {"address": "new@x.example"}, {"notes": "x" * 10_001}])
    async def test_what_cannot_be_written(self, desk: Desk, wrong: dict[str, str]) -> None:
        await desk.opened()
        answer = await desk.admin.patch("/api/v1/customers/ann@example.com", json=wrong)
        assert answer.status_code == 422
        assert (await desk.admin.patch("/api/v1/customers/nobody@x", json={"notes": "x"})).status_code == 404


class TestPages:
    async def logged_in(self, desk: Desk) -> httpx.AsyncClient:
        client = desk.client(None)
        answer = await client.post("/login", data=ADMIN)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        return client

    async def test_a_visitor_is_sent_to_log_in_and_out_again(self, desk: Desk) -> None:
        for headers in ({}, {"Cookie": f"{COOKIE}=forged"}, {"Authorization": f"Bearer {MAKE.admin_token}"}):
            answer = await desk.nobody.get("/", headers=headers)
            assert (answer.status_code, answer.headers["location"]) == (303, "/login")
        client = await self.logged_in(desk)
        token = client.cookies[COOKIE]
        assert (await client.get("/")).status_code == 200
        assert (await client.post("/logout")).headers["location"] == "/login"
        assert (await client.get("/")).status_code == 303
        assert (await desk.nobody.get("/", headers={"Cookie": f"{COOKIE}={token}"})).status_code == 303
        wrong = await desk.nobody.post("/login", data=ADMIN | {"password": "x"})
        assert (wrong.status_code, "set-cookie" in wrong.headers) == (401, False)

    async def test_what_strangers_write_is_text(self, desk: Desk) -> None:
        evil = '<script>alert("1")</script><img src=x onerror=alert(1)>'
        await desk.opened(subject_line=evil, sender=Party(address=f"{new_id()}@x", name=f"'\"><svg onload={evil}>"))
        client = await self.logged_in(desk)
        for params in ({}, {"q": f'"><script>{evil}'}, {"q": "alert"}, {"q": "alert", "status": "new"}):
            page = await client.get("/", params=params)
            assert page.status_code == 200
            assert page.headers["content-security-policy"].startswith("default-src 'none'")
            assert page.headers["cache-control"] == "no-store"
            for tag in ("<script>", "<img src=x", "<svg", "onerror=alert(1)>"):
                assert tag not in page.text
        assert "&lt;script&gt;alert" in page.text
        email = await desk.nobody.post("/login", data={"email": f'"><script>{evil}', "password": "x"})
        assert "<script>" not in email.text

    async def test_pages_of_tickets_lead_to_each_other(self, desk: Desk) -> None:
        word = f"w{new_id().replace('-', '')}"
        await desk.feed(*(MAKE.contact(new_id(), new_id(), subject_line=f"{word} {n}") for n in range(51)))
        client = await self.logged_in(desk)
        first = await client.get("/", params={"q": word})
        assert first.text.count(f'dir="ltr">{word} ') == 50
        link = first.text.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
        assert (await client.get(link)).text.count(f'dir="ltr">{word} ') == 1
        assert "Nothing fits" in (await client.get("/", params={"q": f"{word} missing"})).text


async def prepare(desk: Desk) -> None:
    for step in desk.service._prepare:
        await step()


async def test_a_demo_is_made_once_however_many_processes_start(servers: ServerUrls, namespace: str) -> None:
    desks = [await opened_desk(servers, demo=True, namespace=namespace) for _ in range(3)]
    await asyncio.gather(*(prepare(desk) for desk in desks))
    await prepare(desks[0])
    told = await desks[0].stated()
    assert {event.sequence for event in told} == {1}
    assert len({event.key for event in told}) == len(told) == len(DEMO_SETTINGS) + len(DEMO_AGENTS) + 1
    assert len((await desks[1].admin.get("/api/v1/agents")).json()) == len(DEMO_AGENTS) + 1
    for desk in desks:
        await desk.close()


@pytest.mark.parametrize("mistake", [{"role": "agent"}, {"active": False}])
async def test_who_locked_everybody_out_is_let_in_after_a_restart(fresh_desk: Desk, mistake: dict[str, Any]) -> None:
    me = (await fresh_desk.admin.get("/api/v1/agents/me")).json()
    assert (await fresh_desk.admin.patch(f"/api/v1/agents/{me['id']}", json=mistake)).status_code == 200
    await prepare(fresh_desk)
    again = (await fresh_desk.admin.get("/api/v1/agents/me")).json()
    assert (again["id"], again["role"], again["version"]) == (me["id"], "admin", 3)
    assert (await fresh_desk.nobody.post("/api/v1/sessions", json=ADMIN)).status_code == 201


async def test_a_demo_that_was_emptied_starts_all_the_same(servers: ServerUrls) -> None:
    desk = await opened_desk(servers, demo=True)
    await prepare(desk)
    for url in ("mailbox/support", "mailbox/billing"):
        assert (await desk.admin.delete(f"/api/v1/settings/{url}")).status_code == 204
    await prepare(desk)
    assert (await desk.admin.get("/api/v1/settings/mailbox/support")).json()["version"] == 3
    await desk.close()


async def test_services_that_cannot_be_reached_are_said_so(desk: Desk) -> None:
    contact = new_id()
    await desk.opened(contact=contact)
    for path in (f"messages/{contact}/raw", "analytics/summary"):
        answer = await desk.admin.get(f"/api/v1/{path}")
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:postroom:problem:unavailable")
    for path in ("messages/nobody/raw", f"messages/{contact}/attachments/3", "analytics/everything"):
        assert (await desk.admin.get(f"/api/v1/{path}")).status_code == 404
