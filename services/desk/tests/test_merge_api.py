"""Merging over the real API, and what comes for a merged ticket afterwards."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from postroom_contracts.csat import SurveyAnswered
from postroom_contracts.outbound import ReplyRequested
from postroom_contracts.tickets import TicketChanged, TicketMessageAdded
from postroom_contracts.values import Party
from postroom_desk.store import Tickets
from postroom_desk.tickets.record import Record
from postroom_plumbing.ids import new_id
from postroom_plumbing.unit import Unit

from .making import MAKE
from .running import Desk

pytestmark = pytest.mark.connected


async def merged(desk: Desk, source: str, target: str, **headers: str) -> Any:
    return await desk.admin.post(f"/api/v1/tickets/{source}/merge", json={"into": target}, headers=headers)


async def pair(desk: Desk, **fields: Any) -> tuple[str, str]:
    return await desk.opened(**fields), await desk.opened(**fields)


async def test_messages_go_along_and_both_tickets_tell(desk: Desk) -> None:
    source, target = await pair(desk)
    await desk.admin.post(f"/api/v1/tickets/{source}/notes", json={"text": "She called."})
    await desk.admin.patch(f"/api/v1/tickets/{target}", json={"status": "solved"})
    number = (await desk.ticket(target))["number"]
    mina, client = await desk.agent("Mina")
    answer = await client.post(f"/api/v1/tickets/{source}/merge", json={"into": str(number)})
    assert (answer.status_code, answer.json()["id"], answer.headers["etag"]) == (200, target, '"3"')
    shown, gone = answer.json(), await desk.ticket(source)
    assert [(one["kind"], one["merged_from"]) for one in shown["messages"]] == [
        ("contact", source),
        ("contact", None),
        ("note", source),
    ]
    assert (gone["status"], gone["merged_into"], gone["messages"]) == ("closed", target, [])
    assert (shown["status"], shown["merged_into"], shown["reopens"]) == ("open", None, 1)
    (left,) = [one for one in await desk.stated(source) if isinstance(one, TicketChanged)]
    taken = (await desk.stated(target))[-1]
    assert isinstance(taken, TicketChanged)
    assert (set(left.changes), left.by.id) == ({"merged_into", "status"}, mina.id)
    assert (left.changes["merged_into"].old, left.ticket.merged_into) == (None, target)
    assert (set(taken.changes), taken.reason) == ({"status"}, f"merged #{gone['number']} into this")
    assert gone["history"][-1]["changes"]["merged_into"]["new"] == target
    assert shown["history"][-1]["reason"] == taken.reason


async def test_what_cannot_be_merged_is_refused_and_nothing_changes(desk: Desk) -> None:
    source, target = await pair(desk)
    third = await desk.opened()
    itself = await merged(desk, source, source)
    assert (itself.status_code, itself.json()["errors"][0]["field"]) == (422, "into")
    missing = await merged(desk, source, "999999999999")
    assert (missing.status_code, missing.json()["errors"][0]["field"]) == (422, "into")
    assert (await merged(desk, new_id(), target)).status_code == 404
    assert (await merged(desk, source, target, **{"If-Match": '"7"'})).status_code == 412
    assert [(await desk.ticket(one))["version"] for one in (source, target)] == [1, 1]
    assert (await merged(desk, source, target, **{"If-Match": '"1"'})).status_code == 200
    for one, other in ((source, target), (source, third), (target, source), (third, source)):
        refused = await merged(desk, one, other)
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:postroom:problem:merged")
    for method, path, body in (
        ("PATCH", "", {"status": "open"}),
        ("POST", "/notes", {"text": "x"}),
        ("POST", "/replies", {"text": "x"}),
    ):
        refused = await desk.admin.request(method, f"/api/v1/tickets/{source}{path}", json=body)
        assert refused.status_code == 409
        assert f"has been merged into #{(await desk.ticket(target))['number']}; do it there" in refused.json()["detail"]
    for wrong in ({}, {"into": ""}, {"into": target, "form": "1"}):
        assert (await desk.admin.post(f"/api/v1/tickets/{third}/merge", json=wrong)).status_code == 422


async def test_everything_that_still_comes_follows(desk: Desk) -> None:
    first, second = await pair(desk)
    third = await desk.opened()
    answer = await desk.admin.post(f"/api/v1/tickets/{first}/replies", json={"text": "Done."})
    reply = answer.json()["messages"][-1]
    assert (await merged(desk, first, second)).status_code == 200
    assert (await merged(desk, second, third)).status_code == 200
    await desk.admin.patch(f"/api/v1/tickets/{third}", json={"status": "closed"})
    before = [await desk.ticket(one) for one in (first, second)]
    late = new_id()
    await desk.feed(
        MAKE.contact(first, late, text="And another thing"),
        MAKE.sent(reply["id"], 1, ticket=first),
        MAKE.bounced(first, reply["message_id"], contact=new_id()),
        SurveyAnswered(ticket=first, survey=first, rating=5, answer=1, at=MAKE.start),
        MAKE.decided(first, 9, 9, queue="billing", agent="mina"),
        MAKE.clocks(first, 9),
        MAKE.breached(first, 10),
    )
    assert [await desk.ticket(one) for one in (first, second)] == before, "the merged ones stay as they are"
    shown = await desk.ticket(third)
    assert (shown["status"], shown["csat"]["rating"], shown["delivery_failed"]) == ("open", 5, True)
    by_id = {one["id"]: one for one in shown["messages"]}
    assert (by_id[late]["text"], by_id[late]["merged_from"]) == ("And another thing", first)
    assert (by_id[reply["id"]]["merged_from"], by_id[reply["id"]]["delivery"]["state"]) == (first, "bounced")
    assert {"MailSent", "MailBounced", "SurveyAnswered"} <= {one["what"] for one in shown["history"]}
    assert (shown["queue"], shown["clocks"]) == (None, [])
    (added,) = [one for one in await desk.stated(third) if isinstance(one, TicketMessageAdded)]
    assert (added.message.id, added.ticket.id) == (late, third)
    again = await desk.contents()
    await desk.feed(MAKE.contact(first, late), MAKE.sent(reply["id"], 1, ticket=first), MAKE.decided(first, 9, 9))
    assert await desk.contents() == again


async def grown(desk: Desk, ticket: str, count: int, text: str) -> None:
    """As many contacts more on a ticket as nobody would feed one by one."""
    (first,) = [one async for one in desk.database["messages"].find({"ticket": ticket})]
    more = [first | {"_id": new_id(), "text": text, "terms": [text]} for _ in range(count)]
    await desk.database["messages"].insert_many(more)


async def test_merging_very_many_messages_writes_no_more_than_merging_two(desk: Desk) -> None:
    source, target = await pair(desk)
    await grown(desk, source, 5000, (word := f"w{new_id().replace('-', '')}"))
    before = await desk.contents()
    assert (await merged(desk, source, target)).status_code == 200
    after = await desk.contents()
    assert after["messages"] == before["messages"]
    assert len(after["history"]) == len(before["history"]) + 2
    assert len([one for one in after["tickets"] if one not in before["tickets"]]) == 2
    third = await desk.opened()
    assert (await merged(desk, target, third)).status_code == 200
    for gone in (source, target):
        assert (await desk.ticket(gone))["messages"] == []
    shown = (await desk.ticket(third))["messages"]
    ids = [one["id"] for one in shown]
    assert len(set(ids)) == len(ids) == 5003
    assert [one["merged_from"] for one in shown].count(source) == 5001
    assert ids == sorted(ids)
    found = await desk.admin.get("/api/v1/tickets", params={"q": word, "limit": 5})
    assert [one["id"] for one in found.json()["items"]] == [third]


async def test_a_merge_that_is_stopped_in_the_middle_has_not_happened(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = await pair(desk)
    before = await desk.contents()
    save = Tickets.save

    async def dies(self: Tickets, records: Iterable[Record], unit: Unit) -> None:
        await save(self, list(records)[:1], unit)
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(Tickets, "save", dies)
        assert (await merged(desk, source, target)).status_code == 500
    assert await desk.contents() == before
    assert (await merged(desk, source, target)).status_code == 200
    assert [len((await desk.ticket(one))["messages"]) for one in (source, target)] == [0, 2]


async def test_a_merged_ticket_is_found_once_by_the_words_of_both(desk: Desk) -> None:
    word, mailbox = f"w{new_id().replace('-', '')}", new_id()
    first, second = await pair(desk, text=word, mailbox=mailbox)
    third = await desk.opened(text=f"{word} too", mailbox=mailbox)
    await merged(desk, third, second)
    await merged(desk, second, first)
    pages: list[str] = []
    cursor: str | None = None
    for _ in range(4):
        params = {"q": word, "limit": "1"} | ({"cursor": cursor} if cursor else {})
        page = (await desk.admin.get("/api/v1/tickets", params=params)).json()
        pages += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert (pages, cursor) == ([first], None)


async def test_replies_of_the_target_answer_both_threads(desk: Desk) -> None:
    source = await desk.opened(contact=(one := new_id()))
    target = await desk.opened(contact=(other := new_id()))
    await merged(desk, source, target)
    await desk.admin.post(f"/api/v1/tickets/{target}/replies", json={"text": "x"})
    (sent,) = [one for one in await desk.stated(target) if isinstance(one, ReplyRequested)]
    assert sent.references == (f"{one}@mail.example", f"{other}@mail.example")


async def test_lists_leave_merged_tickets_out_unless_asked(desk: Desk) -> None:
    source, target = await pair(desk, mailbox=(mailbox := new_id()), text=(word := f"w{new_id().replace('-', '')}"))
    await merged(desk, source, target)

    async def ids(**params: Any) -> set[str]:
        answer = await desk.admin.get("/api/v1/tickets", params={"mailbox": mailbox, **params})
        return {one["id"] for one in answer.json()["items"]}

    assert await ids() == {target}
    assert await ids(merged=True) == {source, target}
    assert await ids(q=word) == {target}


async def test_mail_that_comes_while_tickets_are_merged_is_not_lost(desk: Desk) -> None:
    for _ in range(3):
        source, target = await pair(desk)
        mails = [new_id() for _ in range(6)]
        answer, *_ = await asyncio.gather(
            merged(desk, source, target), *(desk.feed(MAKE.contact(source, mail)) for mail in mails)
        )
        assert answer.status_code == 200
        shown = await desk.ticket(target)
        assert {one["id"] for one in shown["messages"]} >= set(mails)
        assert (await desk.ticket(source))["messages"] == []
        told = sorted(one.sequence or 0 for one in await desk.stated(target))
        assert told == list(range(1, shown["version"] + 1))


async def test_of_two_merges_the_other_way_round_one_wins(desk: Desk) -> None:
    one, other = await pair(desk)
    answers = await asyncio.gather(merged(desk, one, other), merged(desk, other, one))
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_similar_tickets_are_offered_and_dismissed(desk: Desk) -> None:
    old, older, gone = await desk.opened(subject_line="Printer"), await desk.opened(), await desk.opened()
    await merged(desk, gone, older)
    ticket = await desk.opened(similar=(old, older, gone, new_id()))
    offered = (await desk.ticket(ticket))["similar"]
    number = (await desk.ticket(old))["number"]
    assert [one["id"] for one in offered] == [old, older]
    assert offered[0] == {"id": old, "number": number, "subject": "Printer", "status": "new"}
    url = f"/api/v1/tickets/{ticket}/similar/{older}"
    assert (await desk.admin.delete(url)).status_code == 204
    assert (await desk.admin.delete(url)).status_code == 404
    await desk.feed(MAKE.contact(ticket, new_id(), similar=(older,)))
    shown = await desk.ticket(ticket)
    assert [one["id"] for one in shown["similar"]] == [old], "dismissed for good"
    assert shown["messages"][0]["similar"][0] == old


@pytest.mark.parametrize("identity", ["+4917012345", "telegram:123", "mastodon:ann@social.example"])
async def test_who_has_no_mail_address_cannot_be_answered_by_mail(desk: Desk, identity: str) -> None:
    ticket = await desk.opened(channel="chat", sender=Party(address=identity))
    url = f"/api/v1/tickets/{ticket}/replies"
    refused = await desk.admin.post(url, json={"text": "x"})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:postroom:problem:no-mail-address")
    assert (await desk.admin.post(url, json={"text": "x", "to": [{"address": "a@b"}]})).status_code == 201
    customer = (await desk.admin.get(f"/api/v1/customers/{identity}")).json()
    assert customer["address"] == identity
    listed = await desk.admin.get("/api/v1/tickets", params={"customer": identity})
    assert ticket in {one["id"] for one in listed.json()["items"]}


async def test_a_form_with_a_mail_address_is_answered_by_mail(desk: Desk) -> None:
    ticket = await desk.opened(channel="form")
    assert (await desk.admin.post(f"/api/v1/tickets/{ticket}/replies", json={"text": "x"})).status_code == 201
