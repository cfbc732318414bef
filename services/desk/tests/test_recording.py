"""The record role on a real MongoDB: batches that come again, that come at once, and what becomes of them."""

import asyncio
from datetime import datetime

import pytest

from postroom_contracts import Event
from postroom_contracts.csat import SurveyAnswered
from postroom_contracts.tickets import Ticket, TicketChanged, TicketMessageAdded, TicketOpened
from postroom_contracts.values import Party
from postroom_plumbing.ids import new_id

from .making import MAKE
from .running import Desk

pytestmark = pytest.mark.connected


def whole_life(ticket: str) -> list[list[Event]]:
    """Everything the other services may tell of a ticket, as batches."""
    reply = f"{ticket}-reply"
    return [
        [
            MAKE.contact(ticket, f"{ticket}-1"),
            MAKE.decided(ticket, queue="billing", agent="mina"),
            MAKE.clocks(ticket, 1),
        ],
        [
            MAKE.breached(ticket, 2),
            MAKE.contact(ticket, f"{ticket}-2", text="Hello?"),
            MAKE.decided(ticket, 2, 2, agent="wei"),
            MAKE.clocks(ticket, 3, "met"),
        ],
        [
            MAKE.sent(reply, 1, ("ann@example.com",), ticket),
            MAKE.failed(reply, 1, ("bob@example.com",), ticket),
            SurveyAnswered(ticket=ticket, survey=ticket, rating=5, answer=1, at=MAKE.start),
            SurveyAnswered(ticket=ticket, survey=ticket, rating=4, answer=2, at=MAKE.start),
        ],
    ]


async def test_a_batch_told_again_changes_nothing_and_states_nothing(fresh_desk: Desk) -> None:
    batches = whole_life(new_id())
    for batch in batches:
        await fresh_desk.feed(*batch)
        before = await fresh_desk.contents()
        await fresh_desk.feed(*batch)
        assert await fresh_desk.contents() == before
    assert [len(before[name]) for name in ("tickets", "messages", "customers")] == [1, 2, 1]
    for batch in batches:
        await fresh_desk.feed(*batch)
    assert await fresh_desk.contents() == before, "nor does everything, told once more from the beginning"


async def test_a_contact_twice_in_one_batch_is_one_message(fresh_desk: Desk) -> None:
    contact = MAKE.contact("t1", "c1")
    await fresh_desk.feed(contact, contact)
    shown = await fresh_desk.ticket("t1")
    assert [message["id"] for message in shown["messages"]] == ["c1"]
    assert [type(event) for event in await fresh_desk.stated("t1")] == [TicketOpened]


async def test_what_is_told_of_no_ticket_is_passed_over(desk: Desk) -> None:
    ticket = new_id()
    await desk.feed(MAKE.decided(ticket), MAKE.clocks(ticket), MAKE.breached(ticket))
    assert (await desk.admin.get(f"/api/v1/tickets/{ticket}")).status_code == 404
    assert await desk.stated(ticket) == []


async def test_a_batch_states_each_change_in_order(desk: Desk) -> None:
    ticket = new_id()
    await desk.feed(
        MAKE.decided(ticket, agent="mina"),
        MAKE.contact(ticket, new_id()),
        MAKE.contact(ticket, new_id(), automatic="auto-reply"),
    )
    told = await desk.stated(ticket)
    assert [type(event) for event in told] == [TicketOpened, TicketMessageAdded, TicketChanged]
    assert [event.sequence for event in told] == [1, 2, 3]
    shown = await desk.ticket(ticket)
    assert (shown["version"], shown["status"], shown["agent"]) == (3, "open", "mina")
    assert [entry["version"] for entry in shown["history"]] == [1, 2, 3]


async def test_batches_at_once_on_one_ticket_lose_nothing(desk: Desk) -> None:
    ticket = await desk.opened()
    batches: list[list[Event]] = [
        [MAKE.contact(ticket, new_id(), text=f"mail {n}"), MAKE.clocks(ticket, n + 1)] for n in range(6)
    ]
    batches.append([MAKE.decided(ticket, agent="mina")])
    await asyncio.gather(*(desk.feed(*batch) for batch in batches))
    shown = await desk.ticket(ticket)
    assert len(shown["messages"]) == 7
    assert shown["version"] == 8
    assert [entry["version"] for entry in shown["history"]] == list(range(1, 9))
    assert sorted(event.sequence or 0 for event in await desk.stated(ticket)) == list(range(1, 9))
    stored = await desk.store.find(ticket)
    assert stored is not None
    assert stored["sla_version"] == 6


