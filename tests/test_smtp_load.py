"""The load client against a real SMTP server that misbehaves on purpose."""

import asyncio
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from hypothesis import given
from hypothesis import strategies as st
from mailgen import GeneratedMail, generate
from smtp_load import Result, send_all, stuffed

Answer = Callable[[SMTP, str, bytes], Awaitable[str]]


async def ok(_server: SMTP, _message_id: str, _raw: bytes) -> str:
    return "250 ok"


class Receiver:
    """Keeps what it took (a 250 was said) and asks `answer` what to say."""

    def __init__(self) -> None:
        self.answer: Answer = ok
        self.taken: list[bytes] = []
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's names here and below
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        raw = envelope.original_content or b""
        head = raw.partition(b"\r\n\r\n")[0].decode()
        message_id = head.partition("Message-ID: ")[2].partition("\r\n")[0]
        said = await self.answer(server, message_id, raw)
        if said.startswith("250"):
            self.taken.append(raw)
        return said

    async def serve(self) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: SMTP(self, hostname="here", loop=loop), sock=self.listener)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = await receiver.serve()
    yield receiver
    server.close()


async def send(receiver: Receiver, mails: list[GeneratedMail], **options: Any) -> list[Result]:
    return await send_all(mails, "127.0.0.1", receiver.port, **options)


async def test_every_mail_arrives_byte_for_byte_over_few_connections(receiver: Receiver) -> None:
    mails = list(generate(120, seed=1))
    before = time.monotonic()
    seen: list[Result] = []
    results = await send(receiver, mails, connections=3, on_result=seen.append)
    assert sorted(receiver.taken) == sorted(mail.raw for mail in mails)
    assert receiver.connections == 3
    assert results == seen
    assert sorted(r.index for r in results) == list(range(120))
    for result in results:
        assert (result.code, result.tries, result.message_id) == (250, 1, mails[result.index].message_id)
        assert result.accepted_s is not None
        assert before <= result.accepted_s <= time.monotonic()
        assert result.accepted_at is not None
        assert result.accepted_at.tzinfo is not None


@pytest.mark.parametrize("ordered", [True, False])
async def test_an_answer_is_sent_only_after_its_parent_got_its_250(receiver: Receiver, ordered: bool) -> None:
    mails = list(generate(200, seed=2))
    parents = {mail.message_id: mail.parent for mail in mails}
    ids = {mail.raw: mail.message_id for mail in mails}
    early = []

    async def slowly(_server: SMTP, message_id: str, _raw: bytes) -> str:
        parent = parents[message_id]
        if parent and parent not in {ids[raw] for raw in receiver.taken}:
            early.append(message_id)
        await asyncio.sleep(0.002 * (len(receiver.taken) % 5))
        return "250 ok"

    receiver.answer = slowly
    results = await send(receiver, mails, connections=8, ordered=ordered)
    assert len(results) == len(receiver.taken) == 200
    assert bool(early) is not ordered


async def test_a_4xx_is_tried_again(receiver: Receiver) -> None:
    tries: Counter[str] = Counter()

    async def busy_at_first(_server: SMTP, message_id: str, _raw: bytes) -> str:
        tries[message_id] += 1
        return "250 ok" if tries[message_id] == 3 else "451 4.3.0 busy"

    receiver.answer = busy_at_first
    results = await send(receiver, list(generate(6, seed=3)))
    assert [(r.code, r.tries) for r in results] == [(250, 3)] * 6
    assert receiver.connections <= 4


