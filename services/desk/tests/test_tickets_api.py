"""Lists, pages and searches of tickets over the real API."""

import asyncio
from typing import Any

import httpx
import pytest

from postroom_contracts.values import Party
from postroom_desk import queries
from postroom_plumbing.ids import new_id

from .making import MAKE
from .running import Desk

pytestmark = pytest.mark.connected


async def walk(desk: Desk, page: int = 3, between: Any = None, **params: Any) -> list[dict[str, Any]]:
    """All pages of a list; `between` happens after each."""
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        asked = params | {"limit": page} | ({"cursor": cursor} if cursor else {})
        answer = await desk.admin.get("/api/v1/tickets", params=asked)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert len(body["items"]) <= page
        items += body["items"]
        cursor = body["next_cursor"]
        if cursor is None:
            return items
        if between is not None:
            await between(len(items))


async def some(desk: Desk, count: int, **fields: Any) -> list[str]:
    """Ids of new tickets, oldest first."""
    tickets = [new_id() for _ in range(count)]
    for ticket in tickets:  # one transaction each, so that they are updated at different moments
        await desk.feed(MAKE.contact(ticket, new_id(), **fields))
    return tickets


@pytest.mark.parametrize("sort", ["-updated_at", "updated_at", "-opened_at", "opened_at"])
@pytest.mark.parametrize("page", [1, 4, 7, 200])
async def test_pages_are_the_whole_list_in_order(desk: Desk, sort: str, page: int) -> None:
    tickets = await some(desk, 7, mailbox=(mailbox := new_id()))
    listed = [one["id"] for one in await walk(desk, page, mailbox=mailbox, sort=sort)]
    assert listed == (tickets[::-1] if sort.startswith("-") else tickets)


@pytest.mark.parametrize("sort", ["-updated_at", "updated_at"])
async def test_tickets_of_one_moment_are_paged_without_gaps(desk: Desk, sort: str) -> None:
    mailbox = new_id()
    await desk.feed(*(MAKE.contact(new_id(), new_id(), mailbox=mailbox) for _ in range(10)))
    listed = [one["id"] for one in await walk(desk, mailbox=mailbox, sort=sort)]
    assert len(listed) == len(set(listed)) == 10


@pytest.mark.parametrize("sort", ["-updated_at", "updated_at", "-opened_at", "opened_at"])
async def test_paging_while_tickets_change(desk: Desk, sort: str) -> None:
    tickets = await some(desk, 9, mailbox=(mailbox := new_id()))
    touched = {tickets[1], tickets[7]}

    async def meanwhile(_: int) -> None:
        for ticket in touched:
            await desk.admin.post(f"/api/v1/tickets/{ticket}/notes", json={"text": "looking"})
        await some(desk, 1, mailbox=new_id())

    listed = [one["id"] for one in await walk(desk, 2, meanwhile, mailbox=mailbox, sort=sort, status=["new", "open"])]
    still = [ticket for ticket in listed if ticket not in touched]
    expected = [ticket for ticket in tickets if ticket not in touched]
    assert still == (expected[::-1] if sort.startswith("-") else expected), "those left alone come once and in order"
    if sort.endswith("opened_at"):
        assert len(listed) == 9, "this order never changes, so everything comes once"


async def test_filters(desk: Desk) -> None:
    mailbox = new_id()
    mine, other = await some(desk, 2, mailbox=mailbox)
    agent, _ = await desk.agent("Filter")
    await desk.admin.put("/api/v1/settings/queue/filters", json={"name": "Filters"})
    patch = {"status": "pending", "priority": "urgent", "agent": agent.id, "queue": "filters", "tags": ["VIP", "de"]}
    answer = await desk.admin.patch(f"/api/v1/tickets/{mine}", json=patch)
    assert answer.status_code == 200, answer.text
    german = (await some(desk, 1, mailbox=mailbox, language="de", sender=Party(address="Bob@Example.com")))[0]

    async def ids(**params: Any) -> set[str]:
        return {one["id"] for one in await walk(desk, mailbox=mailbox, **params)}

    assert await ids() == {mine, other, german}
    assert await ids(status="pending") == {mine}
    assert await ids(status=["pending", "new"]) == {mine, other, german}
    assert await ids(priority="urgent") == await ids(queue="filters") == await ids(agent=agent.id) == {mine}
    assert await ids(agent="none") == {other, german}
    assert await ids(tag=["vip"]) == await ids(tag=["vip", "DE"]) == {mine}
    assert await ids(tag=["vip", "fr"]) == set()
    assert await ids(language="de") == await ids(customer="bob@EXAMPLE.com") == {german}
    customer = (await desk.ticket(german))["customer"]["id"]
    assert await ids(customer=customer) == {german}
    assert await ids(channel="email", status="new", agent="none") == {other, german}
    assert await ids(channel="chat") == set()


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"limit": "0"}, "query.limit"),
        ({"limit": "201"}, "query.limit"),
        ({"status": "opened"}, "query.status.0"),
        ({"priority": "asap"}, "query.priority.0"),
        ({"channel": "fax"}, "query.channel"),
        ({"sort": "subject"}, "query.sort"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"q": "printer", "cursor": "nonsense"}, "cursor"),
    ],
)
async def test_a_wrong_question_is_answered_with_the_field(desk: Desk, params: dict[str, str], field: str) -> None:
    answer = await desk.admin.get("/api/v1/tickets", params=params)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert [one["field"] for one in answer.json()["errors"]] == [field]