async def test_numbers_are_given_once(fresh_desk: Desk) -> None:
    tickets = [[new_id() for _ in range(5)] for _ in range(8)]
    ann = Party(address="ann@example.com")
    await asyncio.gather(
        *(fresh_desk.feed(*(MAKE.contact(ticket, new_id(), sender=ann) for ticket in batch)) for batch in tickets)
    )
    stored = [document async for document in fresh_desk.store.tickets.find()]
    assert len({document["number"] for document in stored}) == len(stored) == 40
    assert await fresh_desk.store.customers.count_documents({}) == 1, "one customer, however many write at once"
    for batch in tickets:
        numbers = [next(one["number"] for one in stored if one["_id"] == ticket) for ticket in batch]
        assert numbers == sorted(numbers)


async def test_ranges_of_numbers_never_overlap(desk: Desk) -> None:
    ranges = await asyncio.gather(*(desk.store.numbers(3) for _ in range(20)))
    assert len({number for numbers in ranges for number in numbers}) == 60


async def test_one_address_is_one_customer_whatever_its_case(desk: Desk) -> None:
    first = await desk.opened(sender=Party(address="Mixed.Case@Example.com", name="Mixed"))
    second = await desk.opened(sender=Party(address=" mixed.case@example.com "))
    customers = [(await desk.ticket(ticket))["customer"] for ticket in (first, second)]
    assert customers[0]["id"] == customers[1]["id"]
    card = await desk.admin.get("/api/v1/customers/MIXED.case@example.com")
    assert (card.json()["name"], card.json()["address"]) == ("Mixed", "mixed.case@example.com")


async def test_a_new_tickets_customer_is_known_whoever_answers_in_the_same_batch(desk: Desk) -> None:
    ticket, other = new_id(), new_id()
    people = [Party(address=f"{name}@one-batch.example") for name in ("ann1", "ben1", "cat1")]
    opening, *answers = [MAKE.contact(ticket, new_id(), sender=one) for one in people]
    await desk.feed(opening, MAKE.contact(other, new_id(), sender=Party(address="dan1@one-batch.example")), *answers)
    for one in (ticket, other):
        customer = (await desk.ticket(one))["customer"]
        card = await desk.admin.get(f"/api/v1/customers/{customer['id']}")
        assert (card.status_code, card.json()["address"]) == (200, customer["address"])
    assert (await desk.ticket(ticket))["customer"]["address"] == "ann1@one-batch.example"
    assert (await desk.admin.get("/api/v1/customers/cat1@one-batch.example")).status_code == 404


async def test_a_customer_who_is_missing_is_made_when_their_ticket_gets_its_next_contact(desk: Desk) -> None:
    ticket = await desk.opened(sender=Party(address="lost@one.example", name="Lost"))
    customer = (await desk.ticket(ticket))["customer"]["id"]
    await desk.store.customers.delete_one({"_id": customer})
    bob = Party(address="bob@one.example")
    await desk.feed(MAKE.contact(ticket, new_id(), sender=bob, received_at=MAKE.at(60)))
    card = await desk.admin.get(f"/api/v1/customers/{customer}")
    assert (card.status_code, card.json()["name"]) == (200, "Lost")
    assert datetime.fromisoformat(card.json()["first_seen_at"]) == MAKE.start


async def replied(desk: Desk) -> tuple[str, str]:
    """A ticket and the message of an agent's reply to it."""
    ticket = await desk.opened()
    answer = await desk.admin.post(f"/api/v1/tickets/{ticket}/replies", json={"text": "Done."})
    return ticket, answer.json()["messages"][-1]["id"]


async def delivery(desk: Desk, ticket: str) -> tuple[str, str | None]:
    kept = (await desk.ticket(ticket))["messages"][-1]["delivery"]
    return kept["state"], kept.get("reason")


