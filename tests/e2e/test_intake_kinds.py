"""What kind of mail it is: bounces and delays of our replies, spam, and mails that are hard to read."""

import base64
import json
import struct
from email.message import EmailMessage
from typing import Any

import httpx
import pytest
from kafka_log import read_topics
from mail_client import all_is_said, answered, caught, compose, hand_in, opened, send, sent_to, ticket_of, tickets_of
from stack import Stack, until

pytestmark = pytest.mark.e2e


def report(reply: EmailMessage, *, action: str, status: str, diagnostic: str, recipient: str) -> bytes:
    """What a mail server sends back about a mail of ours (RFC 3464), with the head of that mail."""
    head = "".join(f"{name}: {value}\r\n" for name, value in reply.items())
    return (
        "From: MAILER-DAEMON@mx.example.net (Mail Delivery System)\r\n"
        "To: support@example.com\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        f"Message-ID: <{action}.{reply['Message-ID'][1:20]}@mx.example.net>\r\n"
        "Date: Mon, 02 Mar 2026 10:00:00 +0000\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
        f"This is the mail system at host mx.example.net.\r\n\r\n<{recipient}>: {diagnostic}\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; {diagnostic}\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\n{head}\r\n--b--\r\n"
    ).encode()


def in_words(reply: EmailMessage, recipient: str) -> bytes:
    """The same as Exim says it: a text, and the mail below."""
    return (
        "From: Mail Delivery System <Mailer-Daemon@exim.example.net>\r\nTo: support@example.com\r\n"
        f"Subject: Mail delivery failed: returning message to sender\r\nX-Failed-Recipients: {recipient}\r\n"
        "Message-Id: <E1abc-0001@exim.example.net>\r\nDate: Mon, 02 Mar 2026 10:00:00 +0000\r\n\r\n"
        "This message was created automatically by mail delivery software.\r\n\r\n"
        "A message that you sent could not be delivered to one or more of its\r\n"
        "recipients. This is a permanent error. The following address(es) failed:\r\n\r\n"
        f"  {recipient}\r\n    550 5.1.1 No such user here\r\n\r\n"
        "------ This is a copy of the message, including all the headers. ------\r\n\r\n"
    ).encode() + reply.as_bytes()


def delivery(state: str) -> Any:
    """Whether the second message of a ticket, a reply, has this state of delivery."""
    return lambda ticket: len(ticket["messages"]) > 1 and ticket["messages"][1]["delivery"]["state"] == state


async def test_a_delay_and_then_a_bounce_show_on_the_reply(intake: Stack) -> None:
    customer = "anna@gone.example"
    async with intake.desk() as desk:
        ticket = await opened(intake, desk, compose("Gone soon", "Please answer quickly.\n", customer), customer)
        reply = await answered(intake, desk, ticket)
        late = {"action": "delayed", "status": "4.4.1", "diagnostic": "451 4.4.1 connection timed out"}
        await hand_in(intake, report(reply, recipient=customer, **late), sender="")
        ticket = await ticket_of(desk, customer, delivery("delayed"))
        assert not ticket["delivery_failed"]
        gone = {"action": "failed", "status": "5.1.1", "diagnostic": "550 5.1.1 user unknown"}
        contact = await hand_in(intake, report(reply, recipient=customer, **gone), sender="")
        ticket = await ticket_of(desk, customer, lambda one: delivery("bounced")(one) and len(one["messages"]) == 4)
        state = ticket["messages"][1]["delivery"]
        assert (state["to"], state["status"], state["reason"]) == (customer, "5.1.1", "unknown-user")
        assert "user unknown" in state["diagnostic"]
        assert ticket["delivery_failed"]
        assert ticket["status"] == "open"
        assert [one["automatic"] for one in ticket["messages"]] == [None, None, "bounce", "bounce"]
    told = [one for one in await bounces(intake) if one["ticket"] == ticket["id"]]
    assert sorted((one["permanent"], one["status"], one["to"], one["kind"]) for one in told) == [
        (False, "4.4.1", customer, "reply"),
        (True, "5.1.1", customer, "reply"),
    ]
    assert [one["contact"] for one in told if one["permanent"]] == [contact]
    assert {f"<{one['message_id']}>" for one in told} == {reply["Message-ID"]}
    await all_is_said(intake, "fence3@example.net")
    assert await caught(intake, "mx.example.net") == []
    assert len(await caught(intake, customer)) == 2, "the acknowledgement and the reply"


