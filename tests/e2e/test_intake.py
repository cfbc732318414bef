"""Which ticket a mail goes to, and what of it an agent has to read: answers, copies, strangers, merges, floods."""

import smtplib
from collections import Counter
from email.message import EmailMessage
from typing import Any

import pytest
from mail_client import (
    all_is_said,
    answer_to,
    answered,
    caught,
    compose,
    hand_in,
    opened,
    send,
    sent_to,
    ticket_of,
    tickets_of,
)
from stack import Stack, until

pytestmark = pytest.mark.e2e

QUOTING = f"""\
Thanks, with the other cable it works.

Best regards
Kim

--{" "}
Kim Park | Acme GmbH | +49 30 5550100

On Mon, 2 Mar 2026 at 10:12, Example Support <support@example.com> wrote:

> Hello Kim,
> please try the cable that came with the device.
"""
INLINE = """\
On Mon, 2 Mar 2026 at 10:12, Example Support <support@example.com> wrote:
> Which model do you have?
The small blue one.
> Since when does it fail?
Since Sunday evening.
"""


@pytest.mark.parametrize(
    ("customer", "answer", "new", "left_out"),
    [
        ("kim@acme.example", QUOTING, ["with the other cable it works"], ["please try the cable", "+49 30 5550100"]),
        ("kai@acme.example", INLINE, ["The small blue one.", "Since Sunday evening."], []),
    ],
    ids=["above quotation and signature", "between the quoted lines"],
)
async def test_an_answer_shows_what_is_new_and_keeps_the_rest(
    intake: Stack, customer: str, answer: str, new: list[str], left_out: list[str]
) -> None:
    async with intake.desk() as desk:
        ticket = await opened(intake, desk, compose("It fails", "The device fails.\n", customer), customer)
        reply = await answered(intake, desk, ticket)
        await send(intake, answer_to(reply, answer, customer))
        ticket = await ticket_of(desk, customer, lambda one: len(one["messages"]) == 3)
    message = ticket["messages"][2]
    shown = message["own_words"] if message["own_words"] is not None else message["text"]
    assert [words for words in new if words not in shown] == []
    assert [words for words in left_out if words in shown] == []
    assert [words for words in left_out + new if words not in message["text"]] == []


async def test_one_mail_to_two_of_our_mailboxes_is_one_message_of_both(intake: Stack) -> None:
    both = ("support@example.com", "billing@example.com")
    enveloped = compose("To both at once", "Hello you two.\n", "lea@duo.example", to=", ".join(both))
    await hand_in(intake, enveloped, both)
    twice = compose("To both in turn", "Hello again.\n", "leo@duo.example", to=", ".join(both))
    first = await hand_in(intake, twice, both[:1])
    second = await hand_in(intake, twice, both[1:])
    assert first != second
    async with intake.desk() as desk:
        for customer in ("lea@duo.example", "leo@duo.example"):
            ticket = await ticket_of(desk, customer, lambda one: one["messages"][0]["also"])
            [message] = ticket["messages"]
            assert (message["mailbox"], message["also"]) == ("support", ["billing"])
    for customer in ("lea@duo.example", "leo@duo.example"):
        assert len(await sent_to(intake, customer, "To both")) == 1


@pytest.fixture(scope="module")
async def theirs(intake: Stack) -> tuple[EmailMessage, dict[str, Any]]:
    """A mail of Nils', and his ticket."""
    mail = compose("Contract", "The contract of last year lacks its second page.\n", "nils@firm.example")
    async with intake.desk() as desk:
        return mail, await opened(intake, desk, mail, "nils@firm.example")


