"""TLS: STARTTLS (RFC 3207), TLS from the start (RFC 8314), and a certificate that changes."""

import asyncio
import smtplib
import ssl
import time
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography.x509 import load_der_x509_certificate

from postroom_ingest.receive.smtp.tls import Certificate

from ..making import mail
from ..running import Talk, free_port
from .conftest import Files, OpenDoor


def serial(port: int) -> int:
    """The serial number of the certificate a server shows to somebody who comes now."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with smtplib.SMTP_SSL("127.0.0.1", port, context=context) as client:
        assert isinstance(client.sock, ssl.SSLSocket)
        shown = client.sock.getpeercert(binary_form=True)
    assert shown is not None
    return load_der_x509_certificate(shown).serial_number


@pytest.mark.connected
async def test_a_mail_under_tls_says_so(open_door: OpenDoor, files: Files, trusting: ssl.SSLContext) -> None:
    door = await open_door(**files.settings())
    talk = await Talk.open(door.port, hello=None)
    assert "STARTTLS" in [line[4:] for line in await talk.lines("EHLO x")]
    await talk.start_tls(trusting)
    assert (await talk.say("MAIL FROM:<a@x>")).startswith("503 "), "what was said in the clear counts no more"
    assert not any("STARTTLS" in line for line in await talk.lines("EHLO safe.example"))
    assert (await talk.say("STARTTLS")).startswith("503 ")
    assert (await talk.deliver(mail("tls@x"))).startswith("250 ")
    big = mail("big@x", text="y" * 3_000_000)
    assert (await talk.deliver(big)).startswith("250 ")
    small, large = await door.received()
    assert (small.tls, small.helo, large.tls) == ("TLSv1.3", "safe.example", "TLSv1.3")
    assert large.raw.size == len(big)
    await talk.close()


@pytest.mark.connected
async def test_tls_from_the_start(open_door: OpenDoor, files: Files, trusting: ssl.SSLContext) -> None:
    door = await open_door(**files.settings(), smtps_port=(port := free_port()))

    def send() -> None:
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        for context, message_id in ((trusting, "new@x"), (old, "old@x")):
            with smtplib.SMTP_SSL("127.0.0.1", port, context=context) as client:
                client.sendmail("a@x", ["support@example.com"], mail(message_id))

    await asyncio.to_thread(send)
    assert [event.tls for event in await door.received()] == ["TLSv1.3", "TLSv1.2"]


@pytest.mark.connected
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
async def test_older_versions_are_not_spoken(open_door: OpenDoor, files: Files, trusting: ssl.SSLContext) -> None:
    await open_door(**files.settings(), smtps_port=(port := free_port()))
    trusting.minimum_version = trusting.maximum_version = ssl.TLSVersion.TLSv1_1
    trusting.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, OSError)):
        await Talk.open(port, tls=trusting)


@pytest.mark.connected
async def test_what_was_sent_ahead_in_the_clear_is_thrown_away(
    open_door: OpenDoor, files: Files, trusting: ssl.SSLContext
) -> None:
    """CVE-2011-0411: somebody in between puts commands before the encrypted ones."""
    door = await open_door(**files.settings())
    talk = await Talk.open(door.port)
    await talk.start_tls(trusting, ahead=b"EHLO evil\r\nMAIL FROM:<evil@x>\r\nRCPT TO:<support@example.com>\r\n")
    assert (await talk.say("RCPT TO:<support@example.com>")).startswith("503 ")
    assert (await talk.say("EHLO good")).startswith("250 ")
    assert (await talk.deliver(mail("good@x"))).startswith("250 ")
    assert [event.helo for event in await door.received()] == ["good"]
    await talk.close()


@pytest.mark.connected
async def test_a_failed_handshake_ends_that_connection_alone(
    open_door: OpenDoor, files: Files, trusting: ssl.SSLContext
) -> None:
    door = await open_door(**files.settings())
    other = await Talk.open(door.port)
    talk = await Talk.open(door.port)
    assert (await talk.say("STARTTLS")).startswith("220 ")
    await talk.send(b"this is no handshake\r\n" * 10)
    with suppress(ConnectionError):
        await talk.rest()
    await other.start_tls(trusting)
    assert (await other.say("EHLO x")).startswith("250 ")
    await other.close()


@pytest.mark.connected
async def test_where_tls_is_required_mail_in_the_clear_is_not_taken(
    open_door: OpenDoor, files: Files, trusting: ssl.SSLContext
) -> None:
    door = await open_door(**files.settings(), smtp_tls="required")
    talk = await Talk.open(door.port)
    assert (await talk.say("MAIL FROM:<a@x>")).startswith("530 5.7.0 ")
    assert (await talk.say("NOOP")).startswith("250 ")
    await talk.start_tls(trusting)
    await talk.say("EHLO x")
    assert (await talk.deliver(mail("required@x"))).startswith("250 ")
    await talk.close()


@pytest.mark.connected
async def test_without_a_certificate_there_is_no_starttls(open_door: OpenDoor) -> None:
    door = await open_door()
    talk = await Talk.open(door.port, hello=None)
    assert not any("STARTTLS" in line for line in await talk.lines("EHLO x"))
    assert (await talk.say("STARTTLS")).startswith("502 5.5.1 ")
    await talk.close()


@pytest.mark.connected
async def test_a_changed_certificate_is_shown_and_nobody_is_cut_off(
    open_door: OpenDoor, files: Files, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("postroom_ingest.receive.smtp.tls.LOOK_SECONDS", 0.05)
    await open_door(**files.settings(), smtps_port=(port := free_port()))
    talk = await Talk.open(port, tls=trusting)
    assert await asyncio.to_thread(serial, port) == 1
    files.make(2)
    deadline = time.monotonic() + 5
    while await asyncio.to_thread(serial, port) != 2:
        assert time.monotonic() < deadline
    assert (await talk.deliver(mail("kept@x"))).startswith("250 ")
    await talk.close()


def test_a_half_written_pair_does_not_spoil_the_one_in_use(tmp_path: Path) -> None:
    files = Files(tmp_path)
    certificate = Certificate(files.certificate, files.key)
    assert not certificate.look()
    files.make(2, key_only=True)
    assert not certificate.look()
    files.key.unlink()
    assert not certificate.look()
    files.make(3)
    assert certificate.look()
    assert not certificate.look()
