"""What ingest finds out about a contact, at once and later, on a real MongoDB."""

from typing import Any

import pytest

from postroom_contracts import Event
from postroom_contracts.contacts import Authentication, Invitation, Spam
from postroom_contracts.tickets import TicketChanged
from postroom_contracts.values import Attachment, Party
from postroom_plumbing.ids import new_id
from postroom_plumbing.mongo import Document

from .making import MAKE
from .running import Desk

pytestmark = pytest.mark.connected


async def message(desk: Desk, ticket: str, at: int = -1) -> Document:
    shown: Document = (await desk.ticket(ticket))["messages"][at]
    return shown


async def found(desk: Desk, word: str) -> list[str]:
    return [one["id"] for one in (await desk.admin.get("/api/v1/tickets", params={"q": word})).json()["items"]]


async def test_all_of_it_is_shown(desk: Desk) -> None:
    fields: dict[str, Any] = {
        "own_words": "Please help.",
        "door": "imap",
        "also": ("billing",),
        "forwarded_by": Party(address="mina@example.com", name="Mina"),
        "automatic_evidence": "",
        "warnings": ("forged-reference",),
        "spam": Spam(verdict=False, score=1.5, by="X-Spam-Status"),
        "authentication": Authentication(spf="pass", dkim="fail", dmarc="none", by="mx.example.com"),
        "protection": "pgp-signed",
        "tls": "TLSv1.3",
        "invitation": Invitation(method="REQUEST", summary="会议"),
        "redactions": 2,
        "language": "de",
    }
    ticket = await desk.opened(**fields)
    shown = await message(desk, ticket)
    assert shown["subject"] == "The printer is on fire"
    for name, value in MAKE.contact(**fields).model_dump(mode="json", include=set(fields)).items():
        assert shown[name] == value, name
    listed = (await desk.admin.get("/api/v1/tickets", params={"q": f"#{(await desk.ticket(ticket))['number']}"})).json()
    assert [one["warnings"] for one in listed["items"] if one["id"] == ticket] == [["forged-reference"]]


async def test_messages_kept_before_these_fields_are_still_shown(desk: Desk) -> None:
    ticket = await desk.opened()
    unset = dict.fromkeys(("own_words", "door", "also", "warnings", "authentication", "subject", "mailbox"), "")
    await desk.database["messages"].update_many({"ticket": ticket}, {"$unset": unset})
    gone = dict.fromkeys(("warnings", "similar", "not_similar", "told_reply", "opening", "delivery_failed"), "")
    await desk.database["tickets"].update_one({"_id": ticket}, {"$unset": gone})
    assert (await message(desk, ticket))["also"] == []
    await desk.feed(MAKE.contact(ticket, new_id()))
    assert len((await desk.ticket(ticket))["messages"]) == 2


async def test_own_words_are_found_before_what_was_quoted(desk: Desk) -> None:
    word = f"w{new_id().replace('-', '')}"
    quoted = " ".join(f"quoted{n}" for n in range(300))
    ticket = await desk.opened(text=f"{quoted} {word}", own_words=word)
    assert await found(desk, word) == [ticket]


async def test_the_same_mail_by_another_mailbox_is_one_message_of_both(desk: Desk) -> None:
    ticket = await desk.opened(contact=(contact := new_id()), also=("sales",))
    events = [MAKE.seen_again(ticket, contact, mailbox, new_id()) for mailbox in ("billing", "billing", "support")]
    before = (await desk.ticket(ticket))["version"]
    for _ in range(2):
        await desk.feed(*events)
    shown = await desk.ticket(ticket)
    assert [one["also"] for one in shown["messages"]] == [["sales", "billing"]], "support is its own"
    assert [one["mailbox"] for one in shown["history"] if one["what"] == "ContactSeenAgain"] == [
        "billing",
        "billing",
        "support",
    ]
    assert shown["version"] == before
    assert len(await desk.stated(ticket)) == 1


