"""The HTTP doors: raw mail, other channels, and the webhooks of two delivery services."""

import base64
import hashlib
import hmac
import time
from email.message import EmailMessage
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from mail_client import all_is_said, caught, compose, opened, sent_to, ticket_of, tickets_of
from stack import Stack, until

pytestmark = pytest.mark.e2e

SECRET = "a-long-secret-of-this-door"
KEY = generate_private_key(SECP256R1())
PUBLIC = base64.b64encode(KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
SECRETS = {"mail": SECRET, "contacts": SECRET, "mailgun": SECRET, "sendgrid": PUBLIC}
BEARER = {"Authorization": f"Bearer {SECRET}"}


@pytest.fixture(scope="module")
async def doors(intake: Stack) -> httpx.AsyncClient:
    """Somebody outside, with a door of each kind open to them."""
    async with intake.desk() as desk:
        for kind, secret in SECRETS.items():
            setting = {"name": f"The {kind} door", "kind": kind, "mailbox": "support", "secret": secret}
            saved = await desk.put(f"/api/v1/settings/door/{kind}", json=setting)
            assert saved.status_code == 200, saved.text
            assert saved.json()["secret"] == "********"
        listed = (await desk.get("/api/v1/settings/door")).text
        assert not any(secret in listed for secret in SECRETS.values())
    client = intake.plain(intake.processes()["ingest-receive"]["address"])

    async def refused() -> set[int]:
        return {(await client.post(f"/doors/{kind}", content=b"x")).status_code for kind in SECRETS}

    await until(refused, lambda codes: 404 not in codes, "doors that are there")
    return client


def handed_in(answer: httpx.Response) -> str:
    """The contact of what a door took."""
    assert answer.status_code == 200, answer.text
    return str(answer.json()["contact"])


async def test_a_raw_mail_is_one_of_the_recipients_mailbox(intake: Stack, doors: httpx.AsyncClient) -> None:
    mail = compose("By the mail door", "Hello.\n", "ada@doors.example", to="billing@example.com")
    envelope = {"sender": "ada@doors.example", "recipient": "billing@example.com"}
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        answer = await doors.post("/doors/mail", content=mail.as_bytes(), headers=headers, params=envelope)
        assert answer.status_code == 401
    again = {**BEARER, "Idempotency-Key": "mail-1"}
    first, second = [
        handed_in(await doors.post("/doors/mail", content=mail.as_bytes(), headers=again, params=envelope))
        for _ in range(2)
    ]
    assert first == second
    other = await doors.post("/doors/mail", content=b"Subject: other\r\n\r\nx", headers=again, params=envelope)
    assert (other.status_code, other.json()["type"]) == (409, "urn:postroom:problem:key-reused")
    async with intake.desk() as desk:
        ticket = await ticket_of(desk, "ada@doors.example")
    [message] = ticket["messages"]
    assert (ticket["channel"], ticket["mailbox"], message["door"], message["id"]) == ("email", "billing", "http", first)
    await sent_to(intake, "ada@doors.example", "By the mail door")


def mailgun_form(mail: EmailMessage, key: str = SECRET) -> dict[str, str]:
    """What Mailgun posts, signed."""
    form = {"timestamp": str(int(time.time())), "token": "t" * 50}
    signed = form["timestamp"] + form["token"]
    form["signature"] = hmac.new(key.encode(), signed.encode(), hashlib.sha256).hexdigest()
    return form | {"sender": "bo@doors.example", "recipient": "support@example.com", "body-mime": mail.as_string()}


async def test_mailgun_hands_in(intake: Stack, doors: httpx.AsyncClient) -> None:
    mail = compose("By Mailgun", "Hello.\n", "bo@doors.example")
    assert (await doors.post("/doors/mailgun/mime", data=mailgun_form(mail, "wrong"))).status_code == 401
    contact = handed_in(await doors.post("/doors/mailgun/mime", data=mailgun_form(mail)))
    async with intake.desk() as desk:
        ticket = await ticket_of(desk, "bo@doors.example")
    [message] = ticket["messages"]
    assert (ticket["channel"], message["door"], message["id"]) == ("email", "webhook", contact)


async def test_sendgrid_hands_in(intake: Stack, doors: httpx.AsyncClient) -> None:
    mail = compose("By SendGrid", "Hello.\n", "cy@doors.example")
    fields = {"email": mail.as_string(), "envelope": '{"to":["support@example.com"],"from":"cy@doors.example"}'}
    form = httpx.Request("POST", "http://x", data=fields, files={"none": b""})
    body, kind = form.read(), form.headers["content-type"]
    at = str(int(time.time()))
    signature = base64.b64encode(KEY.sign(at.encode() + body, ECDSA(SHA256()))).decode()
    signed = {
        "Content-Type": kind,
        "X-Twilio-Email-Event-Webhook-Signature": signature,
        "X-Twilio-Email-Event-Webhook-Timestamp": at,
    }
    tampered = body.replace(b"Hello.", b"Hallo.")
    assert (await doors.post("/doors/sendgrid", content=tampered, headers=signed)).status_code == 503
    contact = handed_in(await doors.post("/doors/sendgrid", content=body, headers=signed))
    async with intake.desk() as desk:
        ticket = await ticket_of(desk, "cy@doors.example")
    [message] = ticket["messages"]
    assert (ticket["channel"], message["door"], message["id"]) == ("email", "webhook", contact)


async def say(doors: httpx.AsyncClient, key: str | None = None, **submission: Any) -> str:
    """Hand a contact in; its id."""
    headers = BEARER | ({"Idempotency-Key": key} if key else {})
    return handed_in(await doors.post("/doors/contacts", json=submission, headers=headers))


async def test_a_chat_is_one_ticket_and_a_second_one_another(intake: Stack, doors: httpx.AsyncClient) -> None:
    dee = {"address": "dee@doors.example", "name": "Dee"}
    first = await say(doors, "c1", channel="chat", sender=dee, text="Is anybody there?", thread_key="chat-1")
    assert await say(doors, "c1", channel="chat", sender=dee, text="Is anybody there?", thread_key="chat-1") == first
    file = {"name": "shot.png", "content_type": "image/png", "content": base64.b64encode(b"PNG").decode()}
    second = await say(doors, channel="chat", sender=dee, text="Hello?", thread_key="chat-1", attachments=[file])
    async with intake.desk() as desk:
        ticket = await ticket_of(desk, "dee@doors.example", lambda one: len(one["messages"]) == 2)
        assert (ticket["channel"], ticket["subject"]) == ("chat", "Is anybody there?")
        by_id = {one["id"]: one for one in ticket["messages"]}
        assert by_id.keys() == {first, second}
        assert {one["evidence"]["kind"] for one in ticket["messages"]} == {"none", "same-conversation"}
        [attachment] = by_id[second]["attachments"]
        assert (await desk.get(attachment["url"])).content == b"PNG"
        raw = await desk.get(by_id[second]["raw_url"])
        assert raw.json()["text"] == "Hello?"
        await say(doors, channel="chat", sender=dee, text="Something else now", thread_key="chat-2")
        found = await until(lambda: tickets_of(desk, "dee@doors.example"), lambda all_: len(all_) == 2, "second chat")
        listed = (await desk.get("/api/v1/tickets", params={"channel": "chat", "q": "something else"})).json()["items"]
    assert [one["id"] for one in listed] == [found[1]["id"]]


async def test_the_same_matter_by_another_channel_is_offered(intake: Stack, doors: httpx.AsyncClient) -> None:
    customer = "flo@doors.example"
    words = "The grinder of my coffee machine blocks and smells of burnt plastic."
    async with intake.desk() as desk:
        first = await opened(intake, desk, compose("Coffee machine blocks", f"{words}\n", customer), customer)
        await say(doors, channel="form", sender={"address": customer}, subject="Coffee machine", text=words)
        found = await until(lambda: tickets_of(desk, customer), lambda all_: len(all_) == 2, "ticket of the form")
        url = f"/api/v1/tickets/{found[1]['id']}"
        assert [one["id"] for one in found[1]["similar"]] == [first["id"]]
        assert (await desk.delete(f"{url}/similar/{first['id']}")).status_code == 204
        assert (await desk.get(url)).json()["similar"] == []


async def test_who_has_only_a_phone_cannot_be_answered_by_mail(intake: Stack, doors: httpx.AsyncClient) -> None:
    phone = {"phone": "+49301234567", "name": "Eli"}
    await say(doors, channel="call", sender=phone, text="Asks to be called back.", thread_key="+49301234567")
    async with intake.desk() as desk:
        ticket = await ticket_of(desk, "+49301234567")
        assert (ticket["channel"], ticket["customer"]["name"]) == ("call", "Eli")
        refused = await desk.post(f"/api/v1/tickets/{ticket['id']}/replies", json={"text": "Hello Eli.\n"})
        assert (refused.status_code, refused.headers["content-type"]) == (409, "application/problem+json")
        assert refused.json()["type"] == "urn:postroom:problem:no-mail-address"
        assert "+49301234567" in refused.json()["detail"]
        assert "cannot be answered by mail" in refused.json()["detail"]
        assert len((await ticket_of(desk, "+49301234567"))["messages"]) == 1
        told = {"text": "Hello Eli.\n", "to": [{"address": "eli@doors.example"}]}
        assert (await desk.post(f"/api/v1/tickets/{ticket['id']}/replies", json=told)).status_code == 201
    await sent_to(intake, "eli@doors.example", "Asks to be called back")
    await all_is_said(intake, "fence4@example.net")
    assert await caught(intake, "49301234567") == []


@pytest.mark.parametrize(
    ("submission", "field"),
    [
        ({"channel": "fax", "sender": {"phone": "+4930123456"}, "text": "x"}, "channel"),
        ({"channel": "chat", "sender": {"name": "nobody"}, "text": "x"}, "sender"),
        ({"channel": "chat", "sender": {"id": "telegram:1"}, "text": "x", "mailbox": "nowhere"}, "mailbox"),
    ],
    ids=["no such channel", "nobody", "no such mailbox"],
)
async def test_what_is_no_contact_is_refused_by_field(
    doors: httpx.AsyncClient, submission: dict[str, Any], field: str
) -> None:
    answer = await doors.post("/doors/contacts", json=submission, headers=BEARER)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert field in answer.json()["detail"]


async def test_a_saved_door_keeps_its_secret_and_a_closed_one_is_gone(intake: Stack, doors: httpx.AsyncClient) -> None:
    setting = {"name": "Once more", "kind": "contacts", "mailbox": "support", "secret": SECRET}

    async def code() -> int:
        gia = {"channel": "form", "sender": {"address": "gia@doors.example"}, "text": "Hello"}
        headers = {**BEARER, "Idempotency-Key": "once"}
        return (await doors.post("/doors/more", json=gia, headers=headers)).status_code

    async with intake.desk() as desk:
        await desk.put("/api/v1/settings/door/more", json=setting)
        await until(code, lambda got: got == 200, "door that is open")
        saved = await desk.put("/api/v1/settings/door/more", json={**setting, "secret": "********", "name": "Renamed"})
        assert (saved.status_code, saved.json()["secret"]) == (200, "********")
        moved = await desk.put("/api/v1/settings/door/more", json={**setting, "secret": "********", "enabled": False})
        assert moved.status_code == 200
        await until(code, lambda got: got == 404, "door that is closed")
        nowhere = {**setting, "mailbox": "nowhere"}
        assert (await desk.put("/api/v1/settings/door/more", json=nowhere)).status_code == 422
        await desk.put("/api/v1/settings/door/more", json={**setting, "secret": "********"})
        await until(code, lambda got: got == 200, "door that has kept its secret")
        assert len((await ticket_of(desk, "gia@doors.example"))["messages"]) == 1
