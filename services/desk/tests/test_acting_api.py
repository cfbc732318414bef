"""What agents do to tickets over the real API: replies, notes and changes on the version they saw."""

import asyncio
from typing import Any

import pytest

from postroom_contracts.outbound import ReplyRequested
from postroom_contracts.tickets import TicketChanged, TicketMessageAdded
from postroom_contracts.values import Party
from postroom_plumbing.ids import new_id
from postroom_plumbing.tokens import read_own_message_id

from .making import MAKE
from .running import Desk

pytestmark = pytest.mark.connected


async def requested(desk: Desk, ticket: str) -> list[ReplyRequested]:
    return [event for event in await desk.stated(ticket) if isinstance(event, ReplyRequested)]


async def test_a_reply_goes_out_once_with_the_chain_above_it(desk: Desk) -> None:
    ticket = await desk.opened(contact=(first := new_id()), references=("root@x", "mid@x"), subject_line="Re: Printer")
    mina, client = await desk.agent("Mina Karimi")
    answer = await client.post(f"/api/v1/tickets/{ticket}/replies", json={"text": "Turn it off.", "status": "pending"})
    assert answer.status_code == 201
    shown = answer.json()
    (sent,) = await requested(desk, ticket)
    assert [party.address for party in sent.to] == ["ann@example.com"]
    assert sent.references == ("root@x", "mid@x", f"{first}@mail.example")
    assert sent.subject_line == f"Re: Printer [#{shown['number']}]"
    assert (sent.author, sent.mailbox, sent.text, sent.html) == ("Mina Karimi", "support", "Turn it off.", None)
    token = read_own_message_id(MAKE.secret, sent.message_id)
    assert token is not None
    assert (token.kind, token.ticket, token.outgoing) == ("reply", ticket, sent.message)
    told = (await desk.stated(ticket))[1:]
    assert {type(event) for event in told} == {TicketMessageAdded, TicketChanged, ReplyRequested}
    assert len(told) == 3
    assert (shown["status"], shown["version"], answer.headers["etag"]) == ("pending", 3, '"3"')
    message = shown["messages"][-1]
    assert (message["id"], message["author"]["id"], message["delivery"]["state"]) == (sent.message, mina.id, "queued")
    await client.post(f"/api/v1/tickets/{ticket}/replies", json={"text": "And on."})
    assert (await requested(desk, ticket))[1].references == (*sent.references, sent.message_id)


async def test_the_message_id_is_at_the_mailboxs_own_host(desk: Desk) -> None:
    await desk.admin.put("/api/v1/settings/mailbox/hosted", json={"name": "H", "address": "h@support.example"})
    ticket = await desk.opened(mailbox="hosted")
    await desk.admin.post(f"/api/v1/tickets/{ticket}/replies", json={"text": "x"})
    unknown = await desk.opened(mailbox="gone")
    await desk.admin.post(f"/api/v1/tickets/{unknown}/replies", json={"text": "x"})
    assert (await requested(desk, ticket))[0].message_id.endswith("@support.example")
    assert (await requested(desk, unknown))[0].message_id.endswith("@postroom.localdomain")


async def test_a_reply_to_whom_the_agent_names(desk: Desk) -> None:
    ticket = await desk.opened(reply_to=(Party(address="list@example.com"),))
    body = {"text": "x", "html": '<p onclick="x()">x<script>alert(1)</script></p>', "cc": [{"address": "c@x"}]}
    await desk.admin.post(f"/api/v1/tickets/{ticket}/replies", json=body)
    await desk.admin.post(f"/api/v1/tickets/{ticket}/replies", json=body | {"to": [{"address": "b@x", "name": "B"}]})
    first, second = await requested(desk, ticket)
    assert ([one.address for one in first.to], [one.address for one in first.cc]) == (["list@example.com"], ["c@x"])
    assert [(one.address, one.name) for one in second.to] == [("b@x", "B")]
    assert first.html == "<p>x</p>", "cleaned before anybody sees it"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body.text"),
        ({"text": ""}, "body.text"),
        ({"text": " \n"}, "body.text"),
        ({"text": "x" * 200_001}, "body.text"),
        ({"text": "x", "to": []}, "body.to"),
        ({"text": "x", "to": [{"address": "nobody"}]}, "body.to.0.address"),
        ({"text": "x", "to": [{"address": "a@b\r\nBcc: c@d"}]}, "body.to.0.address"),
        ({"text": "x", "to": [{"address": "a@b", "name": "A\r\nBcc: c@d"}]}, "body.to.0.name"),
        ({"text": "x", "to": [{"address": "a@b", "nmae": "A"}]}, "body.to.0.nmae"),
        ({"text": "x", "cc": [{"address": "c@d"}, {"address": "a b@c"}]}, "body.cc.1.address"),
        ({"text": "x", "cc": [{"address": "a@b"}] * 51}, "body.cc"),
        ({"text": "x", "status": "done"}, "body.status"),
        ({"text": "x", "bcc": []}, "body.bcc"),
    ],
)
async def test_a_wrong_reply_names_the_field_and_sends_nothing(desk: Desk, body: dict[str, Any], field: str) -> None:
    ticket = await desk.opened()
    answer = await desk.admin.post(f"/api/v1/tickets/{ticket}/replies", json=body)
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == [field]
    assert await requested(desk, ticket) == []
    assert (await desk.ticket(ticket))["version"] == 1


