"""What one connection and one peer may take of the door, and how it stops."""

import asyncio
from typing import Any

import pytest

from postroom_ingest.receive.smtp import SmtpServer
from postroom_ingest.receive.smtp.limits import Pace
from postroom_ingest.receive.tally import KeptTally
from postroom_plumbing.testing import until

from ..making import mail
from ..running import Ingest, Talk, free_port, stuffed
from .conftest import OpenDoor

pytestmark = pytest.mark.connected
STRANGERS: dict[str, Any] = {"smtp_trusted": ()}


async def test_recipients(open_door: OpenDoor) -> None:
    door = await open_door(smtp_max_recipients=100)
    talk = await Talk.open(door.port)
    await talk.say("MAIL FROM:<a@x>")
    for n in range(100):
        assert (await talk.say(f"RCPT TO:<support+{n}@example.com>")).startswith("250 ")
    assert (await talk.say("RCPT TO:<billing@example.com>")).startswith("452 4.5.3 ")
    await talk.say("DATA")
    await talk.send(stuffed(mail("many@x")))
    assert (await talk.answer()).startswith("250 ")
    (event,) = await door.received()
    assert len(event.envelope_to) == 100
    await talk.close()


async def test_mails_of_a_connection(open_door: OpenDoor) -> None:
    door = await open_door(smtp_max_mails=2, **STRANGERS)
    talk = await Talk.open(door.port)
    for n in range(2):
        assert (await talk.deliver(mail(f"{n}@x"))).startswith("250 ")
    assert (await talk.say("MAIL FROM:<a@x>")).startswith("421 4.7.0 ")
    assert await talk.ended()
    trusting = await open_door(smtp_max_mails=2)
    talk = await Talk.open(trusting.port)
    for n in range(4):
        assert (await talk.deliver(mail(f"{n}@x"))).startswith("250 ")
    await talk.close()


async def test_mails_of_a_peer(open_door: OpenDoor) -> None:
    door = await open_door(smtp_peer_mails=2, **STRANGERS)
    for n in range(2):
        talk = await Talk.open(door.port)
        assert (await talk.deliver(mail(f"{n}@x"))).startswith("250 ")
        await talk.close()
    talk = await Talk.open(door.port)
    assert (await talk.say("MAIL FROM:<a@x>")).startswith("451 4.7.1 ")
    assert (await talk.say("NOOP")).startswith("250 ")
    await talk.close()


async def test_errors(open_door: OpenDoor) -> None:
    door = await open_door(smtp_max_errors=3, **STRANGERS)
    talk = await Talk.open(door.port)
    await talk.say("MAIL FROM:<a@x>")
    for _ in range(3):
        assert (await talk.say("RCPT TO:<guess@example.com>")).startswith("550 5.1.1 ")
    assert (await talk.say("RCPT TO:<guess@example.com>")).startswith("421 4.7.0 ")
    assert await talk.ended()


async def test_connections_at_once(open_door: OpenDoor) -> None:
    door = await open_door(smtp_peer_connections=2, **STRANGERS)
    first, second = await Talk.open(door.port), await Talk.open(door.port)
    third = Talk(*await asyncio.open_connection("127.0.0.1", door.port))
    assert (await third.rest()).startswith(b"421 4.7.0 ")
    assert (await first.say("QUIT")).startswith("221 2.0.0 ")
    assert await first.ended()
    await (await Talk.open(door.port)).close()
    await second.close()


async def test_connections_at_once_from_everybody(open_door: OpenDoor) -> None:
    door = await open_door(smtp_max_connections=1)
    first = await Talk.open(door.port)
    second = Talk(*await asyncio.open_connection("127.0.0.1", door.port))
    assert (await second.rest()).startswith(b"421 4.7.0 ")
    assert (await first.say("NOOP")).startswith("250 ")
    await first.close()