async def test_a_reply_shows_what_became_of_it(desk: Desk) -> None:
    ticket, message = await replied(desk)
    assert await delivery(desk, ticket) == ("queued", None)
    await desk.feed(MAKE.failed(message, 1, ticket=ticket, reason="gone", uncertain=True))
    assert await delivery(desk, ticket) == ("uncertain", "gone")
    await desk.feed(MAKE.sent(message, 2, ticket=ticket))
    assert await delivery(desk, ticket) == ("sent", None)


async def test_what_an_older_attempt_came_to_is_not_shown_again(desk: Desk) -> None:
    ticket, message = await replied(desk)
    first, second = MAKE.failed(message, 1, ticket=ticket), MAKE.sent(message, 2, ticket=ticket)
    for batch in ([first], [second], [first], [second, first]):
        await desk.feed(*batch)
    assert await delivery(desk, ticket) == ("sent", None)


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("failed_first", [True, False])
async def test_a_failure_for_one_recipient_is_not_hidden(desk: Desk, together: bool, failed_first: bool) -> None:
    ticket, message = await replied(desk)
    events: list[Event] = [
        MAKE.sent(message, 1, ("ann@example.com",), ticket),
        MAKE.failed(message, 1, ("bob@example.com",), ticket, "no such user"),
        MAKE.failed(message, 1, ("eve@example.com",), ticket, "mailbox full"),
    ]
    if failed_first:
        events.reverse()
    for batch in [events] if together else [[event] for event in events]:
        await desk.feed(*batch)
    state, _ = await delivery(desk, ticket)
    assert state == "failed"
    entries = [one for one in (await desk.ticket(ticket))["history"] if one["what"].startswith("Mail")]
    assert {(one["what"], *one["to"], one.get("reason")) for one in entries} == {
        ("MailSent", "ann@example.com", None),
        ("MailFailed", "bob@example.com", "no such user"),
        ("MailFailed", "eve@example.com", "mailbox full"),
    }


async def test_a_later_attempt_for_another_recipient_does_not_hide_a_bounce(desk: Desk) -> None:
    ticket = await desk.opened()
    to = [{"address": "ann@example.com"}, {"address": "bob@example.com"}]
    answer = await desk.admin.post(
        f"/api/v1/tickets/{ticket}/replies", json={"text": "Done.", "to": to[:1], "cc": to[1:]}
    )
    reply = answer.json()["messages"][-1]
    assert [one["state"] for one in reply["delivery"]["recipients"]] == ["queued", "queued"]
    await desk.feed(MAKE.sent(reply["id"], 1, ("ann@example.com",), ticket))
    await desk.feed(MAKE.bounced(ticket, reply["message_id"]))
    await desk.feed(MAKE.sent(reply["id"], 2, ("bob@example.com",), ticket).model_copy(update={"at": MAKE.at(9)}))
    shown = await desk.ticket(ticket)
    state = shown["messages"][-1]["delivery"]
    assert (shown["delivery_failed"], state["state"], state["to"]) == (True, "bounced", "ann@example.com")
    assert {one["to"]: one["state"] for one in state["recipients"]} == {
        "ann@example.com": "bounced",
        "bob@example.com": "sent",
    }


async def test_a_hostile_contact_is_kept_as_it_is(desk: Desk) -> None:
    text = "$where {'$gt': 1} \u202e <script>alert(1)</script> 🙂 " + "x" * 63_000
    ticket = await desk.opened(
        text=text,
        subject_line="$set.a.b " + "長" * 4000,
        sender=Party(address="$$eve.x@example.com", name="<b>"),
        references=tuple(f"$ref{n}.x@y" for n in range(200)),
        automatic=None,
    )
    shown = await desk.ticket(ticket)
    assert shown["messages"][0]["text"] == text
    assert shown["customer"]["address"] == "$$eve.x@example.com"
    opened = (await desk.stated(ticket))[0]
    assert isinstance(opened, TicketOpened)
    assert (len(opened.message.text), opened.message.text_truncated) == (10_000, True)
    assert isinstance(opened.ticket, Ticket)