async def listed(desk: Desk, mailbox: str, **params: str) -> list[str]:
    """The tickets that a mailbox's team sees."""
    answer = await desk.admin.get("/api/v1/tickets", params={"mailbox": mailbox, **params})
    return [one["id"] for one in answer.json()["items"]]


async def test_a_ticket_is_found_under_every_mailbox_that_got_one_of_its_mails(desk: Desk) -> None:
    names = support, billing, sales, shop, lost = [new_id() for _ in range(5)]
    ticket = await desk.opened(contact=(contact := new_id()), mailbox=support, also=(billing,))
    again = MAKE.seen_again(ticket, contact, sales, new_id())
    later = MAKE.contact(ticket, new_id(), mailbox=shop)
    for _ in range(2):
        await desk.feed(again, later)
    assert [await listed(desk, one) for one in names] == [[ticket]] * 4 + [[]]
    assert await listed(desk, billing, q="printer") == [ticket]
    shown = await desk.ticket(ticket)
    assert (shown["mailbox"], shown["mailboxes"], shown["version"]) == (support, [support, billing, shop, sales], 2)
    other = await desk.opened(mailbox=lost)
    await desk.admin.post(f"/api/v1/tickets/{ticket}/merge", json={"into": other})
    assert [await listed(desk, one) for one in names] == [[other]] * 5, "with what it took over"
    await desk.feed(MAKE.seen_again(ticket, contact, newest := new_id(), new_id()))
    assert await listed(desk, newest) == [other]


async def test_a_ticket_kept_before_its_mailboxes_were_is_found_under_its_own(desk: Desk) -> None:
    ticket = await desk.opened(mailbox=(mailbox := new_id()))
    await desk.database["tickets"].update_one({"_id": ticket}, {"$unset": {"mailboxes": ""}})
    await desk.store.prepare()
    assert await listed(desk, mailbox) == [ticket]


async def test_a_contact_that_was_read_again_says_what_it_says_now(desk: Desk) -> None:
    old, new = (f"w{new_id().replace('-', '')}" for _ in range(2))
    ticket = await desk.opened(contact=(contact := new_id()), text=old, subject_line="???", automatic="list")
    scan = Attachment(name="scan.pdf", content_type="application/pdf", size=1, sha256="0" * 64, part=2)
    better = MAKE.reread(
        ticket, contact, 60, subject_line="چاپگر", text=f"{new} > quoted", own_words=new, html="<p>x</p>",
        language="fa", attachments=(scan,), defects=("no-date",),
    )  # fmt: skip
    older = MAKE.reread(ticket, contact, 30, subject_line="older", text="older")
    for events in ([better], [older], [better, older]):
        await desk.feed(*events)
    shown = await message(desk, ticket)
    assert (shown["text"], shown["own_words"], shown["html"]) == (f"{new} > quoted", new, "<p>x</p>")
    assert (shown["language"], shown["automatic"], shown["defects"]) == ("fa", None, ["no-date"])
    assert [one["name"] for one in shown["attachments"]] == ["scan.pdf"]
    assert (await found(desk, new), await found(desk, old)) == ([ticket], [])
    whole = await desk.ticket(ticket)
    assert (whole["subject"], whole["status"], whole["version"]) == ("چاپگر", "new", 2)
    told = (await desk.stated(ticket))[1:]
    assert [type(one) for one in told] == [TicketChanged]
    assert [one["what"] for one in whole["history"]].count("ContactReread") == 2


async def test_a_later_contact_that_was_read_again_leaves_the_ticket_as_it_is(desk: Desk) -> None:
    ticket = await desk.opened(subject_line="First")
    await desk.feed(
        MAKE.contact(ticket, (later := new_id()), subject_line="Re: First"),
        MAKE.reread(ticket, later, subject_line="AW: First"),
    )
    shown = await desk.ticket(ticket)
    assert (shown["subject"], shown["version"], shown["messages"][-1]["subject"]) == ("First", 2, "AW: First")
    assert shown["messages"][-1]["text"] == "Read better.", "in the very batch that brought it"


