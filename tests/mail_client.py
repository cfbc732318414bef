"""Mail as a customer's program sends and reads it."""

import asyncio
import smtplib
from collections.abc import Callable, Sequence
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any

import httpx
from stack import Stack, until

SUPPORT = "support@example.com"


def compose(subject: str, text: str, sender: str, to: str = SUPPORT, **headers: str) -> EmailMessage:
    """A plain mail with everything a mail program adds."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Date"], mail["Message-ID"] = formatdate(), make_msgid(domain="example.org")
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail


def answer_to(mail: EmailMessage, text: str, sender: str) -> EmailMessage:
    """What a mail program sends when its user presses Reply."""
    chain = f"{mail['References'] or mail['In-Reply-To'] or ''} {mail['Message-ID']}".strip()
    subject = mail["Subject"] if mail["Subject"].startswith("Re:") else f"Re: {mail['Subject']}"
    return compose(subject, text, sender, In_Reply_To=mail["Message-ID"], References=chain)


async def send(stack: Stack, mail: EmailMessage) -> None:
    """Hand a mail to Postroom by SMTP."""

    def deliver() -> None:
        with smtplib.SMTP("127.0.0.1", stack.smtp_port, timeout=20) as smtp:
            smtp.send_message(mail)

    await asyncio.to_thread(deliver)


async def hand_in(
    stack: Stack, mail: EmailMessage | bytes, to: Sequence[str] = (SUPPORT,), sender: str = "sender@example.org"
) -> str:
    """Hand a mail in with this envelope (an empty sender is the null sender); the contact's id, as the answer says."""
    raw = mail if isinstance(mail, bytes) else mail.as_bytes(policy=policy.SMTP)

    def deliver() -> str:
        with smtplib.SMTP("127.0.0.1", stack.smtp_port, timeout=20) as smtp:
            smtp.ehlo()
            smtp.mail(sender)
            for recipient in to:
                assert smtp.rcpt(recipient)[0] == 250, recipient
            code, text = smtp.data(raw)
        assert code == 250, text
        return text.decode().split()[-1]

    return await asyncio.to_thread(deliver)


async def tickets_of(desk: httpx.AsyncClient, customer: str, **asked: str) -> list[dict[str, Any]]:
    """The tickets of a customer as they are now, whole, the oldest first."""
    asked = {"customer": customer, "sort": "opened_at", **asked}
    rows = (await desk.get("/api/v1/tickets", params=asked)).json()["items"]
    return [(await desk.get(f"/api/v1/tickets/{row['id']}")).json() for row in rows]


async def ticket_of(
    desk: httpx.AsyncClient, customer: str, good: Callable[[dict[str, Any]], Any] = lambda _: True
) -> dict[str, Any]:
    """The one ticket of a customer, whole, once it is as wanted."""

    async def look() -> list[dict[str, Any]]:
        return await tickets_of(desk, customer)

    def one_and_good(found: list[dict[str, Any]]) -> bool:
        assert len(found) <= 1, [one["subject"] for one in found]
        return bool(found and good(found[0]))

    return (await until(look, one_and_good, f"ticket of {customer} as wanted"))[0]


async def sent_to(stack: Stack, address: str, subject_has: str, count: int = 1) -> list[EmailMessage]:
    """The mails Postroom sent to an address whose subject has some words, once there are `count`; newest first."""
    async with stack.plain(stack.catcher_url) as http:

        async def look() -> list[dict[str, Any]]:
            found = (await http.get("/api/v1/search", params={"query": f"to:{address}"})).json()["messages"]
            return [one for one in found if subject_has in one["Subject"]]

        found = await until(look, lambda mails: len(mails) >= count, f"mail about {subject_has!r} to {address}")
        assert len(found) == count, [one["Subject"] for one in found]
        raws = [(await http.get(f"/api/v1/message/{one['ID']}/raw")).content for one in found]
    return [message_from_bytes(raw, policy=policy.default) for raw in raws]


async def opened(stack: Stack, desk: httpx.AsyncClient, mail: EmailMessage, customer: str) -> dict[str, Any]:
    """The ticket that a mail opens, once it is placed and timed."""
    await send(stack, mail)
    return await ticket_of(desk, customer, lambda ticket: ticket["queue"] and ticket["clocks"])


async def answered(stack: Stack, desk: httpx.AsyncClient, ticket: dict[str, Any], **body: str) -> EmailMessage:
    """An agent's reply, as it reached the customer."""
    done = await desk.post(f"/api/v1/tickets/{ticket['id']}/replies", json={"text": "Please look.\n", **body})
    assert done.status_code == 201, done.text
    reply_id = done.json()["messages"][-1]["message_id"]
    address = ticket["customer"]["address"]
    found = await until(
        lambda: caught(stack, address),
        lambda mails: any(one["MessageID"] == reply_id for one in mails),
        f"reply to {address}",
    )
    mails = await sent_to(stack, address, "", count=len(found))
    return next(one for one in mails if one["Message-ID"] == f"<{reply_id}>")


async def caught(stack: Stack, address: str) -> list[dict[str, Any]]:
    """What Postroom has sent to an address by now, in short, the newest first."""
    async with stack.plain(stack.catcher_url) as http:
        found = await http.get("/api/v1/search", params={"query": f"to:{address}"})
    return list(found.json()["messages"])


async def all_is_said(stack: Stack, fence: str) -> None:
    """Wait until what was handed in before has been acknowledged, if it is at all: a later mail has been."""
    await send(stack, compose("A fence", "What came before is through.\n", fence))
    await sent_to(stack, fence, "A fence")
