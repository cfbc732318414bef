"""The SMTP door as a real server on a real MongoDB: 250 only for what is durable."""

import asyncio
import smtplib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from postroom_contracts.inbound import MailReceived
from postroom_plumbing.ids import new_id
from postroom_plumbing.unit import Unit

from .making import mail
from .running import MAX_BYTES, Ingest, Talk, stuffed

pytestmark = pytest.mark.connected
Work = Callable[[Unit], Awaitable[Any]]


async def stored(ingest: Ingest, contact: str) -> bytes:
    """A mail as it comes back over HTTP."""
    answer = await ingest.http.get(f"/v1/raw/{contact}")
    assert answer.status_code == 200
    return answer.content


def contact_of(answer: str) -> str:
    code, status, ok, contact = answer.split(" ")
    assert (code, status, ok) == ("250", "2.0.0", "OK")
    return contact


class Gate:
    """Holds every transaction until it is opened, and counts them."""

    def __init__(self, ingest: Ingest) -> None:
        self.entered = asyncio.Event()
        self.opened = asyncio.Event()
        self.transactions = 0
        self._run = ingest.service.units.run

    async def run(self, work: Work) -> Any:
        self.transactions += 1
        self.entered.set()
        await self.opened.wait()
        return await self._run(work)


@pytest.fixture
async def gate(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Gate]:
    gate = Gate(ingest)
    monkeypatch.setattr(ingest.service.units, "run", gate.run)
    yield gate
    gate.opened.set()


async def test_a_mail_is_durable_when_its_sender_is_told_so(ingest: Ingest, talk: Talk) -> None:
    raw = mail("durable@x", "root@x")
    contact = contact_of(await talk.deliver(raw))
    document = await ingest.database["raws"].find_one({"_id": f"{contact}/0"})
    assert document is not None
    assert raw not in document["data"], "encrypted at rest"
    assert (document["size"], document["mailbox"]) == (len(raw), "support")
    (event,) = [event for event in await ingest.received() if event.contact == contact]
    assert (event.key, event.mailbox, event.door, event.run) == ("root@x", "support", "smtp", None)
    assert (event.envelope_from, event.envelope_to) == ("ann@example.com", ("support@example.com",))
    assert (event.raw.id, event.raw.size, event.raw.sha256) == (contact, len(raw), document["sha256"])


async def test_nobody_is_told_before(ingest: Ingest, talk: Talk, gate: Gate) -> None:
    await talk.begin()
    await talk.send(stuffed(mail("patient@x")))
    answer = asyncio.create_task(talk.answer())
    await gate.entered.wait()
    await asyncio.wait([answer], timeout=0.1)
    assert not answer.done()
    gate.opened.set()
    assert await stored(ingest, contact_of(await answer)) == mail("patient@x")


async def test_mails_that_arrive_together_share_a_transaction(ingest: Ingest, gate: Gate) -> None:
    talks = [await Talk.open(ingest.port) for _ in range(12)]
    first = asyncio.create_task(talks[0].deliver(mail("first@x")))
    await gate.entered.wait()
    for talk in talks[1:]:
        await talk.begin()
    await asyncio.gather(*(talk.send(stuffed(mail(f"{n}@together"))) for n, talk in enumerate(talks[1:])))
    others = [asyncio.create_task(talk.answer()) for talk in talks[1:]]
    gate.opened.set()
    answers = await asyncio.gather(first, *others)
    assert len({contact_of(answer) for answer in answers}) == 12
    assert gate.transactions <= 4, "the first, the rest, and a few late ones"
    for talk in talks:
        await talk.close()


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b".\r\n..\r\n.a\r\n", id="dots"),
        pytest.param(b"a\nb\n.\nc\r\n", id="bare LF"),
        pytest.param(b"Subject: \xff\x00\r\n\r\n\xfe\xff\r\n", id="any bytes"),
        pytest.param(b"no head at all\r\n", id="no head"),
        pytest.param(b"Subject: x\r\n\r\n" + b"y" * 1_000_000 + b"\r\n", id="a line of a megabyte"),
    ],
)
async def test_any_bytes_come_back_as_they_came(ingest: Ingest, talk: Talk, raw: bytes) -> None:
    assert await stored(ingest, contact_of(await talk.deliver(raw))) == raw


async def test_a_large_mail_comes_back_whole(ingest: Ingest, talk: Talk) -> None:
    block = bytes(range(256)).replace(b"\n", b"").replace(b"\r", b"")
    raw = b"Subject: large\r\n\r\n" + b"\r\n".join(block + str(n).encode() for n in range(76_000)) + b"\r\n"
    assert 19_000_000 < len(raw) < MAX_BYTES
    contact = contact_of(await talk.deliver(raw))
    assert await ingest.database["raws"].count_documents({"_id": {"$regex": f"^{contact}/"}}) == 5
    assert await stored(ingest, contact) == raw


async def test_a_client_may_send_everything_at_once(ingest: Ingest) -> None:
    talk = await Talk.open(ingest.port, hello=None)
    two = (mail("p1@x"), b".\r\nMAIL FROM:<x>\r\n.\r\n")
    envelope = b"MAIL FROM:<a@x>\r\nRCPT TO:<support@example.com>\r\nDATA\r\n"
    await talk.send(b"EHLO x\r\n" + envelope + stuffed(two[0]) + envelope + stuffed(two[1]) + b"QUIT\r\n")
    answers = [await talk.answer() for _ in range(10)]
    assert [answer[:3] for answer in answers] == ["250", "250", "250", "354", "250", "250", "250", "354", "250", "221"]
    for raw, answer in zip(two, (answers[4], answers[8]), strict=True):
        assert await stored(ingest, contact_of(answer)) == raw
    await talk.close()


