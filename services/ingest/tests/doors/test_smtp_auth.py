"""AUTH (RFC 4954): who may hand mail in."""

import asyncio
import smtplib
import ssl
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from postroom_ingest.receive.smtp.auth import Users, matches, plain_credentials, user_line
from postroom_ingest.settings import ReceiveSettings

from ..making import mail
from ..running import Talk
from .conftest import Files, OpenDoor

GIVEN: dict[str, Any] = {"http_port": 1, "secret": "0123456789abcdef", "internal_token": "0123456789abcdef"}


def encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


PLAIN = f"AUTH PLAIN {encoded(chr(0) + 'relay' + chr(0) + 'pässword')}"
WRONG = f"AUTH PLAIN {encoded(chr(0) + 'relay' + chr(0) + 'guess')}"


@pytest.fixture(scope="module")
def line() -> str:
    return user_line("relay", "pässword")


@pytest.fixture
def users(tmp_path: Path, line: str) -> Path:
    path = tmp_path / "users"
    path.write_text(f"# relays\n{line}\nbroken\nother:$scrypt$x$y$z\n")
    return path


@pytest.mark.connected
@pytest.mark.parametrize("initial", [True, False])
async def test_plain(open_door: OpenDoor, users: Path, initial: bool) -> None:
    door = await open_door(smtp_auth="required", smtp_users=users, smtp_auth_in_clear=True)
    talk = await Talk.open(door.port, hello=None)
    assert (await talk.lines("EHLO x"))[-1] == "250 AUTH PLAIN LOGIN"
    assert (await talk.say("MAIL FROM:<a@x>")).startswith("530 5.7.0 ")
    if initial:
        assert (await talk.say(PLAIN)).startswith("235 2.7.0 ")
    else:
        assert await talk.say("auth plain") == "334 "
        assert (await talk.say(PLAIN.split(" ")[2])).startswith("235 2.7.0 ")
    assert (await talk.say(PLAIN)).startswith("503 "), "once is enough"
    assert (await talk.deliver(mail("auth@x"))).startswith("250 ")
    await talk.close()


@pytest.mark.connected
async def test_login(open_door: OpenDoor, users: Path) -> None:
    door = await open_door(smtp_auth="required", smtp_users=users, smtp_auth_in_clear=True)
    talk = await Talk.open(door.port)
    assert (await talk.say("AUTH LOGIN")) == f"334 {encoded('Username:')}"
    assert (await talk.say(encoded("relay"))) == f"334 {encoded('Password:')}"
    assert (await talk.say(encoded("pässword"))).startswith("235 2.7.0 ")
    await talk.close()


@pytest.mark.connected
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
async def test_pythons_client_logs_in_as_a_user_added_meanwhile(
    open_door: OpenDoor, users: Path, mechanism: str
) -> None:
    door = await open_door(smtp_auth="required", smtp_users=users, smtp_auth_in_clear=True)

    def send() -> None:
        with users.open("a") as file:
            file.write(user_line("late", "simple") + "\n")
        with smtplib.SMTP("127.0.0.1", door.port) as client:
            client.ehlo()
            client.esmtp_features["auth"] = mechanism
            client.login("late", "simple")
            client.sendmail("a@x", ["support@example.com"], mail("login@x"))

    await asyncio.to_thread(send)
    assert [event.thread_root for event in await door.received()] == ["login@x"]


@pytest.mark.connected
async def test_passwords_are_taken_under_tls_only(
    open_door: OpenDoor, users: Path, files: Files, trusting: ssl.SSLContext
) -> None:
    door = await open_door(**files.settings(), smtp_auth="optional", smtp_users=users)
    talk = await Talk.open(door.port, hello=None)
    assert not any("AUTH" in line for line in await talk.lines("EHLO x"))
    assert (await talk.say(PLAIN)).startswith("538 5.7.11 ")
    await talk.start_tls(trusting)
    assert "250 AUTH PLAIN LOGIN" in await talk.lines("EHLO x")
    assert (await talk.say(PLAIN)).startswith("235 2.7.0 ")
    await talk.close()