class TestStrangers:
    """Who names a ticket that is not theirs."""

    async def test_who_knows_only_the_message_id_gets_a_ticket_of_their_own(
        self, intake: Stack, theirs: tuple[EmailMessage, dict[str, Any]]
    ) -> None:
        mail, ticket = theirs
        await send(intake, answer_to(mail, "Send me that page.\n", "eve@elsewhere.example"))
        async with intake.desk() as desk:
            other = await ticket_of(desk, "eve@elsewhere.example")
            assert "forged-reference" in other["warnings"]
            assert other["messages"][0]["warnings"] == ["forged-reference"]
            assert [one["id"] for one in other["similar"]] == [ticket["id"]]
            assert len((await ticket_of(desk, "nils@firm.example"))["messages"]) == 1

    async def test_a_number_in_the_subject_lets_no_stranger_in(
        self, intake: Stack, theirs: tuple[EmailMessage, dict[str, Any]]
    ) -> None:
        _, ticket = theirs
        await send(intake, compose(f"Re: [#{ticket['number']}]", "Send it to me.\n", "mallory@elsewhere.example"))
        async with intake.desk() as desk:
            other = await ticket_of(desk, "mallory@elsewhere.example")
        assert other["messages"][0]["evidence"]["kind"] == "none"

    async def test_a_colleague_and_who_quotes_the_mail_join(
        self, intake: Stack, theirs: tuple[EmailMessage, dict[str, Any]]
    ) -> None:
        mail, _ = theirs
        await send(intake, answer_to(mail, "I have found it.\n", "olga@firm.example"))
        quoting = "I am his lawyer.\n\n> The contract of last year lacks its second page.\n"
        await send(intake, answer_to(mail, quoting, "pia@law.example"))
        async with intake.desk() as desk:
            ticket = await ticket_of(desk, "nils@firm.example", lambda one: len(one["messages"]) == 3)
        by_author = {one["author"]["id"]: one for one in ticket["messages"]}
        assert by_author["olga@firm.example"]["warnings"] == []
        assert by_author["pia@law.example"]["warnings"] == ["new-participant"]
        assert {by_author[one]["evidence"]["kind"] for one in ("olga@firm.example", "pia@law.example")} == {
            "known-message"
        }


async def test_neighbours_at_a_public_provider_are_strangers(intake: Stack) -> None:
    mail = compose("Account locked", "I cannot get in.\n", "rosa1970@gmail.com")
    async with intake.desk() as desk:
        await opened(intake, desk, mail, "rosa1970@gmail.com")
        await send(intake, answer_to(mail, "Let me in instead.\n", "rosa1971@gmail.com"))
        other = await ticket_of(desk, "rosa1971@gmail.com")
    assert other["warnings"] == ["forged-reference"]


async def test_answers_to_a_merged_ticket_land_on_the_living_one(intake: Stack) -> None:
    customer = "sven@merge.example"
    lost = compose("Parcel lost", "My parcel of Monday is lost.\n", customer)
    kept = compose("Where is my order", "Nothing has come, and nobody answers the phone.\n", customer)
    async with intake.desk() as desk:
        source = await opened(intake, desk, lost, customer)
        [acknowledgement] = await sent_to(intake, customer, f"[#{source['number']}]")
        await send(intake, kept)
        found = await until(
            lambda: tickets_of(desk, customer), lambda both: len(both) == 2 and both[1]["clocks"], "second ticket"
        )
        target = found[1]
        merged = await desk.post(f"/api/v1/tickets/{source['id']}/merge", json={"into": str(target["number"])})
        assert merged.status_code == 200, merged.text
        assert len(merged.json()["messages"]) == 2
        await send(intake, answer_to(acknowledgement, "Any news of it?\n", customer))
        await send(intake, answer_to(lost, "It was the blue parcel, by the way.\n", customer))
        living = await ticket_of(desk, customer, lambda one: len(one["messages"]) == 4)
        assert living["id"] == target["id"]
        assert [one["merged_from"] for one in living["messages"]] == [source["id"], None, source["id"], source["id"]]
        assert {one["evidence"]["kind"] for one in living["messages"][2:]} == {"own-token", "known-message"}
        dead = (await desk.get(f"/api/v1/tickets/{source['number']}")).json()
        assert (dead["merged_into"], dead["status"], dead["messages"]) == (target["id"], "closed", [])
        refused = await desk.post(f"/api/v1/tickets/{source['id']}/replies", json={"text": "Here?\n"})
        assert refused.status_code == 409, refused.text
        reply = await answered(intake, desk, living, text="It is on its way.\n")
    assert lost["Message-ID"] in reply["References"]


