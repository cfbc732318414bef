"""TLS that is checked, passwords, and tokens that rotate and die."""

import asyncio
from typing import Any

import pytest

from postroom_contracts.event import Event
from postroom_plumbing.testing import until

from ..making import mail
from .doors import Door, account, mailbox
from .dovecot import PASSWORD, Dovecot
from .token_server import CLIENT, TokenServer

pytestmark = pytest.mark.connected


@pytest.fixture
def trusted(dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(dovecot.ca))


def with_token(door: Door, dovecot: Dovecot, user: str, server: TokenServer, token: str, **fields: Any) -> Event:
    server.valid_refresh[token] = user
    given: dict[str, Any] = {
        "port": dovecot.tls_port,
        "security": "tls",
        "user": user,
        "auth": "xoauth2",
        "token_url": server.url,
        "client_id": CLIENT[0],
        "client_secret": CLIENT[1],
        "refresh_token": token,
        **fields,
    }
    return account(door.sealer, **given)


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_under_tls(door: Door, dovecot: Dovecot, user: str, trusted: None, security: str) -> None:
    port = dovecot.tls_port if security == "tls" else dovecot.port
    fields: dict[str, Any] = {"port": port, "security": security, "user": user, "password": PASSWORD}
    await door.set(mailbox(), account(door.sealer, **fields))
    await door.until_state("up")
    dovecot.deliver(user, mail())
    (taken,) = await door.until_taken(1, 3)
    assert taken.tls == "TLSv1.3"


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_a_certificate_nobody_knows_is_not_trusted(
    door: Door, dovecot: Dovecot, user: str, security: str
) -> None:
    port = dovecot.tls_port if security == "tls" else dovecot.port
    await door.set(mailbox(), account(door.sealer, port=port, security=security, user=user, password=PASSWORD))
    state = await door.until_state("failing")
    assert "certificate is not trusted" in state["error"]


async def test_a_certificate_of_another_host_is_not_trusted(
    door: Door, dovecot: Dovecot, user: str, trusted: None
) -> None:
    fields: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": dovecot.tls_port,
        "security": "tls",
        "user": user,
        "password": PASSWORD,
    }
    await door.set(mailbox(), account(door.sealer, **fields))
    assert "certificate is not trusted" in (await door.until_state("failing"))["error"]


async def test_a_server_that_takes_starttls_out_gets_no_password(door: Door) -> None:
    said: list[bytes] = []

    async def without_starttls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n")
        while line := await reader.readline():
            said.append(line)
            tag = line.split()[0]
            writer.write(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n" + tag + b" OK done\r\n")
        writer.close()

    async with await asyncio.start_server(without_starttls, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        fields: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": port,
            "security": "starttls",
            "user": "ann",
            "password": PASSWORD,
        }
        await door.set(mailbox(), account(door.sealer, **fields))
        state = await door.until_state("misconfigured")
        await door.stop()
    assert "does not offer STARTTLS" in state["error"]
    assert not any(b"AUTH" in line.upper() or b"LOGIN" in line.upper() for line in said)


async def test_nothing_is_said_in_the_clear_to_another_machine(door: Door) -> None:
    fields: dict[str, Any] = {"host": "imap.example.com", "port": 143, "user": "ann", "password": PASSWORD}
    await door.set(mailbox(), account(door.sealer, **fields))
    assert "without TLS" in (await door.until_state("misconfigured"))["error"]


async def test_tokens_are_had_and_rotated(
    door: Door, dovecot: Dovecot, user: str, trusted: None, token_server: TokenServer
) -> None:
    token_server.asked.clear()
    await door.set(mailbox(), with_token(door, dovecot, user, token_server, "first"))
    await door.until_state("up")
    dovecot.deliver(user, mail())
    await door.until_taken(1, 3)
    kept = await door.store.kept_token("a")
    assert kept is not None
    rotated = door.sealer.open_text(kept[1])
    assert rotated in token_server.valid_refresh
    await door.stop()
    await door.start()
    dovecot.deliver(user, mail("m2@mail.example"))
    await door.until_taken(2)
    assert token_server.asked == ["first", rotated]


async def test_a_token_that_dies_is_said_so_and_a_new_one_wins(
    door: Door, dovecot: Dovecot, user: str, trusted: None, token_server: TokenServer
) -> None:
    await door.set(mailbox(), with_token(door, dovecot, user, token_server, "doomed"))
    await door.until_state("up")
    await door.stop()
    token_server.valid_refresh.clear()  # somebody withdrew them all
    dovecot.deliver(user, mail())
    asked = len(token_server.asked)
    await door.start()
    state = await door.until_state("refused")
    assert state["error"] == "the token server refuses the refresh token (invalid_grant): sign in anew"
    assert len(token_server.asked) == asked + 1
    await until(door.accounts.health, bool, "a word in the health check")
    await door.set(with_token(door, dovecot, user, token_server, "of a person who signed in anew"))
    await door.until_state("up", seconds=8)
    await door.until_taken(1)
    await until(door.accounts.health, lambda wrong: wrong is None, "health")


async def test_an_access_token_the_server_refuses_is_had_anew_once(
    door: Door, dovecot: Dovecot, user: str, trusted: None, token_server: TokenServer
) -> None:
    await door.set(mailbox(), with_token(door, dovecot, user, token_server, "good"))
    await door.until_state("up")
    token_server.valid_access.clear()
    asked = len(token_server.asked)
    dovecot.restart()
    dovecot.deliver(user, mail())
    await door.until_taken(1)
    assert len(token_server.asked) == asked + 1


async def test_a_changed_name_does_not_bring_a_dead_token_back(
    door: Door, dovecot: Dovecot, user: str, trusted: None, token_server: TokenServer
) -> None:
    await door.set(mailbox(), with_token(door, dovecot, user, token_server, "once"))
    await door.until_state("up")
    renamed = with_token(door, dovecot, user, token_server, "once", name="Renamed")
    del token_server.valid_refresh["once"]
    await door.set(renamed)
    await until(lambda: _asked(token_server), lambda asked: asked[-1].startswith("rotated"), "the account begun anew")
    await door.until_state("up")


async def _asked(server: TokenServer) -> list[str]:
    return server.asked