async def test_silence(open_door: OpenDoor) -> None:
    door = await open_door(smtp_idle_seconds=0.1)
    talk = await Talk.open(door.port)
    assert (await talk.answer()).startswith("421 4.4.2 ")
    assert await talk.ended()
    talk = await Talk.open(door.port)
    await talk.begin()
    await talk.send(b"half a mail\r\n")
    assert (await talk.rest()).startswith(b"421 4.4.2 ")
    assert await door.received() == []


@pytest.mark.parametrize("way", ["DATA", "BDAT", "between", "unwanted"])
async def test_a_mail_that_drips(open_door: OpenDoor, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """Nobody is silent for long here, and the mail never comes."""
    monkeypatch.setattr("postroom_ingest.receive.smtp.limits.MAIL_SECONDS", 0.45)
    door = await open_door(smtp_idle_seconds=30)
    the_door = server(door)._door
    the_door.tally = tally = KeptTally()
    talk = await Talk.open(door.port)
    if way == "unwanted":
        await talk.send(b"BDAT 99999999\r\n")
    elif way == "DATA":
        await talk.begin()
    else:
        await talk.begin_mail()
        await talk.send(b"BDAT 9\r\nsome text" if way == "between" else b"BDAT 99999\r\n")

    async def drip() -> None:
        while True:
            await talk.send(b"NOOP\r\n" if way == "between" else b"x")
            await asyncio.sleep(0.1)

    dripping = asyncio.create_task(drip())
    async with asyncio.timeout(5):
        while not (told := await talk.answer()).startswith("421 "):
            pass
    dripping.cancel()
    assert told == "421 4.4.2 The mail takes too long, please try again"
    await asyncio.gather(dripping, talk.close(), return_exceptions=True)
    assert tally.take() == {"accepted": {}, "refused": {"421": 1}}
    assert (await door.received(), the_door.room.used) == ([], 0)


async def test_a_connection_is_not_hurried_after_its_mail(open_door: OpenDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postroom_ingest.receive.smtp.limits.MAIL_SECONDS", 0.3)
    door = await open_door(smtp_idle_seconds=30)
    talk = await Talk.open(door.port)
    assert (await talk.deliver(mail("first@x"))).startswith("250 ")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await talk.answer()
    assert (await talk.deliver(mail("second@x"))).startswith("250 ")
    await talk.close()


@pytest.mark.parametrize(
    ("size", "seconds"), [(0, 600), (4096, 601), (4_096_000, 1600), (26_214_400, 7000), (10**12, 7000)]
)
def test_a_large_mail_may_take_longer(size: int, seconds: float) -> None:
    pace = Pace(26_214_400, 100.0)
    pace.came(size)
    assert pace.left(100.0) == seconds
    assert pace.left(100.0 + seconds) == 0


@pytest.mark.parametrize("chunks", [False, True])
async def test_memory(open_door: OpenDoor, chunks: bool) -> None:
    door = await open_door(smtp_max_bytes=100_000, smtp_memory_bytes=200_000)
    talks = [await Talk.open(door.port) for _ in range(3)]
    raw = stuffed(mail("memory@x", text="x" * 90_000))
    for talk in talks:
        await talk.begin_mail()
        if chunks:
            await talk.send(f"BDAT {len(raw)} LAST\r\n".encode() + raw[:-2])
        else:
            assert (await talk.say("DATA")).startswith("354 ")
            await talk.send(raw[:-2])
    room = server(door)._door.room

    async def used() -> int:
        return room.used

    await until(used, lambda size: size > 180_000, "full room")
    for talk in talks:
        await talk.send(raw[-2:])
    answers = sorted([(await talk.answer())[:9] for talk in talks])
    assert answers == ["250 2.0.0", "250 2.0.0", "452 4.3.1"]
    assert (await talks[0].say("NOOP")).startswith("250 ")
    assert room.used == 0
    await talks[0].begin_mail()
    await talks[0].send(b"BDAT 5\r\nhello")
    assert (await talks[0].answer()).startswith("250 ")
    assert room.used == 5
    for talk in talks:
        await talk.close()
    await until(used, lambda size: size == 0, "empty room")
    assert len(await door.received()) == 2


async def test_long_lines(open_door: OpenDoor) -> None:
    door = await open_door()
    talk = await Talk.open(door.port)
    await talk.send(b"NOOP " + b"x" * 300_000 + b"\r\nNOOP\r\n")
    assert (await talk.answer()).startswith("500 5.5.6 ")
    assert (await talk.answer()) == "250 2.0.0 OK"
    await talk.close()


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\n", b"\r\n.\r", b"\r\n\0.\r\n"])
async def test_nothing_else_ends_a_mail(open_door: OpenDoor, end: bytes) -> None:
    """CVE-2023-51764: what comes behind a false end is part of the mail, not commands."""
    door = await open_door()
    talk = await Talk.open(door.port)
    hidden = b"MAIL FROM:<boss@x>\r\nRCPT TO:<billing@example.com>\r\nDATA\r\nSubject: forged\r\n\r\nforged"
    raw = mail("smuggled@x") + b"text" + end + hidden + b"\r\n"
    await talk.begin()
    await talk.send(raw + b".\r\n")
    contact = (await talk.answer()).split(" ")[-1]
    (event,) = await door.received()
    assert (event.contact, event.envelope_to) == (contact, ("support@example.com",))
    stored = (await door.http.get(f"/v1/raw/{contact}")).content
    assert hidden in stored
    await talk.close()


async def test_commands_end_with_crlf_too(open_door: OpenDoor) -> None:
    talk = await Talk.open((await open_door()).port)
    await talk.send(b"NOOP\n")
    assert (await talk.answer()).startswith("500 5.5.2 ")
    await talk.close()


async def test_a_client_that_sends_all_and_shuts_down_gets_its_answers(open_door: OpenDoor) -> None:
    door = await open_door()
    talk = await Talk.open(door.port, hello=None)
    await talk.send(b"EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<support@example.com>\r\nDATA\r\n" + stuffed(mail("eof@x")))
    talk.half_close()
    assert b"\r\n250 2.0.0 OK " in await talk.rest()
    assert [event.thread_root for event in await door.received()] == ["eof@x"]


def server(door: Ingest) -> SmtpServer:
    owners = (getattr(step, "__self__", None) for step in door.service._prepare)
    return next(owner for owner in owners if isinstance(owner, SmtpServer))


async def test_a_stop_waits_for_mails_under_way_and_for_nothing_else(open_door: OpenDoor) -> None:
    door = await open_door(lmtp_port=(lmtp := free_port()))
    idle, busy, begun = await Talk.open(lmtp, hello="LHLO"), await Talk.open(door.port), await Talk.open(door.port)
    await busy.begin()
    await busy.send(b"Subject: half\r\n\r\n")
    await begun.say("MAIL FROM:<a@x>")
    stopping = asyncio.create_task(server(door).stop())
    assert (await idle.answer()).startswith("421 4.3.2 ")
    assert await idle.ended()
    assert (await begun.answer()).startswith("421 4.3.2 ")
    with pytest.raises(ConnectionRefusedError):
        await Talk.open(door.port)
    assert not stopping.done()
    await busy.send(b"whole\r\n.\r\n")
    assert (await busy.answer()).startswith("250 2.0.0 ")
    assert (await busy.answer()).startswith("421 4.3.2 ")
    await asyncio.wait_for(stopping, 2)
    assert len(await door.received()) == 1


async def test_a_stop_does_not_wait_for_ever(open_door: OpenDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postroom_ingest.receive.smtp.server.STOP_SECONDS", 0.1)
    door = await open_door()
    talk = await Talk.open(door.port)
    await talk.begin()
    await asyncio.wait_for(server(door).stop(), 2)
    assert await door.received() == []
