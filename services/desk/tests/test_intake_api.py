"""What ingest keeps, through desk's API and on its pages."""

import logging
from collections.abc import AsyncIterator

import httpx
import pytest
from given import ServerUrls

from postroom_contracts.contacts import Spam
from postroom_contracts.values import Attachment, Party
from postroom_desk.web import glance
from postroom_desk.web.set_aside import WHY
from postroom_plumbing.ids import new_id

from .ingest_stand_in import Ingest, listening
from .making import MAKE
from .running import Desk, prepared_desk

pytestmark = pytest.mark.connected
ADMIN = {"email": "admin@example.com", "password": MAKE.admin_password}


@pytest.fixture
def ingest() -> Ingest:
    return Ingest()


@pytest.fixture
async def desk(servers: ServerUrls, ingest: Ingest) -> AsyncIterator[Desk]:
    """A desk with an ingest that answers."""
    async with listening(ingest) as url:
        desk = await prepared_desk(servers, ingest_url=url)
        yield desk
        await desk.close()


async def visitor(desk: Desk) -> httpx.AsyncClient:
    client = desk.client(None)
    assert (await client.post("/login", data=ADMIN)).status_code == 303
    return client


async def test_agents_list_read_and_release_what_was_set_aside(
    desk: Desk, ingest: Ingest, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    contact = new_id()
    ingest.set_aside(contact, subject="抽奖")
    mina, client = await desk.agent("Mina")
    listed = await client.get("/api/v1/set-aside", params={"limit": 5, "before": "x&y"})
    assert [one["subject"] for one in listed.json()["items"]] == ["抽奖"]
    assert ingest.asked[-1] == "GET set-aside?limit=5&before=x%26y"
    assert (await client.get(f"/api/v1/set-aside/{contact}")).json()["read"]["text"] == "Please help."
    released = await client.post(f"/api/v1/set-aside/{contact}/release")
    assert (released.status_code, released.json()) == (202, {"contact": contact, "released": True})
    (entry,) = [one for one in caplog.records if one.message == "set-aside mail released"]
    assert (entry.__dict__["contact"], entry.__dict__["agent"]) == (contact, mina.id)
    again = await client.post(f"/api/v1/set-aside/{contact}/release")
    assert (again.status_code, again.headers["content-type"]) == (404, "application/problem+json")
    assert again.json()["type"] == "urn:postroom:problem:not-found"
    assert (await client.get("/api/v1/set-aside/..%2Faccounts")).status_code == 404


async def test_the_ledger_and_the_accounts_are_handed_on(desk: Desk, ingest: Ingest) -> None:
    bounds = {"from": "2026-03-01T00:00:00+03:30", "to": "2026-03-02T00:00:00Z"}
    assert (await desk.admin.get("/api/v1/intake-ledger", params=bounds)).json()["hours"][0]["new"] == 1
    assert ingest.asked[-1] == "GET ledger?from=2026-03-01T00%3A00%3A00%2B03%3A30&to=2026-03-02T00%3A00%3A00%2B00%3A00"
    wrong = await desk.admin.get("/api/v1/intake-ledger", params={"from": "yesterday"})
    assert [one["field"] for one in wrong.json()["errors"]] == ["query.from"]
    ingest.account("old", "refused", "[AUTHENTICATIONFAILED]")
    assert (await desk.admin.get("/api/v1/accounts")).json()[0]["state"] == "refused"


@pytest.mark.parametrize("code", [401, 403, 500, 502])
async def test_what_is_our_own_fault_is_not_blamed_on_the_caller(desk: Desk, ingest: Ingest, code: int) -> None:
    ingest.code = code
    for path in ("set-aside", "set-aside/x", "intake-ledger", "accounts"):
        answer = await desk.admin.get(f"/api/v1/{path}")
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:postroom:problem:unavailable")
    client = await visitor(desk)
    assert (await client.get("/")).status_code == 200, "tickets are shown all the same"
    assert (await client.get("/set-aside")).status_code == 503
    assert (await client.post("/set-aside/x/release")).status_code == 503


async def test_only_some_see_mails_as_they_came(desk: Desk) -> None:
    await desk.opened(contact=(contact := new_id()))
    raw = f"/api/v1/messages/{contact}/raw"
    agent, client = await desk.agent("Simple")
    refused = await client.get(raw)
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:postroom:problem:forbidden")
    assert (await desk.admin.get(raw)).content.startswith(b"Subject")
    changed = await desk.admin.patch(f"/api/v1/agents/{agent.id}", json={"sees_raw": True})
    assert changed.json()["sees_raw"]
    assert (await client.get(raw)).status_code == 200
    assert all("sees_raw" not in event.model_dump() for event in await desk.stated(agent.id))


class TestPages:
    async def test_a_row_and_a_banner_say_what_needs_somebody(self, desk: Desk, ingest: Ingest) -> None:
        ingest.account("فروش", "refused", "<b>wrong password</b>")
        ingest.account("fine", "up")
        ingest.account("off", "disabled", "asleep")
        for _ in range(3):
            ingest.set_aside(new_id())
        await desk.opened(warnings=("forged-reference",), subject_line="سلام")
        client = await visitor(desk)
        page = (await client.get("/")).text
        assert "<bdi>فروش</bdi>" in page
        assert "&lt;b&gt;wrong password&lt;/b&gt;" in page
        assert "asleep" not in page
        assert '<a href="/set-aside">3 mails set aside</a>' in page
        assert 'title="Beware: forged reference"' in page
        await client.get("/")
        assert ingest.asked.count("GET accounts") == 1, "not asked again for every page"

    async def test_nothing_to_see_shows_nothing(self, desk: Desk) -> None:
        page = (await (await visitor(desk)).get("/")).text
        assert "set aside" not in page
        assert "banner" not in page

    async def test_many_are_counted_up_to_a_hundred(self, desk: Desk, ingest: Ingest) -> None:
        for _ in range(glance.COUNTED):
            ingest.set_aside(new_id())
        assert "100 and more mails set aside" in (await (await visitor(desk)).get("/")).text

    async def test_a_mail_is_let_in_with_a_button(self, desk: Desk, ingest: Ingest) -> None:
        for n in range(51):
            ingest.set_aside(f"c{n}", subject="<script>alert(1)</script>", sender='"><svg>@x')
        client = await visitor(desk)
        page = await client.get("/set-aside")
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert page.text.count("&lt;script&gt;alert(1)") == 100, "as text, in the row and in the button's label"
        assert "<svg>" not in page.text
        assert 'href="/set-aside?before=c49"' in page.text
        answer = await client.post("/set-aside/c1/release")
        assert (answer.status_code, answer.headers["location"]) == (303, "/set-aside?let_in=c1")
        assert "c1" not in [one["contact"] for one in ingest.items]

    async def test_what_was_let_in_is_said_so_and_where_it_went(self, desk: Desk, ingest: Ingest) -> None:
        contact = new_id()
        ingest.set_aside(contact)
        client = await visitor(desk)
        there = (await client.post(f"/set-aside/{contact}/release")).headers["location"]
        page = (await client.get(there)).text
        assert "Let in. It will be among the" in page
        assert "data-live" in page, "it follows what becomes of it"
        ticket = await desk.opened(contact=contact, subject_line="جایزه <b>")
        target = await desk.opened(subject_line="target")
        number = (await desk.ticket(ticket))["number"]
        page = (await client.get(there)).text
        assert f'onto ticket <a href="/?q=%23{number}">#{number}</a> <bdi dir="rtl">جایزه &lt;b&gt;</bdi>' in page
        await desk.admin.post(f"/api/v1/tickets/{ticket}/merge", json={"into": target})
        assert f">#{(await desk.ticket(target))['number']}</a>" in (await client.get(there)).text
        assert "Let in" not in (await client.get("/set-aside")).text

    async def test_a_mail_is_read_and_let_in(self, desk: Desk, ingest: Ingest) -> None:
        hostile = "<script>alert(1)</script>"
        read = MAKE.contact(
            sender=Party(address="sara@example.ir", name="سارا"),
            to=(Party(address="support@example.com"),),
            cc=(Party(address="b@example.net", name=hostile),),
            subject_line="جایزه",
            text=f"سلام {hostile}\n\n> quoted",
            own_words=f"سلام {hostile}",
            html="<b>shown nowhere</b>",
            language="fa",
            attachments=(Attachment(name=f"{hostile}.pdf", content_type="x/y", size=2048, sha256="0", part=1),),
            spam=Spam(verdict=True, score=7.5, by="X-Spam-Flag"),
        )
        ingest.set_aside("c1", read=read.model_dump(mode="json"))
        client = await visitor(desk)
        assert 'href="/set-aside/c1"' in (await client.get("/set-aside")).text
        page = (await client.get("/set-aside/c1")).text
        assert '<h1 dir="rtl" lang="fa">جایزه</h1>' in page
        assert "called it spam (X-Spam-Flag, score 7.5)" in page
        assert '<bdi>سارا</bdi> <bdi class="address">sara@example.ir</bdi>' in page
        assert "<bdi>support@example.com</bdi>" in page
        assert '<div class="words" dir="auto" lang="fa">سلام &lt;script&gt;' in page
        assert "&gt; quoted" in page
        assert "&lt;/script&gt;.pdf</bdi> <span>2.0 kB</span>" in page
        assert hostile not in page
        assert "shown nowhere" not in page
        assert "data-live" not in page, "nothing is replaced under a reader's eyes"
        assert 'action="/set-aside/c1/release"' in page

    @pytest.mark.parametrize("cause", ["own-mail", "loop"])
    async def test_a_mail_says_why_and_what_it_lacks(self, desk: Desk, ingest: Ingest, cause: str) -> None:
        read = MAKE.contact(subject_line=" ", text="").model_dump(mode="json")
        ingest.set_aside("c1", cause=cause, read=read, released_at="2026-03-02T10:00:00Z")
        page = (await (await visitor(desk)).get("/set-aside/c1")).text
        assert WHY[cause] in page
        assert ">(no subject)</h1>" in page
        assert "This mail has no text." in page
        assert "Let in <time" in page
        assert "/release" not in page

    async def test_a_mail_that_is_not_there_is_said_so(self, desk: Desk) -> None:
        answer = await (await visitor(desk)).get("/set-aside/nothing")
        assert (answer.status_code, "does not know this" in answer.text) == (404, True)

    async def test_visitors_see_and_do_nothing(self, desk: Desk, ingest: Ingest) -> None:
        ingest.set_aside("c1")
        nobody = desk.nobody
        for answer in (
            await nobody.get("/set-aside"),
            await nobody.get("/set-aside/c1"),
            await nobody.post("/set-aside/c1/release"),
        ):
            assert (answer.status_code, answer.headers["location"]) == (303, "/login")
        assert len(ingest.items) == 1

    async def test_an_ingest_that_does_not_answer_delays_nothing(
        self, servers: ServerUrls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(glance, "WAIT_SECONDS", 0.0)
        async with listening(Ingest()) as url:
            desk = await prepared_desk(servers, ingest_url=url)
            assert (await (await visitor(desk)).get("/")).status_code == 200
            await desk.close()


async def test_merged_tickets_are_not_on_the_page(desk: Desk) -> None:
    source, target = await desk.opened(subject_line="source"), await desk.opened(subject_line="target")
    await desk.admin.post(f"/api/v1/tickets/{source}/merge", json={"into": target})
    page = (await (await visitor(desk)).get("/")).text
    assert page.count('<td class="subject"') == 1