async def test_a_cursor_of_another_order_is_refused(desk: Desk) -> None:
    await some(desk, 2, mailbox=(mailbox := new_id()))
    page = await desk.admin.get("/api/v1/tickets", params={"limit": 1, "mailbox": mailbox})
    other = {"limit": 1, "mailbox": mailbox, "sort": "opened_at", "cursor": page.json()["next_cursor"]}
    assert (await desk.admin.get("/api/v1/tickets", params=other)).status_code == 422


@pytest.mark.parametrize(
    ("fields", "query"),
    [
        ({"text": "Der Zählerstand ist falsch"}, "zählerstand"),
        ({"subject_line": "مشکل در ورود به حساب"}, "ورود حساب"),
        ({"text": "نمي\u200cتوانم وارد شوم"}, "نمی\u200cتوانم"),
        ({"text": "我的发票金额不对"}, "发票"),
        ({"text": "請求書が届きません"}, "請求書"),
        ({"sender": Party(address="quentin@example.org", name="Quentin Q")}, "quentin@example.org"),
    ],
)
async def test_a_word_in_any_script_finds_its_ticket(desk: Desk, fields: dict[str, Any], query: str) -> None:
    ticket = await desk.opened(mailbox=(mailbox := new_id()), **fields)
    await desk.opened(mailbox=mailbox)
    assert [one["id"] for one in await walk(desk, q=query, mailbox=mailbox)] == [ticket]


async def test_a_ticket_is_found_by_its_number(desk: Desk) -> None:
    ticket = await desk.opened()
    number = (await desk.ticket(ticket))["number"]
    assert ticket in {one["id"] for one in await walk(desk, q=f"#{number}")}
    assert (await desk.ticket(str(number)))["id"] == ticket


async def test_all_words_must_be_in_one_message(desk: Desk) -> None:
    ticket = await desk.opened(text="alpha seldomword", mailbox=(mailbox := new_id()))
    await desk.feed(MAKE.contact(ticket, new_id(), text="beta", mailbox=mailbox))
    assert len(await walk(desk, q="alpha seldomword", mailbox=mailbox)) == 1
    assert len(await walk(desk, q="beta seldomword", mailbox=mailbox)) == 0
    assert await walk(desk, q="...", mailbox=mailbox) == []


@pytest.mark.parametrize("page", [1, 2, 50])
@pytest.mark.parametrize("looked_at", [2, 400])
async def test_searches_page_without_gaps_or_repeats(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, page: int, looked_at: int
) -> None:
    monkeypatch.setattr(queries, "SEARCH_MESSAGES", looked_at)
    mailbox, word = new_id(), f"w{new_id().replace('-', '')}"
    tickets = await some(desk, 4, mailbox=mailbox, text=word)
    for ticket in (tickets[0], tickets[2], tickets[0]):  # more matching messages of the same tickets
        await desk.feed(MAKE.contact(ticket, new_id(), text=f"again {word}", mailbox=mailbox))
    await some(desk, 3, mailbox=new_id(), text=word)  # matching, but of another mailbox

    async def meanwhile(_: int) -> None:
        await some(desk, 1, mailbox=mailbox, text=word)

    listed = [one["id"] for one in await walk(desk, page, meanwhile, q=word, mailbox=mailbox)]
    assert listed == [tickets[0], tickets[2], tickets[3], tickets[1]], "the newest matching message comes first"


async def test_a_list_shows_no_internals_and_a_ticket_shows_all(desk: Desk) -> None:
    ticket = await desk.opened(mailbox=(mailbox := new_id()))
    await desk.feed(MAKE.decided(ticket, agent="mina", reason="she was free"), MAKE.clocks(ticket))
    (row,) = await walk(desk, mailbox=mailbox)
    assert row.keys().isdisjoint({"chain", "reply_to", "placed_by_hand", "sla_version", "_id", "routing"})
    assert [(clock["metric"], clock["policy"]) for clock in row["clocks"]] == [("first_reply", "standard")]
    shown = await desk.ticket(ticket)
    assert shown["routing"]["reason"] == "she was free"
    (message,) = shown["messages"]
    assert (message["kind"], message["text"], message["evidence"]["kind"]) == ("contact", "Please help.", "none")
    assert message["raw_url"] == f"/api/v1/messages/{message['id']}/raw"
    assert "terms" not in message
    assert [entry["what"] for entry in shown["history"]] == ["TicketOpened", "TicketChanged"]


@pytest.mark.parametrize("ticket", ["999999999999", "nobody", "00000000-0000-7000-8000-000000000000", "x" * 500, "%00"])
async def test_no_such_ticket(desk: Desk, ticket: str) -> None:
    for answer in await asyncio.gather(
        desk.admin.get(f"/api/v1/tickets/{ticket}"),
        desk.admin.patch(f"/api/v1/tickets/{ticket}", json={"status": "open"}),
        desk.admin.post(f"/api/v1/tickets/{ticket}/notes", json={"text": "x"}),
        desk.admin.post(f"/api/v1/tickets/{ticket}/replies", json={"text": "x"}),
    ):
        assert answer.status_code == 404


async def test_stores_that_cannot_be_reached_are_said_so(lost_desk: Desk) -> None:
    answers: tuple[httpx.Response, ...] = await asyncio.gather(
        lost_desk.admin.get("/api/v1/tickets"),
        lost_desk.admin.post("/api/v1/tickets/1/notes", json={"text": "x"}),
        lost_desk.nobody.post("/api/v1/sessions", json={"email": "a@b", "password": "x"}),
    )
    assert [answer.status_code for answer in answers] == [503, 503, 503]
    assert {answer.json()["type"] for answer in answers} == {"urn:postroom:problem:stores-unreachable"}