class TestBounces:
    async def replied(self, desk: Desk) -> tuple[str, Document]:
        ticket = await desk.opened()
        answer = await desk.admin.post(f"/api/v1/tickets/{ticket}/replies", json={"text": "Done."})
        return ticket, answer.json()["messages"][-1]

    @pytest.mark.parametrize("ends", ["a reply", "the customer"])
    async def test_a_ticket_says_that_its_acknowledgement_bounced(self, desk: Desk, ends: str) -> None:
        ticket = await desk.opened()
        ack = {"kind": "acknowledgement", "message": None}
        sent = MAKE.sent("", 1, ticket=ticket).model_copy(update=ack | {"at": MAKE.at(6)})
        bounced = MAKE.bounced(ticket, "ack@desk", 5, kind="acknowledgement")
        for late in (bounced.model_copy(update={"permanent": False}), sent):
            await desk.feed(late)
            assert not (await desk.ticket(ticket))["delivery_failed"]
        for again in ([bounced], [sent, bounced], [bounced, sent]):
            await desk.feed(*again)
            shown = await desk.ticket(ticket)
            assert (shown["delivery_failed"], shown["version"]) == (True, 1), (
                "its sending may be told with a later time"
            )
        bob = Party(address="bob@example.com")
        await desk.feed(
            MAKE.contact(ticket, new_id(), received_at=MAKE.at(7), sender=bob),
            MAKE.contact(ticket, new_id(), received_at=MAKE.at(8), automatic="auto-reply"),
        )
        assert (await desk.ticket(ticket))["delivery_failed"], "neither another nor a machine is the customer"
        end: Event = MAKE.contact(ticket, new_id(), received_at=MAKE.at(9))
        if ends == "a reply":
            answer = await desk.admin.post(f"/api/v1/tickets/{ticket}/replies", json={"text": "Done."})
            reply = MAKE.sent(answer.json()["messages"][-1]["id"], 1, ticket=ticket)
            end = reply.model_copy(update={"at": MAKE.at(9)})
        for again in ([end], [bounced, sent], [bounced, end]):
            await desk.feed(*again)
            assert not (await desk.ticket(ticket))["delivery_failed"]

    async def test_an_acknowledgement_that_was_refused_is_said_so_where_its_ticket_went(self, desk: Desk) -> None:
        source, target = await desk.opened(), await desk.opened()
        ack = {"kind": "acknowledgement", "message": None, "at": MAKE.at(5)}
        refused = MAKE.failed("", 1, ticket=source)
        await desk.feed(refused.model_copy(update=ack | {"uncertain": True}))
        assert not (await desk.ticket(source))["delivery_failed"]
        await desk.feed(refused.model_copy(update=ack))
        await desk.admin.post(f"/api/v1/tickets/{source}/merge", json={"into": target})
        assert (await desk.ticket(target))["delivery_failed"]
        again = MAKE.sent("", 2, ticket=source).model_copy(update=ack | {"at": MAKE.at(9)})
        await desk.feed(again)
        assert not (await desk.ticket(target))["delivery_failed"], "sent after all"

    async def test_a_bounce_shows_on_its_reply_and_on_the_ticket(self, desk: Desk) -> None:
        ticket, reply = await self.replied(desk)
        sent = MAKE.sent(reply["id"], 1, ticket=ticket)
        bounced = MAKE.bounced(ticket, reply["message_id"], contact=(report := new_id()))
        await desk.feed(sent, bounced)
        state = (await message(desk, ticket))["delivery"]
        assert {name: state[name] for name in ("state", "to", "status", "reason", "diagnostic", "attempts")} == {
            "state": "bounced",
            "to": "ann@example.com",
            "status": "5.1.1",
            "reason": "unknown-user",
            "diagnostic": "550 no such user",
            "attempts": 1,
        }
        for again in ([sent], [bounced], [sent, bounced], [bounced, sent]):
            await desk.feed(*again)
            assert (await message(desk, ticket))["delivery"] == state
        shown = await desk.ticket(ticket)
        assert (shown["delivery_failed"], shown["status"], shown["version"]) == (True, "open", 2)
        (entry,) = [one for one in shown["history"] if one["what"] == "MailBounced"]
        assert (entry["contact"], entry["to"], entry["permanent"]) == (report, "ann@example.com", True)
        row = (await desk.admin.get("/api/v1/tickets", params={"q": f"#{shown['number']}"})).json()["items"]
        assert [one["delivery_failed"] for one in row if one["id"] == ticket] == [True]
        answer = await desk.admin.post(f"/api/v1/tickets/{ticket}/replies", json={"text": "Again."})
        assert answer.json()["delivery_failed"]
        later = MAKE.sent(answer.json()["messages"][-1]["id"], 1, ticket=ticket).model_copy(update={"at": MAKE.at(9)})
        await desk.feed(later)
        assert not (await desk.ticket(ticket))["delivery_failed"]

    async def test_a_bounce_that_is_told_before_the_sending(self, desk: Desk) -> None:
        ticket, reply = await self.replied(desk)
        await desk.feed(MAKE.bounced(ticket, reply["message_id"]))
        await desk.feed(MAKE.sent(reply["id"], 1, ticket=ticket))
        assert (await message(desk, ticket))["delivery"]["state"] == "bounced"

    async def test_late_may_become_bounced_but_not_the_other_way_round(self, desk: Desk) -> None:
        ticket, reply = await self.replied(desk)
        delayed = MAKE.bounced(ticket, reply["message_id"], 3, permanent=False, contact="b0")
        await desk.feed(MAKE.sent(reply["id"], 1, ticket=ticket), delayed)
        assert (await message(desk, ticket))["delivery"]["state"] == "delayed"
        assert not (await desk.ticket(ticket))["delivery_failed"]
        await desk.feed(MAKE.bounced(ticket, reply["message_id"], 6))
        await desk.feed(delayed.model_copy(update={"at": MAKE.at(9)}))
        assert (await message(desk, ticket))["delivery"]["state"] == "bounced"

    async def test_bounces_of_other_mails_are_history_only(self, desk: Desk) -> None:
        ticket, reply = await self.replied(desk)
        before = await message(desk, ticket)
        await desk.feed(MAKE.bounced(ticket, reply["message_id"], kind="acknowledgement"))
        await desk.feed(MAKE.bounced(ticket, "unknown@x"), MAKE.bounced(new_id(), reply["message_id"]))
        assert await message(desk, ticket) == before
        kinds = [one["kind"] for one in (await desk.ticket(ticket))["history"] if one["what"] == "MailBounced"]
        assert sorted(kinds) == ["acknowledgement", "reply"]