async def bounces(intake: Stack) -> list[dict[str, Any]]:
    """What Kafka says of bounces."""
    topic = f"{intake.environ['POSTROOM_NAMESPACE']}.delivery"
    records = await read_topics(intake.environ["POSTROOM_KAFKA_URL"], [topic])
    told = [one for one in records if one.headers["ce_type"] == "postroom.mail.bounced.v1"]
    return [json.loads(one.value) for one in told]


async def test_a_bounce_in_words_counts_as_well(intake: Stack) -> None:
    customer = "bert@gone.example"
    async with intake.desk() as desk:
        ticket = await opened(intake, desk, compose("Gone too", "Please answer quickly.\n", customer), customer)
        reply = await answered(intake, desk, ticket)
        await hand_in(intake, in_words(reply, customer), sender="")
        ticket = await ticket_of(desk, customer, delivery("bounced"))
    state = ticket["messages"][1]["delivery"]
    assert (state["to"], state["status"], state["reason"]) == (customer, "5.1.1", "unknown-user")


async def test_a_forged_bounce_bounces_nothing(intake: Stack) -> None:
    customer = "carl@there.example"
    async with intake.desk() as desk:
        ticket = await opened(intake, desk, compose("Still there", "Please answer.\n", customer), customer)
        reply = await answered(intake, desk, ticket)
        token, _, host = reply["Message-ID"].partition("@")
        reply.replace_header("Message-ID", f"{token[:-4]}AAAA@{host}")
        del reply["References"], reply["In-Reply-To"]
        gone = {"action": "failed", "status": "5.1.1", "diagnostic": "550 5.1.1 user unknown"}
        contact = await hand_in(intake, report(reply, recipient=customer, **gone), sender="")

        async def raw() -> httpx.Response:
            return await desk.get(f"/api/v1/messages/{contact}/raw")

        await until(raw, lambda answer: answer.status_code == 200, "the report on a ticket")
        ticket = await ticket_of(desk, customer, delivery("sent"))
        assert len(ticket["messages"]) == 2


async def test_spam_is_set_aside_can_be_read_and_let_in(intake: Stack) -> None:
    mail = compose("Cheap watches", "Buy our watches today.\n", "dora@watches.example", X_Spam_Flag="YES")
    contact = await hand_in(intake, mail)
    async with intake.desk() as desk:

        async def listed() -> list[dict[str, Any]]:
            items = (await desk.get("/api/v1/set-aside")).json()["items"]
            return [one for one in items if one["contact"] == contact]

        [one] = await until(listed, bool, "mail set aside")
        assert (one["cause"], one["sender"], one["subject"]) == ("spam", "dora@watches.example", "Cheap watches")
        told = json.loads(intake.run("set-aside", "list", "--json").stdout)
        assert contact in {entry["contact"] for entry in told}
        assert contact in intake.run("set-aside", "list").stdout.decode(), "whole, so that it can be let in"
        whole = (await desk.get(f"/api/v1/set-aside/{contact}")).json()
        assert whole["read"]["text"].strip() == "Buy our watches today."
        assert whole["read"]["spam"]["verdict"] is True
        assert await tickets_of(desk, "dora@watches.example") == []
        assert await caught(intake, "dora@watches.example") == []
        for expected in (True, False):
            released = await desk.post(f"/api/v1/set-aside/{contact}/release")
            assert (released.status_code, released.json()["released"]) == (202, expected)
        ticket = await ticket_of(desk, "dora@watches.example")
        assert [message["id"] for message in ticket["messages"]] == [contact]
        assert await listed() == []
        assert (await desk.get("/api/v1/set-aside/nothing")).status_code == 404
        assert (await desk.post("/api/v1/set-aside/nothing/release")).status_code == 404