@pytest.mark.parametrize("after_storing", [True, False])
async def test_a_lost_connection_is_opened_again(receiver: Receiver, after_storing: bool) -> None:
    seen: set[str] = set()

    async def dies_once(server: SMTP, message_id: str, raw: bytes) -> str:
        if message_id in seen:
            return "250 ok"
        seen.add(message_id)
        if after_storing:
            receiver.taken.append(raw)
        assert server.transport is not None
        server.transport.abort()  # type: ignore[attr-defined]
        return "451 never read"

    receiver.answer = dies_once
    mails = list(generate(5, seed=4))
    results = await send(receiver, mails, connections=2)
    assert [(r.code, r.tries) for r in results] == [(250, 2)] * 5
    assert Counter(receiver.taken) == {mail.raw: 2 if after_storing else 1 for mail in mails}


async def test_a_421_ends_the_connection_not_the_mail(receiver: Receiver) -> None:
    seen: set[str] = set()

    async def closing(_server: SMTP, message_id: str, _raw: bytes) -> str:
        first = message_id not in seen
        seen.add(message_id)
        return "421 4.3.2 closing" if first else "250 ok"

    receiver.answer = closing
    results = await send(receiver, list(generate(2, seed=5)), connections=1)
    assert [(r.code, r.tries) for r in results] == [(250, 2)] * 2
    assert receiver.connections == 3


async def test_a_refused_connection_is_tried_until_the_server_is_there() -> None:
    receiver = Receiver()
    receiver.listener.close()
    sending = asyncio.create_task(send(receiver, list(generate(3, seed=6)), connections=2))
    await asyncio.sleep(0.1)  # long enough for refused tries; the assertion on `tries` proves there were some
    assert not sending.done()
    receiver.listener = socket.create_server(("127.0.0.1", receiver.port))
    server = await receiver.serve()
    results = await sending
    assert [r.code for r in results] == [250] * 3
    assert max(r.tries for r in results) > 1
    server.close()


async def test_a_refused_mail_ends_its_answers_too(receiver: Receiver) -> None:
    mails = list(generate(60, seed=7))
    root = next(mail.root for mail in mails if mail.parent)
    thread = [mail for mail in mails if mail.root == root]
    offered = []

    async def refuse(_server: SMTP, message_id: str, _raw: bytes) -> str:
        offered.append(message_id)
        return "550 5.7.1 not this one" if message_id == root else "250 ok"

    receiver.answer = refuse
    results = {r.message_id: r for r in await send(receiver, mails)}
    assert (results[root].code, results[root].tries, results[root].accepted_s) == (550, 1, None)
    assert all((results[m.message_id].code, results[m.message_id].tries) == (0, 0) for m in thread[1:])
    assert len(thread) > 1
    assert set(offered).isdisjoint(m.message_id for m in thread[1:])
    assert len(results) == 60
    assert len(receiver.taken) == 60 - len(thread)


async def test_patience_ends(receiver: Receiver) -> None:
    async def busy(_server: SMTP, _message_id: str, _raw: bytes) -> str:
        return "451 busy"

    receiver.answer = busy
    (result,) = await send(receiver, list(generate(1, seed=8)), patience_s=0.3)
    assert result.code == 451
    assert result.accepted_at is None
    assert result.tries >= 2


async def test_a_server_that_falls_silent_is_left(receiver: Receiver) -> None:
    async def silent_once(_server: SMTP, _message_id: str, _raw: bytes) -> str:
        receiver.answer = ok
        await asyncio.sleep(60)
        return "250 too late"

    receiver.answer = silent_once
    (result,) = await send(receiver, list(generate(1, seed=9)), try_timeout_s=0.2)
    assert (result.code, result.tries) == (250, 2)


@given(st.lists(st.sampled_from([b"", b".", b"..", b".a", b"a.", b"word"]), max_size=8))
def test_dot_stuffing_is_undone_by_the_receiver(lines: list[bytes]) -> None:
    raw = b"".join(line + b"\r\n" for line in lines)
    wire = stuffed(raw)
    assert wire.endswith(b".\r\n")
    received = wire.removesuffix(b".\r\n").split(b"\r\n")[:-1]
    assert b"." not in received
    assert b"".join(line.removeprefix(b".") + b"\r\n" for line in received) == raw