async def test_pythons_own_client_is_understood(ingest: Ingest) -> None:
    def send() -> None:
        with smtplib.SMTP("127.0.0.1", ingest.port, timeout=10) as client:
            client.sendmail("ann@example.com", ["support@example.com"], mail("smtplib@x", text=".dot\r\n..dots"))

    await asyncio.to_thread(send)
    (event,) = [event for event in await ingest.received() if event.thread_root == "smtplib@x"]
    assert await stored(ingest, event.contact) == mail("smtplib@x", text=".dot\r\n..dots")


async def test_too_large_is_said_at_once_where_the_size_is_told(talk: Talk) -> None:
    refused = await talk.say(f"MAIL FROM:<a@x> SIZE={MAX_BYTES + 1}")
    assert refused.startswith("552 5.3.4 ")
    assert (await talk.say(f"MAIL FROM:<a@x> SIZE={MAX_BYTES}")).startswith("250")


async def test_too_large_is_said_afterwards_where_it_is_not(ingest: Ingest, talk: Talk) -> None:
    before = len(await ingest.received())
    await talk.begin()
    for _ in range(MAX_BYTES // 1_000_000 + 1):
        await talk.send(b"x" * 999_998 + b"\r\n")
    await talk.send(b".\r\n")
    assert (await talk.answer()).startswith("552 5.3.4 ")
    assert len(await ingest.received()) == before
    contact_of(await talk.deliver(mail("after-large@x")))


@pytest.mark.parametrize("address", ["nobody@example.com", "support@elsewhere.example", "support", '"support"@x'])
async def test_an_unknown_recipient_is_refused_at_once(talk: Talk, address: str) -> None:
    await talk.say("MAIL FROM:<a@x>")
    assert (await talk.say(f"RCPT TO:<{address}>")).startswith("550 5.1.1 ")
    assert (await talk.say("DATA")).startswith("503 5.5.1 ")


async def test_the_case_of_a_mailbox_does_not_matter(ingest: Ingest, talk: Talk) -> None:
    contact = contact_of(await talk.deliver(mail("case@x"), to="Billing@EXAMPLE.com"))
    (event,) = [event for event in await ingest.received() if event.contact == contact]
    assert (event.mailbox, event.envelope_to) == ("billing", ("Billing@EXAMPLE.com",))


async def test_the_null_sender_is_taken(ingest: Ingest, talk: Talk) -> None:
    contact = contact_of(await talk.deliver(mail("null@x"), sender=""))
    (event,) = [event for event in await ingest.received() if event.contact == contact]
    assert event.envelope_from == ""


async def test_a_sender_of_any_bytes_is_no_reason_to_refuse_a_mail(ingest: Ingest, talk: Talk) -> None:
    await talk.send(b"MAIL FROM:<\xff\xe9nn@example.com>\r\n")
    assert (await talk.answer()).startswith("250")
    await talk.say("RCPT TO:<support@example.com>")
    await talk.say("DATA")
    await talk.send(stuffed(mail("bytes@x")))
    contact = contact_of(await talk.answer())
    (event,) = [event for event in await ingest.received() if event.contact == contact]
    assert event.envelope_from == "\ufffd\ufffdnn@example.com"


@pytest.mark.parametrize("error", [AutoReconnect("gone"), RuntimeError("a fault of ours")])
async def test_whatever_goes_wrong_the_sender_is_to_try_again(
    ingest: Ingest, talk: Talk, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def fail(_: Work) -> Any:
        raise error

    raw = mail(message_id := f"{new_id()}@x")
    monkeypatch.setattr(ingest.service.units, "run", fail)
    assert (await talk.deliver(raw)).startswith("451 4.3.0 ")
    monkeypatch.undo()
    contact_of(await talk.deliver(raw))
    assert [one.thread_root for one in await ingest.received()].count(message_id) == 1


async def test_without_a_store_the_sender_is_told_to_try_later_and_soon(lost_ingest: Ingest) -> None:
    talk = await Talk.open(lost_ingest.port)
    started = time.monotonic()
    assert (await talk.deliver(mail())).startswith("451 4.3.0 ")
    assert time.monotonic() - started < 10
    assert (await talk.say("NOOP")).startswith("250"), "the connection goes on"
    await talk.close()


@pytest.mark.parametrize("sent", [b"Subject: half", b"Subject: whole\r\n\r\nbut without its dot\r\n"])
async def test_a_mail_that_breaks_off_is_not_taken(ingest: Ingest, sent: bytes) -> None:
    before = len(await ingest.received())
    talk = await Talk.open(ingest.port)
    await talk.begin()
    await talk.send(sent)
    await talk.close()
    other = await Talk.open(ingest.port)
    contact = contact_of(await other.deliver(mail("whole@x")))
    events: list[MailReceived] = await ingest.received()
    assert [event.contact for event in events[before:]] == [contact]
    await other.close()


async def test_what_is_out_of_order_is_refused(ingest: Ingest) -> None:
    talk = await Talk.open(ingest.port, hello=None)
    assert (await talk.say("MAIL FROM:<a@x>")).startswith("503")
    assert (await talk.say("EHLO x")).startswith("250")
    assert (await talk.say("DATA")).startswith("503 5.5.1 ")
    assert (await talk.say("MAIL FROM:<a@x>")).startswith("250")
    assert (await talk.say("RCPT TO:<support@example.com>")).startswith("250 2.1.5 ")
    assert (await talk.say("DATA now")).startswith("501 5.5.4 ")
    assert (await talk.say("RSET")).startswith("250")
    assert (await talk.say("DATA")).startswith("503 5.5.1 ")
    await talk.close()
