"""The HTTP doors: raw mail, submissions of other channels, and the webhooks of delivery services."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from postroom_contracts.config import HttpDoor
from postroom_contracts.inbound import MailReceived, SubmissionReceived
from postroom_ingest.receive.doors.proofs import FRESH
from postroom_ingest.receive.tally import Tally
from postroom_plumbing import measures
from postroom_plumbing.ids import new_id
from postroom_plumbing.sealing import Sealer
from postroom_plumbing.settings_view import Settings
from postroom_plumbing.testing import stated

from ..making import mail
from ..running import MAX_BYTES, Ingest
from .conftest import OpenDoor

pytestmark = pytest.mark.connected
SECRET = "a-door's-secret"
KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = base64.b64encode(KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
BEARER = {"Authorization": f"Bearer {SECRET}"}


@asynccontextmanager
async def caller(ingest: Ingest) -> AsyncIterator[httpx.AsyncClient]:
    """Without the internal token, at an ingest with a door of each kind."""
    sealer = Sealer(ingest.service.settings, "setting")
    secrets = {"mail": SECRET, "contacts": SECRET, "mailgun": SECRET, "sendgrid": PUBLIC}
    doors = {
        kind: HttpDoor.model_validate(
            {"name": kind, "kind": kind, "mailbox": "support", "secret": sealer.seal_text(secret)}
        )
        for kind, secret in secrets.items()
    }
    doors["closed"] = doors["mail"].model_copy(update={"enabled": False})
    ingest.service.view.current = replace(ingest.service.view.current, door=doors)
    transport = httpx.ASGITransport(app=ingest.service.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://ingest") as client:
        yield client


@pytest.fixture
async def outside(ingest: Ingest) -> AsyncIterator[httpx.AsyncClient]:
    async with caller(ingest) as client:
        yield client


async def arrived(ingest: Ingest, contact: str) -> list[MailReceived | SubmissionReceived]:
    told = await stated(ingest.database)
    return [one for one in told if isinstance(one, MailReceived | SubmissionReceived) and one.contact == contact]


def problem(answer: httpx.Response, status: int, kind: str) -> Mapping[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["type"] == f"urn:postroom:problem:{kind}"
    return told


def mailgun_form(mime: str | None = None, timestamp: float | None = None) -> dict[str, str]:
    fields = {"timestamp": str(int(timestamp or time.time())), "token": new_id()}
    signed = fields["timestamp"] + fields["token"]
    fields["signature"] = hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).hexdigest()
    fields |= {"recipient": "billing@example.com", "sender": "ann@example.com"}
    return fields if mime is None else fields | {"body-mime": mime}


def sendgrid_post(body: bytes, kind: str, timestamp: int | None = None) -> dict[str, str]:
    at = str(timestamp or int(time.time()))
    signature = base64.b64encode(KEY.sign(at.encode() + body, ec.ECDSA(SHA256()))).decode()
    return {
        "Content-Type": kind,
        "X-Twilio-Email-Event-Webhook-Signature": signature,
        "X-Twilio-Email-Event-Webhook-Timestamp": at,
    }


def form(fields: dict[str, str], files: dict[str, bytes] | None = None) -> tuple[bytes, str]:
    made = httpx.Request(
        "POST", "http://x", data=fields, files={k: (k, v) for k, v in (files or {"none": b""}).items()}
    )
    return made.read(), made.headers["content-type"]


class TestRawMail:
    async def test_is_taken_byte_for_byte(self, ingest: Ingest, outside: httpx.AsyncClient) -> None:
        raw = mail(f"{new_id()}@x", text="Ünïcode\r\n.\r\nand a dot")
        answer = await outside.post(
            "/doors/mail",
            content=raw,
            headers=BEARER,
            params={"sender": "ann@example.com", "recipient": ["billing+x@example.com", "support@example.com"]},
        )
        assert answer.status_code == 200
        contact = answer.json()["contact"]
        (event,) = await arrived(ingest, contact)
        assert isinstance(event, MailReceived)
        assert (event.door, event.mailbox, event.also) == ("http", "billing", ("support",))
        assert event.envelope_from == "ann@example.com"
        assert (await ingest.http.get(f"/v1/raw/{contact}")).content == raw

    async def test_goes_to_the_doors_mailbox_without_a_recipient(
        self, ingest: Ingest, outside: httpx.AsyncClient
    ) -> None:
        contact = (await outside.post("/doors/mail", content=mail(), headers=BEARER)).json()["contact"]
        (event,) = await arrived(ingest, contact)
        assert event.mailbox == "support"

    @pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}])
    async def test_is_refused_without_the_secret(self, outside: httpx.AsyncClient, headers: dict[str, str]) -> None:
        problem(await outside.post("/doors/mail", content=mail(), headers=headers), 401, "unauthorized")

    async def test_is_refused_when_too_large_or_at_a_closed_or_unknown_door(self, outside: httpx.AsyncClient) -> None:
        too_large = b"x" * (MAX_BYTES + 1)
        problem(await outside.post("/doors/mail", content=too_large, headers=BEARER), 413, "too-large")
        for door in ("closed", "unknown"):
            problem(await outside.post(f"/doors/{door}", content=mail(), headers=BEARER), 404, "not-found")

    async def test_a_stranger_s_body_is_not_read(self, outside: httpx.AsyncClient) -> None:
        sent = 0

        async def body() -> AsyncIterator[bytes]:
            nonlocal sent
            for _ in range(10):
                sent += 1
                yield b"x" * 1000

        problem(await outside.post("/doors/mail", content=body()), 401, "unauthorized")
        problem(await outside.post("/doors/contacts", content=body()), 401, "unauthorized")
        assert sent == 0

    async def test_is_asked_for_again_while_no_settings_have_come(
        self, ingest: Ingest, outside: httpx.AsyncClient
    ) -> None:
        known = ingest.service.view.current
        ingest.service.view.current = Settings()
        try:
            answer = await outside.post("/doors/mail", content=mail(), headers=BEARER)
        finally:
            ingest.service.view.current = known
        problem(answer, 503, "not-ready")
        assert int(answer.headers["Retry-After"]) > 0

    @pytest.mark.parametrize("secret", ["Schlüssel", "voilà", "二"])
    async def test_the_secret_may_hold_any_character(
        self, ingest: Ingest, outside: httpx.AsyncClient, secret: str
    ) -> None:
        view, sealer = ingest.service.view, Sealer(ingest.service.settings, "setting")
        door = view.current.door["mail"].model_copy(update={"secret": sealer.seal_text(secret)})
        view.current = replace(view.current, door={"mail": door})
        shown = {b"Authorization": f"Bearer  {secret}".encode()}
        assert (await outside.post("/doors/mail", content=mail(f"{new_id()}@x"), headers=shown)).status_code == 200

    async def test_the_internal_routes_stay_closed(self, outside: httpx.AsyncClient) -> None:
        assert (await outside.get("/v1/mailboxes", headers=BEARER)).status_code == 401


class TestMemory:
    @pytest.fixture
    def told(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """What the metric says, in the order it is told."""
        told: list[int] = []
        monkeypatch.setattr(measures, "door_bytes", SimpleNamespace(set=told.append))
        return told

    async def test_is_one_for_all_that_come_at_once(self, told: list[int], open_door: OpenDoor) -> None:
        waiting, go_on = asyncio.Semaphore(0), asyncio.Event()

        async def body(raw: bytes) -> AsyncIterator[bytes]:
            yield raw[:-2]
            waiting.release()
            await go_on.wait()
            yield raw[-2:]

        raws = [mail(f"{new_id()}@x", text="x" * 100_000) for _ in range(3)]
        door = await open_door(smtp_max_bytes=125_000, doors_memory_bytes=250_000)
        async with caller(door) as outside:
            posts = [
                asyncio.create_task(outside.post("/doors/mail", content=body(raw), headers=BEARER)) for raw in raws[:2]
            ]
            for _ in posts:
                await waiting.acquire()
            refused = await outside.post("/doors/mail", content=raws[2], headers=BEARER)
            problem(refused, 503, "no-room")
            assert int(refused.headers["Retry-After"]) > 0
            go_on.set()
            assert [(await post).status_code for post in posts] == [200, 200]
            assert (max(told) > 200_000, told[-1]) == (True, 0)
            assert (await outside.post("/doors/mail", content=raws[2], headers=BEARER)).status_code == 200

    @pytest.mark.parametrize("kind", ["mailgun", "sendgrid"])
    async def test_is_half_for_strangers_at_most(self, told: list[int], open_door: OpenDoor, kind: str) -> None:
        waiting, go_on = asyncio.Semaphore(0), asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield b"x" * 50_000
            waiting.release()
            await go_on.wait()

        async with caller(await open_door(smtp_max_bytes=100_000, doors_memory_bytes=200_000)) as outside:
            posts = [asyncio.create_task(outside.post(f"/doors/{kind}", content=slow())) for _ in range(2)]
            for _ in posts:
                await waiting.acquire()
            problem(await outside.post(f"/doors/{kind}", content=b"x"), 503, "no-room")
            raw = mail(f"{new_id()}@x", text="x" * 90_000)
            assert (await outside.post("/doors/mail", content=raw, headers=BEARER)).status_code == 200
            assert max(told) > 190_000, "one sum of both"
            go_on.set()
            await asyncio.gather(*posts)
            assert told[-1] == 0

    async def test_is_given_back_whatever_happens(self, told: list[int], open_door: OpenDoor) -> None:
        async def broken() -> AsyncIterator[bytes]:
            yield b"x" * 1000
            raise ConnectionError

        async with caller(await open_door()) as outside:
            for door, content in (("mail", broken()), ("mailgun", b"x" * 1000), ("contacts", b"x" * 1000)):
                await outside.post(f"/doors/{door}", content=content, headers=BEARER)
                assert (1000 in told, told[-1]) == (True, 0), door
                told.clear()


class TestMailgun:
    async def test_a_signed_post_is_taken(self, ingest: Ingest, outside: httpx.AsyncClient) -> None:
        raw = mail(f"{new_id()}@x", text="Grüße")
        answer = await outside.post("/doors/mailgun/mime", data=mailgun_form(raw.decode()))
        assert answer.status_code == 200, answer.text
        (event,) = await arrived(ingest, answer.json()["contact"])
        assert isinstance(event, MailReceived)
        assert (event.door, event.mailbox, event.envelope_from) == ("webhook", "billing", "ann@example.com")
        assert (await ingest.http.get(f"/v1/raw/{event.contact}")).content == raw

    async def test_the_mail_may_come_as_a_file(self, ingest: Ingest, outside: httpx.AsyncClient) -> None:
        raw = mail(f"{new_id()}@x") + b"\xff\x00\xfe"
        answer = await outside.post("/doors/mailgun", data=mailgun_form(), files={"body-mime": ("m", raw)})
        assert (await ingest.http.get(f"/v1/raw/{answer.json()['contact']}")).content == raw

    @pytest.mark.parametrize("field", ["timestamp", "token", "signature"])
    async def test_a_changed_field_is_refused(self, outside: httpx.AsyncClient, field: str) -> None:
        fields = mailgun_form("x") | {field: "1"}
        problem(await outside.post("/doors/mailgun", data=fields), 401, "unauthorized")

    async def test_a_signature_counts_for_one_mail(self, ingest: Ingest, outside: httpx.AsyncClient) -> None:
        fields = mailgun_form(mail(f"{new_id()}@x").decode())
        first, again = [await outside.post("/doors/mailgun", data=fields) for _ in range(2)]
        assert (first.status_code, again.json()) == (200, first.json())
        assert len(await arrived(ingest, first.json()["contact"])) == 1
        forged = fields | {"body-mime": mail(f"{new_id()}@x").decode()}
        other_key = {"Idempotency-Key": new_id()}
        problem(await outside.post("/doors/mailgun", data=forged, headers=other_key), 409, "key-reused")

    async def test_a_mail_with_any_bytes_is_taken_as_it_is(self, ingest: Ingest, outside: httpx.AsyncClient) -> None:
        raw = mail(f"{new_id()}@x") + b"\xcf\xf0\xe8\xe2\xe5\xf2 + %41\r\n" + b"x" * 1_500_000
        body = urlencode([*mailgun_form().items(), ("body-mime", raw)])
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await outside.post("/doors/mailgun/mime", content=body, headers=kind)
        assert answer.status_code == 200, answer.text
        assert (await ingest.http.get(f"/v1/raw/{answer.json()['contact']}")).content == raw

    async def test_an_old_post_is_refused(self, outside: httpx.AsyncClient) -> None:
        old = mailgun_form("x", time.time() - FRESH.total_seconds() - 60)
        problem(await outside.post("/doors/mailgun", data=old), 401, "unauthorized")

    async def test_pieces_of_a_mail_are_to_come_again(self, outside: httpx.AsyncClient) -> None:
        told = problem(await outside.post("/doors/mailgun", data=mailgun_form()), 503, "no-raw-mail")
        assert "/mime" in told["detail"]


class TestSendGrid:
    async def test_a_signed_post_is_taken(self, ingest: Ingest, outside: httpx.AsyncClient) -> None:
        raw = mail(f"{new_id()}@x", text="你好")
        envelope = json.dumps({"to": ["billing@example.com"], "from": "ann@example.com"})
        body, kind = form({"envelope": envelope}, {"email": raw})
        answer = await outside.post("/doors/sendgrid", content=body, headers=sendgrid_post(body, kind))
        assert answer.status_code == 200, answer.text
        (event,) = await arrived(ingest, answer.json()["contact"])
        assert isinstance(event, MailReceived)
        assert (event.door, event.mailbox, event.envelope_from) == ("webhook", "billing", "ann@example.com")
        assert (await ingest.http.get(f"/v1/raw/{event.contact}")).content == raw

    async def test_a_mail_in_a_plain_field_is_taken_as_it_is(self, ingest: Ingest, outside: httpx.AsyncClient) -> None:
        raw = mail(f"{new_id()}@x") + b"\xcf\xf0\xe8\xe2\xe5\xf2\r\n"
        made = httpx.Request("POST", "http://x", files={"email": (None, raw)})
        body = made.read()
        headers = sendgrid_post(body, made.headers["content-type"])
        answer = await outside.post("/doors/sendgrid", content=body, headers=headers)
        assert (await ingest.http.get(f"/v1/raw/{answer.json()['contact']}")).content == raw

    async def test_a_changed_body_or_an_old_one_is_refused(self, outside: httpx.AsyncClient) -> None:
        body, kind = form({"envelope": "{}"}, {"email": mail()})
        signed = sendgrid_post(body, kind)
        problem(await outside.post("/doors/sendgrid", content=body + b" ", headers=signed), 503, "unauthorized")
        old = sendgrid_post(body, kind, int(time.time() - FRESH.total_seconds() - 60))
        problem(await outside.post("/doors/sendgrid", content=body, headers=old), 503, "unauthorized")
        unsigned = {"Content-Type": kind}
        problem(await outside.post("/doors/sendgrid", content=body, headers=unsigned), 503, "unauthorized")

    async def test_a_key_of_another_kind_proves_nothing(self, ingest: Ingest, outside: httpx.AsyncClient) -> None:
        other = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
        der = other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        view = ingest.service.view
        sealed = Sealer(ingest.service.settings, "setting").seal_text(base64.b64encode(der).decode())
        door = view.current.door["sendgrid"].model_copy(update={"secret": sealed})
        view.current = replace(view.current, door={"sendgrid": door})
        body, kind = form({}, {"email": mail()})
        answer = await outside.post("/doors/sendgrid", content=body, headers=sendgrid_post(body, kind))
        problem(answer, 503, "unauthorized")

    @pytest.mark.parametrize("envelope", ["", "[]", '{"to": 1, "from": []}', "nonsense"])
    async def test_a_strange_envelope_does_not_stop_a_mail(self, outside: httpx.AsyncClient, envelope: str) -> None:
        body, kind = form({"envelope": envelope}, {"email": mail()})
        answer = await outside.post("/doors/sendgrid", content=body, headers=sendgrid_post(body, kind))
        assert answer.status_code == 200

    async def test_what_is_no_form_is_refused(self, outside: httpx.AsyncClient) -> None:
        for body, kind, word in (
            (b"{}", "application/json", "unsupported"),
            (b"--b\r\nrubbish", "multipart/form-data; boundary=b", "no-raw-mail"),
            (b"x", "multipart/form-data", "invalid"),
        ):
            problem(await outside.post("/doors/sendgrid", content=body, headers=sendgrid_post(body, kind)), 503, word)

    async def test_a_mail_that_was_refused_comes_in_when_the_key_is_mended(
        self, ingest: Ingest, outside: httpx.AsyncClient
    ) -> None:
        view, sealer = ingest.service.view, Sealer(ingest.service.settings, "setting")
        right = view.current.door["sendgrid"]
        other = ec.generate_private_key(ec.SECP256R1()).public_key()
        der = other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        wrong = right.model_copy(update={"secret": sealer.seal_text(base64.b64encode(der).decode())})
        body, kind = form({"envelope": "{}"}, {"email": mail(f"{new_id()}@x")})
        signed = sendgrid_post(body, kind)
        before = len(await ingest.received())
        answers = []
        for now in (wrong, right.model_copy(update={"enabled": False}), right):
            view.current = replace(view.current, door={"sendgrid": now})
            answers.append(await outside.post("/doors/sendgrid", content=body, headers=signed))
            assert len(await ingest.received()) == before + (now is right), "what is not proved is no contact"
        problem(answers[0], 503, "unauthorized")
        problem(answers[1], 503, "not-found")
        assert answers[2].status_code == 200

    async def test_a_mail_that_is_too_large_is_to_come_again(self, outside: httpx.AsyncClient) -> None:
        body, kind = form({"envelope": "{}"}, {"email": b"x" * (MAX_BYTES + 1)})
        answer = await outside.post("/doors/sendgrid", content=body, headers=sendgrid_post(body, kind))
        problem(answer, 503, "too-large")
        assert int(answer.headers["Retry-After"]) > 0

    async def test_a_door_that_is_not_there_yet_is_one_for_sendgrid(self, outside: httpx.AsyncClient) -> None:
        body, kind = form({"envelope": "{}"}, {"email": mail()})
        answer = await outside.post("/doors/typo", content=body, headers=sendgrid_post(body, kind))
        problem(answer, 503, "not-found")

    async def test_what_is_wrong_is_counted_though_the_answer_is_503(
        self, outside: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        counted: list[str] = []
        monkeypatch.setattr(Tally, "refused", lambda _, code: counted.append(code))
        body, kind = form({}, {"email": mail()})
        await outside.post("/doors/sendgrid", content=body, headers={"Content-Type": kind})
        assert counted == ["401"]

    async def test_there_is_no_redirect(self, outside: httpx.AsyncClient) -> None:
        body, kind = form({"envelope": "{}"}, {"email": mail(f"{new_id()}@x")})
        answer = await outside.post("/doors/sendgrid/", content=body, headers=sendgrid_post(body, kind))
        assert answer.status_code == 200


def submission(**changed: Any) -> dict[str, Any]:
    return {
        "channel": "chat",
        "sender": {"id": "web:visitor-1", "name": "سارا"},
        "text": "سلام، سفارش من نرسیده است.",
        "thread_key": "chat-1",
    } | changed


class TestSubmissions:
    async def test_are_taken(self, ingest: Ingest, outside: httpx.AsyncClient) -> None:
        answer = await outside.post("/doors/contacts", json=submission(mailbox="billing"), headers=BEARER)
        assert answer.status_code == 200, answer.text
        (event,) = await arrived(ingest, answer.json()["contact"])
        assert isinstance(event, SubmissionReceived)
        assert (event.channel, event.mailbox) == ("chat", "billing")

    async def test_of_one_conversation_share_their_key(self, ingest: Ingest, outside: httpx.AsyncClient) -> None:
        keys = []
        for changed in (
            {},
            {},
            {"thread_key": "chat-2"},
            {"channel": "sms"},
            {"thread_key": None},
            {"thread_key": None},
        ):
            answer = await outside.post("/doors/contacts", json=submission(**changed), headers=BEARER)
            (event,) = await arrived(ingest, answer.json()["contact"])
            keys.append(event.key)
        assert keys[0] == keys[1]
        assert len(set(keys)) == 5

    async def test_a_repeated_key_is_the_same_contact(self, ingest: Ingest, outside: httpx.AsyncClient) -> None:
        headers = BEARER | {"Idempotency-Key": new_id()}
        answers = [await outside.post("/doors/contacts", json=submission(), headers=headers) for _ in range(3)]
        assert [one.status_code for one in answers] == [200, 200, 200]
        (contact,) = {one.json()["contact"] for one in answers}
        assert len(await arrived(ingest, contact)) == 1
        other = await outside.post("/doors/contacts", json=submission(text="Something else"), headers=headers)
        problem(other, 409, "key-reused")

    async def test_keys_sent_at_once_are_one_contact(self, ingest: Ingest, outside: httpx.AsyncClient) -> None:
        import asyncio

        headers = BEARER | {"Idempotency-Key": new_id()}
        posts = [outside.post("/doors/contacts", json=submission(), headers=headers) for _ in range(8)]
        answers = await asyncio.gather(*posts)
        (contact,) = {one.json()["contact"] for one in answers}
        assert len(await arrived(ingest, contact)) == 1

    async def test_keep_their_files(self, ingest: Ingest, outside: httpx.AsyncClient) -> None:
        content = bytes(range(256))
        files = [{"name": "../a.png", "content_type": "image/png", "content": base64.b64encode(content).decode()}]
        answer = await outside.post("/doors/contacts", json=submission(attachments=files), headers=BEARER)
        contact = answer.json()["contact"]
        assert (await ingest.http.get(f"/v1/raw/{contact}/parts/0")).content == content
        assert (await ingest.http.get(f"/v1/raw/{contact}/parts/1")).status_code == 404
        assert (await ingest.http.get(f"/v1/raw/{contact}")).headers["content-type"] == "application/json"

    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"channel": "email"}, "channel"),
            ({"sender": {"name": "nobody"}}, "sender"),
            ({"sender": {"address": "no address"}}, "sender.address"),
            ({"text": ""}, "body"),
            ({"mailbox": "nowhere"}, "mailbox"),
            ({"subjct": "x"}, "subjct"),
            ({"attachments": [{"name": "a", "content": "%%"}]}, "attachments.0.content"),
        ],
    )
    async def test_that_are_wrong_name_the_field(
        self, outside: httpx.AsyncClient, changed: dict[str, Any], field: str
    ) -> None:
        answer = await outside.post("/doors/contacts", json=submission(**changed), headers=BEARER)
        told = problem(answer, 422, "invalid")
        assert [one["field"] for one in told["errors"]] == [field]

    async def test_that_are_no_json_are_refused(self, outside: httpx.AsyncClient) -> None:
        problem(await outside.post("/doors/contacts", content=b"\xff{", headers=BEARER), 422, "invalid")
