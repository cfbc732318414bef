"""The reading role on a real MongoDB: which ticket, floods, what is set aside and let in again."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from postroom_contracts.agents import AgentChanged
from postroom_contracts.config import Mailbox
from postroom_contracts.contacts import ContactReceived, ContactReread, ContactSeenAgain
from postroom_contracts.delivery import MailBounced
from postroom_contracts.inbound import MailReceived, SubmissionReceived
from postroom_contracts.tickets import Change, TicketChanged
from postroom_ingest.raw import Incoming
from postroom_plumbing.ids import new_id
from postroom_plumbing.settings_view import Settings
from postroom_plumbing.testing import stated
from postroom_plumbing.tokens import own_message_id, ticket_address

from .making import SECRET, changed, mail, opened, ticket
from .running import INTERNAL_TOKEN, Ingest

pytestmark = pytest.mark.connected

EVE = "Eve <eve@elsewhere.example>"


async def told(ingest: Ingest, event: MailReceived) -> ContactReceived:
    return (await ingest.contacts([event]))[event.contact]


async def read(ingest: Ingest, *mails: bytes, **other: Any) -> list[ContactReceived]:
    """Mails read one after the other."""
    events = await ingest.handed_in(*mails, **other)
    for event in events:
        await ingest.feed(event)
    return [await told(ingest, event) for event in events]


async def test_a_strangers_reference_opens_a_ticket_with_a_warning(ingest: Ingest) -> None:
    root = f"{new_id()}@x"
    first, forged, colleague = await read(
        ingest,
        mail(root),
        mail(f"1.{root}", root, sender=EVE),
        mail(f"2.{root}", root, sender="li@example.com"),
    )
    assert (forged.opens, forged.warnings, forged.similar) == (True, ("forged-reference",), (first.ticket,))
    assert (colleague.ticket, colleague.warnings) == (first.ticket, ())


async def test_a_stranger_who_quotes_the_mail_has_seen_it(ingest: Ingest) -> None:
    root = f"{new_id()}@x"
    words = "The lamp on the second floor does not work any more."
    first, quoting, knowing_only_the_id = await read(
        ingest,
        mail(root, text=f"Hello,\r\n\r\n{words}\r\n"),
        mail(f"1.{root}", root, sender=EVE, text=f"Nor does mine.\r\n\r\n> {words}\r\n"),
        mail(f"2.{root}", root, sender="mallory@third.example", text="Hello,\r\n\r\nsend the refund to me.\r\n"),
    )
    assert (quoting.ticket, quoting.warnings) == (first.ticket, ("new-participant",))
    assert (knowing_only_the_id.opens, knowing_only_the_id.warnings) == (True, ("forged-reference",))


async def test_who_is_on_a_mail_may_answer_it_in_the_same_batch_and_later(ingest: Ingest) -> None:
    root = f"{new_id()}@x"
    events = await ingest.handed_in(
        mail(root, more="Cc: Eve <EVE@elsewhere.example>, carl@third.example"), mail(f"1.{root}", root, sender=EVE)
    )
    await ingest.feed(*events)
    (later,) = await read(ingest, mail(f"2.{root}", root, sender="carl@third.example"))
    assert {(await told(ingest, one)).ticket for one in events} == {later.ticket}


async def test_an_agent_may_answer_whatever_is_theirs_no_more(ingest: Ingest) -> None:
    root = f"{new_id()}@x"
    agent = {"agent": new_id(), "name": "Mina", "email": "Mina@elsewhere.example", "capacity": 1}
    came = {"availability": "available", "at": datetime(2026, 3, 2, tzinfo=UTC)}
    await ingest.feed(AgentChanged.model_validate({**agent, **came, "version": 1}))
    await ingest.agents.refresh()
    first, second = await read(ingest, mail(root), mail(f"1.{root}", root, sender="mina@elsewhere.example"))
    assert second.ticket == first.ticket
    await ingest.feed(AgentChanged.model_validate({**agent, **came, "version": 2, "active": False}))
    await ingest.agents.refresh()
    (third,) = await read(ingest, mail(f"2.{root}", f"1.{root}", sender="zoe@elsewhere.example"))
    assert third.warnings == ("forged-reference",)


async def test_an_address_with_a_mark_leads_to_its_ticket(ingest: Ingest) -> None:
    wanted = new_id()
    marked = ticket_address(SECRET, wanted, "support@example.com").capitalize()
    (by_envelope,) = await read(ingest, mail(f"{new_id()}@x"), envelope_to=(marked,))
    (by_copy,) = await read(ingest, mail(f"{new_id()}@x", more=f"Cc: {marked}", sender=EVE))
    (fetched,) = await read(ingest, mail(f"{new_id()}@x", more=f"Delivered-To: {marked}", sender=EVE), door="imap")
    contacts = (by_envelope, by_copy, fetched)
    assert {(one.ticket, one.evidence.kind) for one in contacts} == {(wanted, "own-token")}
    assert [one.warnings for one in contacts] == [(), ("new-participant",), ()], "the second joined by it"
    forged = ticket_address("another-secret-0", wanted, "support@example.com")
    (refused,) = await read(ingest, mail(f"{new_id()}@x", more=f"Cc: {forged}"))
    assert (refused.opens, refused.warnings) == (True, ("forged-token",))


async def test_a_closed_ticket_is_answered_for_as_long_as_its_mailbox_says(fresh_ingest: Ingest) -> None:
    box = Mailbox(address="support@example.com", name="Support", reopen_days=3)
    fresh_ingest.service.view.current = Settings(mailbox={"support": box})
    now = datetime.now(UTC)
    for days, joins in ((2, True), (4, False)):
        root = f"{days}.{new_id()}@x"
        (first,) = await read(fresh_ingest, mail(root))
        closing = TicketChanged.model_validate(
            changed(first.ticket, days, 2, "closed").model_dump() | {"at": now - timedelta(days=days)}
        )
        merged_later = closing.model_copy(
            update={"ticket": closing.ticket.model_copy(update={"version": 3}), "at": now}
        )
        await fresh_ingest.feed(closing, merged_later)
        (answer,) = await read(fresh_ingest, mail(f"1.{root}", root))
        assert (answer.ticket == first.ticket, answer.follows) == (joins, None if joins else first.ticket)


def merge(one: str, into: str, number: int, version: int = 2) -> TicketChanged:
    """Desk merged a ticket into another."""
    event = changed(one, number, version, "closed")
    assert isinstance(event, TicketChanged)
    merged = ticket(one, number, version, "closed").model_copy(update={"merged_into": into})
    return event.model_copy(update={"ticket": merged, "changes": {"merged_into": Change(old=None, new=into)}})


async def test_answers_to_a_merged_ticket_follow_it_however_far(ingest: Ingest) -> None:
    roots = [f"{n}.{new_id()}@x" for n in range(3)]
    contacts = await read(ingest, *(mail(root) for root in roots))
    one, two, three = (contact.ticket for contact in contacts)
    await ingest.feed(merge(one, two, 71), merge(two, three, 72))
    (answer,) = await read(ingest, mail(f"a.{roots[0]}", roots[0]))
    assert (answer.ticket, answer.evidence.merged_from) == (three, one)
    await ingest.feed(merge(three, one, 73, version=3))
    (round_,) = await read(ingest, mail(f"b.{roots[0]}", roots[0]))
    assert round_.opens or round_.ticket in (one, two, three), "a circle ends somewhere"


async def test_the_same_mail_through_two_mailboxes_is_one_message_of_both(ingest: Ingest) -> None:
    raw = mail(f"{new_id()}@x")
    first = await ingest.handed_in(raw)
    second = await ingest.handed_in(raw, raw, mailbox="billing")
    await ingest.feed(*first, second[0])
    await ingest.feed(second[1])
    assert await ingest.outcomes([*first, *second]) == ["new", "duplicate", "duplicate"]
    again = [one for one in await stated(ingest.database) if isinstance(one, ContactSeenAgain)]
    assert [(one.contact, one.mailbox, one.again) for one in again if one.contact == first[0].contact] == [
        (first[0].contact, "billing", second[0].contact)
    ]


async def test_the_mailboxes_of_one_envelope_are_told_at_once(ingest: Ingest) -> None:
    (event,) = await ingest.handed_in(mail(f"{new_id()}@x"), also=("billing",))
    await ingest.feed(event)
    assert (await told(ingest, event)).also == ("billing",)


async def test_a_flood_grows_one_ticket_over_many_batches(fresh_ingest: Ingest) -> None:
    caps = {"flood_sender_tickets": 30, "flood_subject_tickets": 5}
    strict = fresh_ingest.service.settings.model_copy(update=caps)
    fresh_ingest.service.settings = strict
    mails = await fresh_ingest.handed_in(*(mail(f"{n}@x", subject=f"Alarm {n}") for n in range(40)))
    for at in range(0, 40, 8):
        await fresh_ingest.feed(*mails[at : at + 8])
    contacts = list((await fresh_ingest.contacts(mails)).values())
    assert sum(one.opens for one in contacts) == 5
    assert {(one.evidence.kind, one.warnings) for one in contacts if not one.opens} == {("flood", ("flood",))}
    assert len({one.ticket for one in contacts}) == 5
    imported = await fresh_ingest.handed_in(
        *(mail(f"i{n}@x", subject=f"Alarm {n}") for n in range(10)), door="import", run="r"
    )
    await fresh_ingest.feed(*imported)
    assert await fresh_ingest.outcomes(imported) == ["new"] * 10


async def test_a_second_ticket_about_the_same_is_offered(ingest: Ingest) -> None:
    sender = f"{new_id()}@shop.example"
    one, two, three = await read(
        ingest,
        mail(f"{new_id()}@x", sender=sender, subject="Parcel 4711 missing", text="Two lamps and a table."),
        mail(f"{new_id()}@x", sender=sender, subject="Invoice", text="Please send the invoice of January."),
        mail(f"{new_id()}@x", sender=sender, subject="Where is it?", text="Parcel 4711 with two lamps and a table."),
    )
    assert (one.similar, two.similar, three.similar) == ((), (), (one.ticket,))


async def test_the_recent_tickets_of_customers_are_found_by_their_index(ingest: Ingest) -> None:
    plan = await ingest.database.command(
        "explain",
        {
            "find": "tickets",
            "filter": {
                "opening.customer": {"$in": ["a@x", "b@x"]},
                "opening.at": {"$gt": datetime(2026, 1, 1, tzinfo=UTC)},
            },
            "sort": {"opening.at": -1},
            "limit": 10,
        },
    )
    assert "'indexName': 'recent'" in str(plan["queryPlanner"]["winningPlan"])


async def set_aside(ingest: Ingest, *mails: bytes, **other: Any) -> list[MailReceived]:
    events = await ingest.handed_in(*mails, **other)
    await ingest.feed(*events)
    assert await ingest.outcomes(events) == ["set-aside"] * len(events)
    return events


async def test_our_own_mail_is_set_aside_listed_read_and_let_in_once(fresh_ingest: Ingest) -> None:
    ticket_id = new_id()
    own = own_message_id(SECRET, "ack", ticket_id, ticket_id, "support.example")
    (event,) = await set_aside(fresh_ingest, mail(own, subject="Your request", text="We got it."))
    assert await fresh_ingest.contacts() == {}
    listed = (await fresh_ingest.http.get("/v1/set-aside")).json()
    assert [(one["contact"], one["cause"], one["subject"]) for one in listed["items"]] == [
        (event.contact, "own-mail", "Your request")
    ]
    shown = (await fresh_ingest.http.get(f"/v1/set-aside/{event.contact}")).json()
    assert (shown["sender"], shown["read"]["text"].strip()) == ("ann@example.com", "We got it.")
    answers = [await fresh_ingest.http.post(f"/v1/set-aside/{event.contact}/release") for _ in range(2)]
    assert [(one.status_code, one.json()["released"]) for one in answers] == [(202, True), (202, False)]
    released = [one for one in await fresh_ingest.received() if one.released]
    assert [one.model_copy(update={"released": False}) for one in released] == [event]
    for one in (released[0], released[0], event):
        await fresh_ingest.feed(one)
    assert await fresh_ingest.outcomes([event]) == ["new"]
    assert len(await fresh_ingest.contacts()) == 1
    assert (await fresh_ingest.http.get("/v1/set-aside")).json() == {"items": [], "next": None}
    entry = await fresh_ingest.database["ledger"].find_one({"_id": event.contact})
    assert entry is not None
    assert "cause" not in entry


async def test_what_is_set_aside_is_listed_page_by_page(fresh_ingest: Ingest) -> None:
    owns = [own_message_id(SECRET, "ack", new_id(), new_id(), "support.example") for _ in range(5)]
    events = await set_aside(fresh_ingest, *(mail(one) for one in owns))
    seen: list[str] = []
    after: str | None = None
    for _ in range(3):
        page = await fresh_ingest.http.get("/v1/set-aside", params={"limit": 2} | ({"before": after} if after else {}))
        seen += [one["contact"] for one in page.json()["items"]]
        after = page.json()["next"]
    assert (seen, after) == (sorted((one.contact for one in events), reverse=True), None)


async def test_a_loop_is_stopped(fresh_ingest: Ingest) -> None:
    root = f"{new_id()}@x"
    await read(fresh_ingest, mail(root))
    echoes = [mail(f"{n}.{root}", root, more="Auto-Submitted: auto-replied") for n in range(25)]
    events = await fresh_ingest.handed_in(*echoes)
    await fresh_ingest.feed(*events[:10])
    await fresh_ingest.feed(*events[10:])
    assert await fresh_ingest.outcomes(events) == ["appended"] * 20 + ["set-aside"] * 5
    waiting = (await fresh_ingest.http.get("/v1/set-aside")).json()["items"]
    assert [one["cause"] for one in waiting] == ["loop"] * 5


async def test_the_ledger_adds_up_and_a_gap_is_seen(fresh_ingest: Ingest) -> None:
    raw = mail(f"{new_id()}@x")
    own = own_message_id(SECRET, "ack", new_id(), new_id(), "support.example")
    events = await fresh_ingest.handed_in(raw, raw, mail(own), mail(f"{new_id()}@x"))
    late = await fresh_ingest.handed_in(mail(f"{new_id()}@x"), mailbox="billing")
    await fresh_ingest.feed(*events)
    rows = (await fresh_ingest.http.get("/v1/ledger")).json()["hours"]
    summed = {
        box: {
            name: sum(row[name] for row in rows if row["mailbox"] == box)
            for name in rows[0].keys() - {"mailbox", "hour"}
        }
        for box in ("support", "billing")
    }
    none = {"appended": 0, "duplicate": 0, "new": 0, "set_aside": 0}
    assert summed["support"] == none | {"accepted": 4, "new": 2, "duplicate": 1, "set_aside": 1, "waiting": 0}
    assert summed["billing"] == none | {"accepted": 1, "waiting": 1}

    now = datetime.now(UTC)
    assert await fresh_ingest.intake.compare(now) == 0, "not so soon"
    assert await fresh_ingest.intake.compare(now + timedelta(minutes=3)) == 1
    assert await fresh_ingest.intake.compare(now + timedelta(minutes=4)) == 1, "still, and counted once"
    state = await fresh_ingest.database["reconciled"].find_one({})
    assert state is not None
    assert [(gap["mailbox"], gap["missing"]) for gap in state["gaps"]] == [("billing", 1)]
    await fresh_ingest.feed(*late)
    assert await fresh_ingest.intake.compare(now + timedelta(minutes=5)) == 0


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2026-01-01T00:00:00Z", "to": "2026-03-01T00:00:00Z"},
        {"from": "2026-03-02T00:00:00Z", "to": "2026-03-01T00:00:00Z"},
        {"from": "yesterday"},
        {"from": "2026-03-02T00:00:00"},
    ],
)
async def test_times_that_cannot_be_asked_for(ingest: Ingest, query: dict[str, str]) -> None:
    answer = await ingest.http.get("/v1/ledger", params=query)
    assert answer.status_code == 422
    assert "from" in answer.text


async def test_nothing_is_known_of_what_was_not_set_aside(ingest: Ingest) -> None:
    for method, path in (("GET", "/v1/set-aside/x"), ("POST", "/v1/set-aside/x/release")):
        assert (await ingest.http.request(method, path)).status_code == 404
        answer = await ingest.http.request(method, path, headers={"Authorization": f"Bearer {INTERNAL_TOKEN}x"})
        assert answer.status_code == 401


async def test_a_batch_costs_few_round_trips(ingest: Ingest) -> None:
    """Two for the ids and the recent tickets, one for tickets, and none for merges where there are none."""
    commands: list[str] = []
    store = ingest.reader._knowledge

    class Counting:
        def __init__(self, collection: Any) -> None:
            self._collection = collection

        def find(self, *args: Any, **more: Any) -> Any:
            commands.append("find")
            return self._collection.find(*args, **more)

        async def bulk_write(self, *args: Any, **more: Any) -> Any:
            commands.append("write")
            return await self._collection.bulk_write(*args, **more)

    events = await ingest.handed_in(*(mail(f"{n}.{new_id()}@x", sender=f"{n}@many.example") for n in range(40)))
    ids, tickets = store._ids, store._tickets
    store._ids, store._tickets = Counting(ids), Counting(tickets)  # type: ignore[assignment]
    try:
        await ingest.feed(*events)
    finally:
        store._ids, store._tickets = ids, tickets
    assert commands == ["find", "find", "find", "write", "write"]


async def test_sources_are_read_again_as_they_would_be_read_now(fresh_ingest: Ingest) -> None:
    events = await fresh_ingest.handed_in(
        mail("a@x", subject="One"), mail("b@x", "a@x", subject="Two"), mail("a@x", subject="One")
    )
    (bounce,) = await fresh_ingest.handed_in(mail("c@x", subject="Three"), envelope_from="")
    for event in (*events, bounce):
        await fresh_ingest.feed(event)
    contacts = await fresh_ingest.contacts()
    first = (await fresh_ingest.http.get("/v1/reread", params={"limit": 2})).json()
    rest = (await fresh_ingest.http.get("/v1/reread", params={"after": first["next"]})).json()
    readings = [*first["items"], *rest["items"]]
    assert [one["contact"] for one in readings] == sorted(contacts), "not the duplicate"
    for one in readings:
        told = contacts[one["contact"]]
        assert (one["subject"], one["text"], one["language"]) == (told.subject_line, told.text, told.language)
        assert (one["automatic"], tuple(one["defects"])) == (told.automatic, told.defects)
    assert readings[2]["automatic"] is not None, "the null sender is remembered"
    end = (await fresh_ingest.http.get("/v1/reread", params={"after": rest["next"]})).json()
    assert end == {"items": [], "next": None}
    chosen = readings[0]["contact"]
    asked = {"contacts": [chosen, "unknown"]}
    assert (await fresh_ingest.http.post("/v1/reread", json=asked)).json() == {"stated": 1}
    (again,) = [one for one in await stated(fresh_ingest.database) if isinstance(one, ContactReread)]
    assert (again.contact, again.ticket, again.text) == (chosen, contacts[chosen].ticket, contacts[chosen].text)
    await fresh_ingest.database["raws"].delete_many({"_id": {"$regex": f"^{events[0].contact}/"}})
    gone = (await fresh_ingest.http.get("/v1/reread", params={"limit": 1})).json()
    assert gone["items"] == [{"contact": events[0].contact, "missing": True}]


async def test_spam_is_set_aside_where_the_mailbox_says_so(fresh_ingest: Ingest) -> None:
    keep = Mailbox(address="billing@example.com", name="Billing", spam="keep")
    boxes = {**fresh_ingest.service.view.current.mailbox, "billing": keep}
    fresh_ingest.service.view.current = Settings(mailbox=boxes)
    flagged = "X-Spam-Flag: YES\r\nX-Spam-Status: Yes, score=15.3"
    (aside,) = await set_aside(fresh_ingest, mail(f"{new_id()}@x", more=flagged))
    (kept,) = await fresh_ingest.handed_in(mail(f"{new_id()}@x", more=flagged), mailbox="billing")
    await fresh_ingest.feed(kept)
    assert await fresh_ingest.outcomes([kept]) == ["new"]
    await fresh_ingest.http.post(f"/v1/set-aside/{aside.contact}/release")
    (released,) = [one for one in await fresh_ingest.received() if one.released]
    await fresh_ingest.feed(released)
    assert await fresh_ingest.outcomes([aside]) == ["new"]


async def test_a_report_that_is_set_aside_tells_once_that_our_mail_bounced(fresh_ingest: Ingest) -> None:
    ours = own_message_id(SECRET, "reply", new_id(), "reply:m1", "example.com")
    more = 'X-Spam-Flag: YES\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"'
    report = "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n"
    report += "Final-Recipient: rfc822; ana@customer.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    report += f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{ours}>\r\n--b--"
    raw = mail(f"{new_id()}@x", sender="MAILER-DAEMON@mx.example.net", more=more, text=report)
    (aside,) = await set_aside(fresh_ingest, raw, envelope_from="")
    await fresh_ingest.http.post(f"/v1/set-aside/{aside.contact}/release")
    await fresh_ingest.feed(*[one for one in await fresh_ingest.received() if one.released])
    assert list(await fresh_ingest.contacts()) == [aside.contact]
    bounces = [one for one in await stated(fresh_ingest.database) if isinstance(one, MailBounced)]
    assert [(one.to, one.message_id, one.contact) for one in bounces] == [("ana@customer.example", ours, aside.contact)]


async def submitted(ingest: Ingest, text: str, key: str, **other: Any) -> SubmissionReceived:
    """A chat message that came in."""
    sender = {"address": "ann@example.com", "name": "Ann"}
    raw = json.dumps({"channel": "chat", "sender": sender, "text": text, "thread_key": key}).encode()
    fields: dict[str, Any] = {"mailbox": "support", "envelope_from": "", "envelope_to": (), "door": "http"} | other
    contact = await ingest.acceptor.accept(Incoming(raw=raw, channel="chat", thread_key=key, **fields))
    told = [one for one in await stated(ingest.database) if isinstance(one, SubmissionReceived)]
    return next(one for one in told if one.contact == contact)


async def test_contacts_of_one_conversation_share_a_ticket_and_its_follow_up(fresh_ingest: Ingest) -> None:
    events = [await submitted(fresh_ingest, text, "k1") for text in ("Hello", "Are you there?", "Again")]
    other = await submitted(fresh_ingest, "Hello", "k2")
    await fresh_ingest.feed(*events[:2], other)
    contacts = await fresh_ingest.contacts()
    first, second = (contacts[one.contact] for one in events[:2])
    assert (second.ticket, second.evidence.kind) == (first.ticket, "same-conversation")
    assert contacts[other.contact].ticket != first.ticket
    await fresh_ingest.feed(opened(first.ticket, 1), changed(first.ticket, 1, 2, "closed"))
    for one in (events[2], late := await submitted(fresh_ingest, "And again", "k1")):
        await fresh_ingest.feed(one)
    contacts = await fresh_ingest.contacts()
    third, fourth = contacts[events[2].contact], contacts[late.contact]
    assert (third.follows, third.opens, fourth.ticket, fourth.opens) == (first.ticket, True, third.ticket, False)