@pytest.mark.connected
async def test_tries_are_limited_on_a_connection_and_over_all(open_door: OpenDoor, users: Path) -> None:
    door = await open_door(smtp_auth="optional", smtp_users=users, smtp_auth_in_clear=True)
    wrong = 0
    while True:
        talk = await Talk.open(door.port)
        answer = await talk.say(WRONG)
        if answer.startswith("421"):
            break
        assert answer.startswith("535 5.7.8 ")
        for _ in range(2):
            answer = await talk.say(WRONG)
            if answer.startswith("421"):
                break
            assert answer.startswith("535 5.7.8 ")
        else:
            assert (await talk.answer()).startswith("421 4.7.0 "), "three on one connection"
        assert await talk.ended()
        wrong += 3
        assert wrong < 15
    assert await talk.ended()
    assert 9 <= wrong <= 12, "ten on all of them"


@pytest.mark.connected
@pytest.mark.parametrize(
    ("say", "code"),
    [
        ("AUTH PLAIN ???", "501 5.5.2"),
        ("AUTH PLAIN =", "501 5.5.2"),
        (f"AUTH PLAIN {encoded('boss' + chr(0) + 'relay' + chr(0) + 'pässword')}", "501 5.5.2"),
        (f"AUTH PLAIN {encoded(chr(0) + 'other' + chr(0) + 'x')}", "535 5.7.8"),
        (f"AUTH PLAIN {encoded(chr(0) + 'stranger' + chr(0) + 'x')}", "535 5.7.8"),
        ("AUTH CRAM-MD5", "504 5.5.4"),
    ],
)
async def test_what_is_not_let_in(open_door: OpenDoor, users: Path, say: str, code: str) -> None:
    door = await open_door(smtp_auth="optional", smtp_users=users, smtp_auth_in_clear=True)
    talk = await Talk.open(door.port)
    assert (await talk.say(say)).startswith(code)
    assert (await talk.say("AUTH LOGIN")).startswith("334 ")
    assert (await talk.say("*")).startswith("501 5.7.0 ")
    await talk.close()


@pytest.mark.connected
async def test_off_is_off_and_a_lost_file_is_no_wrong_password(open_door: OpenDoor, users: Path) -> None:
    off = await Talk.open((await open_door()).port)
    assert (await off.say(PLAIN)).startswith("502 5.5.1 ")
    await off.close()
    door = await open_door(smtp_auth="optional", smtp_users=users, smtp_auth_in_clear=True)
    await asyncio.to_thread(users.unlink)
    talk = await Talk.open(door.port)
    assert (await talk.say(PLAIN)).startswith("454 4.7.0 ")
    await talk.close()


async def test_users_are_found_and_strangers_are_not(users: Path) -> None:
    known = Users(users)
    assert await known.right(b"relay", "pässword".encode())
    assert not await known.right(b"relay", b"password")
    assert not await known.right(b"broken", b"")
    assert not await known.right(b"other", b"")
    assert not await known.right(b"", b"")


def test_a_line_is_made_by_a_command() -> None:
    command = [sys.executable, "-m", "postroom_ingest", "smtp-user", "relay"]
    done = subprocess.run(command, input=b"s3cret: \n", capture_output=True, check=True)
    name, _, stored = done.stdout.decode().strip().partition(":")
    assert (name, matches(stored, b"s3cret: ")) == ("relay", True)
    assert user_line("relay", "s3cret") != user_line("relay", "s3cret"), "salted"
    with pytest.raises(ValueError, match="colon"):
        user_line("a:b", "x")


def test_names_and_passwords_of_any_bytes() -> None:
    assert plain_credentials(b64encode(b"\0\xff\0\xfe")) == (b"\xff", b"\xfe")
    assert plain_credentials(b64encode(b"me\0me\0")) == (b"me", b"")
    assert plain_credentials(b64encode(b"\0\0x")) is None


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"smtp_tls": "required"}, "TLS needs"),
        ({"smtps_port": 465}, "TLS needs"),
        ({"smtp_tls_cert": "/c"}, "go together"),
        ({"smtp_auth": "required"}, "needs POSTROOM_SMTP_USERS"),
        ({"smtp_auth": "optional", "smtp_users": "/u"}, "needs TLS"),
        ({"smtp_trusted": "10.0.0.0/33"}, "smtp_trusted"),
        ({"smtp_proxies": "a-load-balancer"}, "smtp_proxies"),
        ({"smtp_max_bytes": 20_000_000, "doors_memory_bytes": 39_999_999}, "POSTROOM_DOORS_MEMORY_BYTES holds two"),
    ],
)
def test_settings_that_could_not_work_stop_the_start(settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        ReceiveSettings.model_validate(GIVEN | settings)
