"""What a token server may answer: within bounds of size and time, and whatever it says."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from postroom_contracts.config import Account
from postroom_ingest.imap import tokens
from postroom_ingest.imap.tokens import LONGEST_SECONDS, Granted, refreshed
from postroom_ingest.imap.trouble import AccountError, RefusedError

Answering = Callable[[asyncio.StreamWriter], Awaitable[None]]
Asked = Callable[[Answering], Awaitable[Granted]]


@pytest.fixture
async def asked() -> AsyncIterator[Asked]:
    """Asks a token server that answers in a way of its own."""
    servers: list[asyncio.Server] = []

    async def ask(answering: Answering) -> Granted:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await reader.readuntil(b"\r\n\r\n")
                await answering(writer)
            except OSError:
                pass  # the client has gone, as it should
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        servers.append(server)
        port = server.sockets[0].getsockname()[1]
        fields = {"name": "A", "mailbox": "m", "host": "localhost", "user": "u", "auth": "xoauth2", "client_id": "c"}
        account = Account.model_validate(
            fields | {"refresh_token": "sealed:x", "token_url": f"http://127.0.0.1:{port}/"}
        )
        return await refreshed(account, None, "a refresh token")

    yield ask
    for server in servers:
        server.close()


def saying(body: bytes, status: str = "200 OK", more: str = "") -> Answering:
    async def answering(writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    return answering


async def test_an_answer_without_end_is_not_read(asked: Asked) -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n{")
        while True:
            writer.write(b" " * 65_536)
            await writer.drain()

    async with asyncio.timeout(5):
        with pytest.raises(AccountError, match="more than 262144 bytes"):
            await asked(endless)


async def test_an_answer_that_drips_is_not_waited_for(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "ANSWER_SECONDS", 0.3)

    async def dripping(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n{")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)  # each byte well within the time of one

    async with asyncio.timeout(5):
        with pytest.raises(AccountError, match="does not answer within"):
            await asked(dripping)


async def test_what_is_packed_is_not_unpacked(asked: Asked) -> None:
    bomb = gzip.compress(b" " * 50_000_000 + json.dumps({"access_token": "t"}).encode())
    assert len(bomb) < tokens.ANSWER_BYTES
    with pytest.raises(AccountError, match="gives no token"):
        await asked(saying(bomb, more="Content-Encoding: gzip\r\n"))


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"[" * 200_000, b'{"access_token": 7}', b"\xff\xfe"])
async def test_what_is_no_token_is_said_so(asked: Asked, body: bytes) -> None:
    with pytest.raises(AccountError, match="gives no token"):
        await asked(saying(body))


@pytest.mark.parametrize("token", ["\ud800", "tökén", "a\x01auth=Bearer b", "a\r\nb", "a\x7f"])
@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
async def test_a_token_holds_what_can_be_sent(asked: Asked, name: str, token: str) -> None:
    with pytest.raises(AccountError, match="not what RFC 6749 says"):
        await asked(saying(json.dumps({"access_token": "t", name: token}).encode()))


async def test_any_visible_character_may_be_in_a_token(asked: Asked) -> None:
    token = "".join(map(chr, range(0x20, 0x7F)))
    granted = await asked(saying(json.dumps({"access_token": token, "refresh_token": token}).encode()))
    assert (granted.access_token, granted.refresh_token) == (token, token)


@pytest.mark.parametrize(
    ("says", "seconds"),
    [("60", 60), ("null", 3600), ('"soon"', 3600), ("-1", 0), ("NaN", 0), ("1e400", LONGEST_SECONDS)],
)
async def test_how_long_a_token_is_good_is_bounded(asked: Asked, says: str, seconds: float) -> None:
    granted = await asked(saying(b'{"access_token": "t", "expires_in": %s}' % says.encode()))
    assert granted == Granted("t", seconds, None)


async def test_a_refusal_is_told_from_a_failure(asked: Asked) -> None:
    refusal = json.dumps({"error": "invalid_grant"}).encode()
    with pytest.raises(RefusedError, match="invalid_grant"):
        await asked(saying(refusal, "400 Bad Request"))