async def aside(desk: httpx.AsyncClient, cause: str, sender: str) -> list[dict[str, Any]]:
    """What was set aside of a sender for a cause."""
    items = (await desk.get("/api/v1/set-aside", params={"limit": 500})).json()["items"]
    return [one for one in items if (one["cause"], one["sender"]) == (cause, sender)]


async def test_our_own_mail_that_comes_back_is_set_aside(intake: Stack) -> None:
    customer = "ed@echo.example"
    async with intake.desk() as desk:
        ticket = await opened(intake, desk, compose("Echo", "Does it come back?\n", customer), customer)
        [acknowledgement] = await sent_to(intake, customer, f"[#{ticket['number']}]")
        await hand_in(intake, acknowledgement, sender=customer)
        await until(lambda: aside(desk, "own-mail", "support@example.com"), bool, "own mail set aside")
        assert len((await ticket_of(desk, customer))["messages"]) == 1


async def test_two_machines_do_not_talk_for_ever(intake: Stack) -> None:
    customer = "fin@loop.example"
    async with intake.desk() as desk:
        ticket = await opened(intake, desk, compose("Round", "And round it goes.\n", customer), customer)
        reply = await answered(intake, desk, ticket)
        for number in range(23):
            echo = compose(f"Re: Round {number}", "We got your mail.\n", customer, In_Reply_To=reply["Message-ID"])
            echo["Auto-Submitted"] = "auto-replied"
            await hand_in(intake, echo, sender="")
        await until(lambda: aside(desk, "loop", customer), lambda found: len(found) == 3, "three mails set aside")
        ticket = await ticket_of(desk, customer, lambda one: len(one["messages"]) == 22)
        assert ticket["status"] == "open"


def raw_mail(sender: str, headers: str, body: bytes) -> bytes:
    """A mail with these further header fields and this body, as they are."""
    head = f"From: {sender}\r\nTo: support@example.com\r\nMessage-ID: <{sender}>\r\n{headers}MIME-Version: 1.0\r\n"
    return head.encode() + b"\r\n" + body


def winmail() -> bytes:
    """Outlook's winmail.dat with a text and a file (MS-OXTNEF)."""

    def attribute(level: int, name: int, value: bytes) -> bytes:
        return struct.pack("<BHHI", level, name, 6, len(value)) + value + struct.pack("<H", sum(value) % 65536)

    parts = [attribute(1, 0x800C, b"The words of Outlook.\0"), attribute(2, 0x9002, bytes(14))]
    parts += [attribute(2, 0x8010, b"offer.pdf\0"), attribute(2, 0x800F, b"%PDF-1.4 offer")]
    return struct.pack("<IH", 0x223E9F78, 1) + b"".join(parts)


CALENDAR = b"""BEGIN:VCALENDAR\r
METHOD:REQUEST\r
BEGIN:VEVENT\r
SUMMARY:Site visit\r
DTSTART;TZID=Europe/Berlin:20260401T100000\r
DTEND;TZID=Europe/Berlin:20260401T110000\r
ORGANIZER:mailto:gina@fair.example\r
LOCATION:Hall 3\r
END:VEVENT\r
END:VCALENDAR\r
"""


async def shown(intake: Stack, sender: str, headers: str, body: bytes) -> dict[str, Any]:
    """The message that such a mail becomes."""
    await hand_in(intake, raw_mail(sender, headers, body))
    async with intake.desk() as desk:
        [message] = (await ticket_of(desk, sender))["messages"]
    return dict(message)