@pytest.mark.parametrize("address", ["", "<>", "undisclosed recipients"])
async def test_whom_nobody_can_answer_the_agent_must_name(desk: Desk, address: str) -> None:
    ticket = await desk.opened(sender=Party(address=address))
    url = f"/api/v1/tickets/{ticket}/replies"
    refused = await desk.admin.post(url, json={"text": "x"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "to")
    assert (await desk.admin.post(url, json={"text": "x", "to": [{"address": "a@b"}]})).status_code == 201


async def test_a_note_is_never_sent(desk: Desk) -> None:
    ticket = await desk.opened()
    answer = await desk.admin.post(f"/api/v1/tickets/{ticket}/notes", json={"text": "She called before."})
    assert answer.status_code == 201
    assert [(one["kind"], one["text"]) for one in answer.json()["messages"][1:]] == [("note", "She called before.")]
    assert (answer.json()["status"], answer.json()["messages"][-1]["delivery"]) == ("new", None)
    assert [type(event) for event in (await desk.stated(ticket))[1:]] == [TicketMessageAdded]
    named = await desk.admin.post(f"/api/v1/tickets/{ticket}/notes", json={"text": "x", "to": [{"address": "a@b"}]})
    assert [one["field"] for one in named.json()["errors"]] == ["body.to"]


async def test_a_change_is_stated_with_what_was_and_what_is(desk: Desk) -> None:
    ticket = await desk.opened()
    agent, _ = await desk.agent("Wei")
    body = {"status": "open", "agent": agent.id, "tags": ["B", "a", " b "]}
    answer = await desk.admin.patch(f"/api/v1/tickets/{ticket}", json=body)
    assert (answer.status_code, answer.json()["tags"]) == (200, ["b", "a"])
    (told,) = (await desk.stated(ticket))[1:]
    assert isinstance(told, TicketChanged)
    assert {name: (one.old, one.new) for name, one in told.changes.items()} == {
        "status": ("new", "open"),
        "agent": (None, agent.id),
        "tags": ([], ["b", "a"]),
    }
    freed = await desk.admin.patch(f"/api/v1/tickets/{ticket}", json={"agent": None})
    assert (freed.json()["agent"], freed.json()["version"]) == (None, 3)
    again = await desk.admin.patch(f"/api/v1/tickets/{ticket}", json={"agent": None, "status": "open"})
    assert (again.status_code, again.json()["version"]) == (200, 3)
    assert len(await desk.stated(ticket)) == 3, "what is so already is not stated again"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"status": None}, "body"),
        ({"queue": None}, "body"),
        ({"status": "done"}, "body.status"),
        ({"priority": 1}, "body.priority"),
        ({"statsu": "open"}, "body.statsu"),
        ({"version": 3}, "body.version"),
        ({"agent": "nobody"}, "agent"),
        ({"agent": "\x00"}, "agent"),
        ({"agent": "x" * 101}, "body.agent"),
        ({"queue": "nowhere"}, "queue"),
        ({"tags": ["x"] * 51}, "body.tags"),
        ({"tags": ["  "]}, "body.tags.0"),
    ],
)
async def test_a_wrong_change_names_the_field(desk: Desk, body: dict[str, Any], field: str) -> None:
    ticket = await desk.opened()
    answer = await desk.admin.patch(f"/api/v1/tickets/{ticket}", json=body)
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == [field]
    assert (await desk.ticket(ticket))["version"] == 1


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'"x"', b"null", b"\xff", b'{"text": "\\ud800"}', b'{"\\ud800": 1}']
)
async def test_what_is_no_json_object_is_refused(desk: Desk, content: bytes) -> None:
    ticket = await desk.opened()
    headers = {"Content-Type": "application/json"}
    answer = await desk.admin.post(f"/api/v1/tickets/{ticket}/notes", content=content, headers=headers)
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