async def test_an_answer_to_a_closed_ticket_opens_one_that_follows_it(intake: Stack) -> None:
    customer = "tom@closed.example"
    mail = compose("Done with", "Please cancel the order.\n", customer)
    async with intake.desk() as desk:
        ticket = await opened(intake, desk, mail, customer)
        await desk.patch(f"/api/v1/tickets/{ticket['id']}", json={"status": "closed"})
        await all_is_said(intake, "fence6@example.net")
        await send(intake, answer_to(mail, "It came all the same.\n", customer))
        await send(intake, answer_to(mail, "And another one.\n", customer))
        found = await until(
            lambda: tickets_of(desk, customer),
            lambda seen: sum(len(one["messages"]) for one in seen) == 3,
            "both answers on tickets",
        )
    assert [(one["follows"], len(one["messages"])) for one in found] == [(None, 1), (ticket["id"], 2)]
    assert found[0]["status"] == "closed"


async def test_an_out_of_office_answer_is_added_and_nothing_else_happens(intake: Stack) -> None:
    customer = "tove@away.example"
    async with intake.desk() as desk:
        ticket = await opened(intake, desk, compose("A question", "How long is the warranty?\n", customer), customer)
        await sent_to(intake, customer, "A question")
        reply = await answered(intake, desk, ticket, status="pending")
        away = compose("Automatic reply: A question", "I am out of the office until Monday.\n", customer)
        away["In-Reply-To"] = away["References"] = reply["Message-ID"]
        away["Auto-Submitted"] = "auto-replied"
        await hand_in(intake, away, sender="")
        ticket = await ticket_of(desk, customer, lambda one: len(one["messages"]) == 3)
        assert ticket["messages"][2]["automatic"] == "out-of-office"
        assert ticket["status"] == "pending"
        await all_is_said(intake, "fence1@example.net")
        assert len(await caught(intake, customer)) == 2, "the acknowledgement and the reply"
        assert (await ticket_of(desk, customer))["status"] == "pending"


FORWARDED = """\
Can somebody take this, please?

---------- Forwarded message ---------
From: Uma Rao <uma@lamps.example>
Date: Mon, 2 Mar 2026 at 09:30
Subject: Lamp flickers
To: Mina Karimi <mina@example.com>


The lamp flickers since Friday.
"""


async def test_a_mail_that_an_agent_forwards_in_is_the_customers(intake: Stack) -> None:
    mail = compose("Fwd: Lamp flickers", FORWARDED, "Mina Karimi <mina@example.com>")
    async with intake.desk() as desk:
        ticket = await opened(intake, desk, mail, "uma@lamps.example")
        [message] = ticket["messages"]
        assert (ticket["customer"]["address"], ticket["customer"]["name"]) == ("uma@lamps.example", "Uma Rao")
        assert message["author"] == {"kind": "customer", "id": "uma@lamps.example", "name": "Uma Rao"}
        assert message["forwarded_by"] == {"address": "mina@example.com", "name": "Mina Karimi"}
        reply = await answered(intake, desk, ticket)
    assert reply["To"] == "Uma Rao <uma@lamps.example>"
    assert await caught(intake, "mina@example.com") == []


async def test_a_flood_is_a_few_tickets_of_which_one_grows(intake: Stack) -> None:
    sender = "robot@shop.example"
    with smtplib.SMTP("127.0.0.1", intake.smtp_port, timeout=20) as smtp:
        for number in range(60):
            smtp.send_message(compose(f"Order {number} shipped!", f"Order {number} is on its way.\n", sender))

    async with intake.desk() as desk:
        found = await until(
            lambda: tickets_of(desk, sender),
            lambda seen: sum(len(one["messages"]) for one in seen) == 60,
            "60 messages",
        )
    *others, grown = sorted(found, key=lambda one: len(one["messages"]))
    assert len(others) < 5
    assert [len(one["messages"]) for one in others] == [1] * len(others)
    assert grown["opened_at"] == max(one["opened_at"] for one in found), "the newest grew"
    kinds = Counter(one["evidence"]["kind"] for one in grown["messages"])
    assert kinds == {"none": 1, "flood": 59 - len(others)}
    assert "flood" in grown["warnings"]
    await all_is_said(intake, "fence2@example.net")
    assert len(await caught(intake, sender)) <= 5