@pytest.mark.parametrize(
    ("sender", "headers", "body", "words"),
    [
        (
            "utf7@old.example",
            "Content-Type: text/plain; charset=utf-7\r\n",
            "Grüße: 本日\r\n".encode("utf-7"),
            "Grüße: 本日",
        ),
        (
            "gb@old.example",
            "Content-Type: text/plain; charset=gb2312\r\nContent-Transfer-Encoding: 8bit\r\n",
            "您好,朱镕基先生的发票 €5 㐀\r\n".encode("gb18030"),
            "您好,朱镕基先生的发票 €5 㐀",
        ),
        (
            "cp1256@old.example",
            "Content-Type: text/plain; charset=windows-1256\r\nContent-Transfer-Encoding: 8bit\r\n",
            "مرحبا بكم\r\n".encode("cp1256"),
            "مرحبا بكم",
        ),
        (
            "html@only.example",
            "Content-Type: text/html; charset=utf-8\r\n",
            b"<style>p{}</style><p>First &amp; last</p><script>steal()</script>",
            "First & last",
        ),
    ],
    ids=["UTF-7", "GB18030 called GB2312", "windows-1256", "HTML only"],
)
async def test_any_charset_is_read(intake: Stack, sender: str, headers: str, body: bytes, words: str) -> None:
    message = await shown(intake, sender, headers, body)
    assert message["text"].strip() == words
    assert "steal" not in (message["html"] or "")


async def test_an_invitation_says_when_and_where(intake: Stack) -> None:
    body = b"--b\r\nContent-Type: text/plain\r\n\r\nPlease come.\r\n--b\r\n"
    body += b"Content-Type: text/calendar; method=REQUEST; charset=utf-8\r\n\r\n" + CALENDAR + b"--b--\r\n"
    message = await shown(intake, "gina@fair.example", "Content-Type: multipart/alternative; boundary=b\r\n", body)
    assert message["invitation"] == {
        "method": "REQUEST",
        "summary": "Site visit",
        "starts": "2026-04-01T10:00:00 Europe/Berlin",
        "ends": "2026-04-01T11:00:00 Europe/Berlin",
        "organizer": "gina@fair.example",
        "location": "Hall 3",
    }
    assert message["automatic"] is None


async def test_a_winmail_is_opened(intake: Stack) -> None:
    headers = "Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n"
    message = await shown(intake, "otto@outlook.example", headers, base64.encodebytes(winmail()))
    assert "The words of Outlook." in message["text"]
    [attachment] = message["attachments"]
    assert attachment["name"] == "offer.pdf"
    async with intake.desk() as desk:
        assert (await desk.get(attachment["url"])).content == b"%PDF-1.4 offer"


@pytest.mark.parametrize(
    ("sender", "headers", "body", "protection"),
    [
        (
            "smime@safe.example",
            "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\n",
            b"MIIB",
            "smime-encrypted",
        ),
        (
            "pgp@safe.example",
            "Content-Type: multipart/encrypted; protocol=application/pgp-encrypted; boundary=b\r\n",
            b"--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--b--\r\n",
            "pgp-encrypted",
        ),
        (
            "signed@safe.example",
            "Content-Type: multipart/signed; protocol=application/pkcs7-signature; micalg=sha-256; boundary=b\r\n",
            b"--b\r\n\r\nsigned words\r\n--b\r\nContent-Type: application/pkcs7-signature\r\n\r\nMIIB\r\n--b--\r\n",
            "smime-signed",
        ),
    ],
    ids=["S/MIME encrypted", "PGP encrypted", "S/MIME signed"],
)
async def test_protected_mail_is_said_to_be_so(
    intake: Stack, sender: str, headers: str, body: bytes, protection: str
) -> None:
    assert (await shown(intake, sender, headers, body))["protection"] == protection


async def test_a_mail_to_a_mailbox_that_keeps_spam_is_a_ticket(intake: Stack) -> None:
    keeper = {"address": "keeper@example.com", "name": "Keeps all", "spam": "keep"}
    async with intake.desk() as desk:
        assert (await desk.put("/api/v1/settings/mailbox/keeper", json=keeper)).status_code == 200
        mail = compose("Not so cheap", "A real offer.\n", "hal@offers.example", to="keeper@example.com")
        mail["X-Spam-Flag"] = "YES"

        async def handed_in() -> bool:
            try:
                await send(intake, mail)
            except OSError:
                return False
            return True

        await until(handed_in, bool, "mailbox known to ingest")
        ticket = await ticket_of(desk, "hal@offers.example")
    assert ticket["messages"][0]["spam"]["verdict"] is True
    await sent_to(intake, "hal@offers.example", "Not so cheap")