class TestVersions:
    """If-Match: a write on a version that is not the current one any more is refused."""

    async def test_the_etag_of_what_was_read_lets_one_write_in(self, desk: Desk) -> None:
        ticket = await desk.opened()
        url = f"/api/v1/tickets/{ticket}"
        tag = (await desk.admin.get(url)).headers["etag"]
        first = await desk.admin.patch(url, json={"priority": "high"}, headers={"If-Match": tag})
        assert (first.status_code, first.headers["etag"]) == (200, '"2"')
        for stale in (
            await desk.admin.patch(url, json={"priority": "low"}, headers={"If-Match": tag}),
            await desk.admin.post(f"{url}/replies", json={"text": "x"}, headers={"If-Match": tag}),
            await desk.admin.post(f"{url}/notes", json={"text": "x"}, headers={"If-Match": tag}),
        ):
            assert (stale.status_code, stale.headers["etag"]) == (412, '"2"')
            assert stale.json()["type"] == "urn:postroom:problem:stale"
        assert await requested(desk, ticket) == []
        assert (await desk.ticket(ticket))["priority"] == "high"
        assert (await desk.admin.patch(url, json={"priority": "low"}, headers={"If-Match": "2"})).status_code == 400

    async def test_of_two_at_once_exactly_one_wins(self, desk: Desk) -> None:
        for _ in range(5):
            ticket = await desk.opened()
            url, headers = f"/api/v1/tickets/{ticket}", {"If-Match": '"1"'}
            answers = await asyncio.gather(
                *(desk.admin.patch(url, json={"tags": [f"t{n}"]}, headers=headers) for n in range(3))
            )
            assert sorted(answer.status_code for answer in answers) == [200, 412, 412]
            winner = next(n for n, answer in enumerate(answers) if answer.status_code == 200)
            shown = await desk.ticket(ticket)
            assert (shown["tags"], shown["version"]) == ([f"t{winner}"], 2)
            assert len(await desk.stated(ticket)) == 2

    async def test_without_it_all_writes_get_in_one_after_the_other(self, desk: Desk) -> None:
        ticket = await desk.opened()
        url = f"/api/v1/tickets/{ticket}/notes"
        answers = await asyncio.gather(*(desk.admin.post(url, json={"text": f"{n}"}) for n in range(6)))
        assert {answer.status_code for answer in answers} == {201}
        shown = await desk.ticket(ticket)
        assert {message["text"] for message in shown["messages"][1:]} == set("012345")
        assert [entry["version"] for entry in shown["history"]] == list(range(1, 8))

    async def test_a_clock_that_moves_refuses_nobodys_edit(self, desk: Desk) -> None:
        ticket = await desk.opened()
        await desk.feed(MAKE.clocks(ticket), MAKE.breached(ticket))
        answer = await desk.admin.patch(
            f"/api/v1/tickets/{ticket}", json={"status": "open"}, headers={"If-Match": '"1"'}
        )
        assert answer.status_code == 200

    async def test_a_reply_while_the_customer_writes_keeps_both(self, desk: Desk) -> None:
        ticket = await desk.opened()
        _, answer = await asyncio.gather(
            desk.feed(MAKE.contact(ticket, new_id(), text="And another thing.")),
            desk.admin.post(f"/api/v1/tickets/{ticket}/replies", json={"text": "Done.", "status": "solved"}),
        )
        assert answer.status_code == 201
        shown = await desk.ticket(ticket)
        assert {message["text"] for message in shown["messages"]} == {"Please help.", "And another thing.", "Done."}
        assert len(await requested(desk, ticket)) == 1