@pytest.mark.parametrize("automatic", ["out-of-office", "read-receipt", "calendar-answer", "bounce", "complaint"])
async def test_a_machine_opens_nothing_again(desk: Desk, automatic: str) -> None:
    ticket = await desk.opened()
    await desk.admin.patch(f"/api/v1/tickets/{ticket}", json={"status": "closed"})
    await desk.feed(MAKE.contact(ticket, new_id(), automatic=automatic))
    assert (await desk.ticket(ticket))["status"] == "closed"
    await desk.feed(MAKE.contact(ticket, new_id()))
    assert (await desk.ticket(ticket))["status"] == "open"


async def test_messages_as_they_were_read_for_those_with_the_token(desk: Desk) -> None:
    await desk.opened(contact=(one := new_id()), own_words="Help.", language="en", defects=("no-date",))
    inner = {"Authorization": "Bearer an-internal-token-of-tests"}
    answer = await desk.nobody.post("/v1/messages/read", json={"ids": [one, "nobody"]}, headers=inner)
    assert answer.json() == {
        one: {
            "subject": "The printer is on fire",
            "text": "Please help.",
            "own_words": "Help.",
            "html": None,
            "automatic": None,
            "language": "en",
            "attachments": [],
            "defects": ["no-date"],
        }
    }
    assert (await desk.admin.post("/v1/messages/read", json={"ids": [one]})).status_code == 401
    many = await desk.nobody.post("/v1/messages/read", json={"ids": ["x"] * 501}, headers=inner)
    assert many.status_code == 422
