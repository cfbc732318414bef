"""LMTP (RFC 2033), chunks (RFC 3030), and one mail to several mailboxes."""

import asyncio
import smtplib

import pytest

from ..making import mail
from ..running import Talk, free_port, stuffed
from .conftest import OpenDoor

pytestmark = pytest.mark.connected


async def test_every_recipient_gets_an_answer_of_its_own(open_door: OpenDoor) -> None:
    door = await open_door(lmtp_port=(port := free_port()))
    talk = await Talk.open(port, hello="LHLO")
    await talk.say("MAIL FROM:<a@x>")
    for to, code in (("support@example.com", "250"), ("nobody@example.com", "550"), ("billing+7@example.com", "250")):
        assert (await talk.say(f"RCPT TO:<{to}>")).startswith(code)
    await talk.say("DATA")
    await talk.send(stuffed(mail("lmtp@x")))
    first, second = await talk.answer(), await talk.answer()
    assert first == second
    assert first.startswith("250 2.0.0 ")
    assert (await talk.say("NOOP")).startswith("250 2.0.0 OK"), "there was no third answer"
    (event,) = await door.received()
    assert (event.door, event.mailbox, event.also) == ("lmtp", "support", ("billing",))
    assert (event.peer, event.helo, event.tls) == ("127.0.0.1", "client.example", None)
    await talk.close()


async def test_lmtp_knows_neither_helo_nor_ehlo_and_smtp_no_lhlo(open_door: OpenDoor) -> None:
    door = await open_door(lmtp_port=(port := free_port()))
    talk = await Talk.open(port, hello=None)
    assert (await talk.say("EHLO x")).startswith("500 5.5.1 ")
    assert (await talk.say("HELO x")).startswith("500 5.5.1 ")
    await talk.close()
    talk = await Talk.open(door.port, hello=None)
    assert (await talk.say("LHLO x")).startswith("500 5.5.1 ")
    await talk.close()


async def test_a_chunk_too_many_has_one_answer_and_the_last_one_for_each_recipient(open_door: OpenDoor) -> None:
    await open_door(lmtp_port=(port := free_port()), smtp_max_bytes=10_000)
    talk = await Talk.open(port, hello="LHLO")
    for last, answers in (("", 1), (" LAST", 2)):
        await talk.say("MAIL FROM:<a@x>")
        for to in ("support@example.com", "billing@example.com"):
            assert (await talk.say(f"RCPT TO:<{to}>")).startswith("250")
        await talk.send(f"BDAT 10001{last}\r\n".encode() + b"x" * 10_001)
        for _ in range(answers):
            assert (await talk.answer()).startswith("552 5.3.4 ")
        assert (await talk.say("NOOP")).startswith("250 ")
    await talk.close()


async def test_data_without_a_good_recipient_is_refused(open_door: OpenDoor) -> None:
    await open_door(lmtp_port=(port := free_port()))
    talk = await Talk.open(port, hello="LHLO")
    await talk.say("MAIL FROM:<a@x>")
    await talk.say("RCPT TO:<nobody@x>")
    assert (await talk.say("DATA")).startswith("503 5.5.1 ")
    await talk.close()


async def test_pythons_lmtp_client_is_understood(open_door: OpenDoor) -> None:
    door = await open_door(lmtp_port=(port := free_port()))

    def send() -> None:
        with smtplib.LMTP("127.0.0.1", port) as client:
            refused = client.sendmail("a@x", ["support@example.com", "nobody@x"], mail("py@x"))
            assert list(refused) == ["nobody@x"]

    await asyncio.to_thread(send)
    assert [event.thread_root for event in await door.received()] == ["py@x"]


async def test_a_mail_to_several_mailboxes_is_one_mail(open_door: OpenDoor) -> None:
    door = await open_door()
    talk = await Talk.open(door.port)
    await talk.say("MAIL FROM:<a@x>")
    names = ("billing", "support", "Support+x", "billing", '"support"')
    for name in names:
        assert (await talk.say(f"RCPT TO:<{name}@Example.COM>")).startswith("250 2.1.5 ")
    await talk.say("DATA")
    await talk.send(stuffed(mail("both@x")))
    assert (await talk.answer()).startswith("250 ")
    (event,) = await door.received()
    assert (event.mailbox, event.also) == ("billing", ("support",))
    assert event.envelope_to == tuple(f"{name}@Example.COM" for name in names)
    await talk.close()


async def test_chunks_make_a_mail_of_exactly_their_bytes(open_door: OpenDoor) -> None:
    door = await open_door()
    talk = await Talk.open(door.port)
    raw = mail("chunks@x", text=".\r\n..\r\n.\r\nbare\n.\nend")
    await talk.say("MAIL FROM:<a@x>")
    await talk.say("RCPT TO:<support@example.com>")
    parts = raw[:100], raw[100:]
    await talk.send(b"BDAT 100\r\n" + parts[0] + b"BDAT %d LAST\r\n" % len(parts[1]) + parts[1] + b"NOOP\r\n")
    assert (await talk.answer()).startswith("250 2.0.0 100")
    contact = (await talk.answer()).split(" ")[-1]
    assert (await talk.answer()) == "250 2.0.0 OK"
    answer = await door.http.get(f"/v1/raw/{contact}")
    assert answer.content == raw
    await talk.close()


async def test_a_chunk_out_of_place_is_swallowed_and_refused(open_door: OpenDoor) -> None:
    door = await open_door()
    talk = await Talk.open(door.port)
    await talk.send(b"BDAT 10\r\nRSET\r\nQUITNOOP\r\n")
    assert (await talk.answer()).startswith("503 5.5.1 ")
    assert (await talk.answer()) == "250 2.0.0 OK"
    await talk.begin()
    await talk.send(stuffed(mail("begun@x")))
    await talk.answer()
    await talk.say("MAIL FROM:<a@x>")
    await talk.say("RCPT TO:<support@example.com>")
    await talk.send(b"BDAT 3\r\nabc")
    await talk.answer()
    assert (await talk.say("DATA")).startswith("503 5.5.1 "), "chunks and DATA do not mix"
    await talk.send(b"BDAT x\r\n")
    assert (await talk.answer()).startswith("421 5.5.4 ")
    assert await talk.ended()
    assert [event.thread_root for event in await door.received()] == ["begun@x"]


async def test_chunks_that_are_too_large_together_are_refused(open_door: OpenDoor) -> None:
    door = await open_door(smtp_max_bytes=10_000)
    talk = await Talk.open(door.port)
    await talk.say("MAIL FROM:<a@x>")
    await talk.say("RCPT TO:<support@example.com>")
    await talk.send(b"BDAT 9000\r\n" + b"x" * 9000 + b"BDAT 2000 LAST\r\n" + b"y" * 2000)
    assert (await talk.answer()).startswith("250 ")
    assert (await talk.answer()).startswith("552 5.3.4 ")
    assert await door.received() == []
    await talk.close()
