"""Behind a load balancer: who the client is, and who may say so."""

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st

from postroom_ingest.receive.smtp import SmtpServer, gate
from postroom_ingest.receive.smtp.proxy_header import LONGEST_ONE, LONGEST_TWO, BadHeaderError, client, missing
from postroom_ingest.settings import SmtpSettings

from ..making import mail
from ..running import INTERNAL_TOKEN, Talk, free_port, stuffed
from .conftest import Files, OpenDoor

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LOOPBACK: dict[str, Any] = {"smtp_proxies": (ip_network("127.0.0.1"),), "smtp_trusted": ()}
ELSEWHERE = (ip_network("192.0.2.0/24"),)


def two(address: str = "192.0.2.7", command: int = 0x21, family: int | None = None, tail: bytes = b"") -> bytes:
    packed = ip_address(address).packed
    family = family if family is not None else 0x11 if len(packed) == 4 else 0x21
    body = packed + packed + b"\x30\x39\x00\x19" + tail
    return SIGNATURE + bytes([command, family]) + len(body).to_bytes(2, "big") + body


ONE = b"PROXY TCP4 192.0.2.7 198.51.100.1 12345 25\r\n"
GOOD = [
    pytest.param(ONE, "192.0.2.7", id="v1"),
    pytest.param(b"PROXY TCP6 2001:db8::7 2001:db8::1 1 65535\r\n", "2001:db8::7", id="v1 ipv6"),
    pytest.param(b"PROXY UNKNOWN\r\n", None, id="v1 unknown"),
    pytest.param(b"PROXY UNKNOWN ff:ff whatever 1 2\r\n", None, id="v1 unknown with more"),
    pytest.param(two(), "192.0.2.7", id="v2"),
    pytest.param(two("2001:db8::7"), "2001:db8::7", id="v2 ipv6"),
    pytest.param(two(tail=b"\x04\x00\x03abc"), "192.0.2.7", id="v2 with fields"),
    pytest.param(two(command=0x20), None, id="v2 local"),
    pytest.param(SIGNATURE + b"\x20\x00\x00\x00", None, id="v2 local alone"),
    pytest.param(SIGNATURE + b"\x21\x00\x00\x00", None, id="v2 unspecified"),
]
BAD = [
    pytest.param(b"EHLO client.example\r\n", id="smtp"),
    pytest.param(b"PROXY\r\n" + b"x" * 200, id="no kind"),
    pytest.param(b"PROXY TCP4 192.0.2.7 198.51.100.1 12345\r\n", id="one port"),
    pytest.param(b"PROXY TCP4 192.0.2.7 198.51.100.1 12345 65536\r\n", id="no port"),
    pytest.param(b"PROXY TCP4 192.0.2.7 198.51.100.1 -1 25\r\n", id="port below 0"),
    pytest.param(b"PROXY TCP4 2001:db8::7 2001:db8::1 1 25\r\n", id="of the other kind"),
    pytest.param(b"PROXY TCP4 192.0.2.7 nowhere 1 25\r\n", id="no address"),
    pytest.param("PROXY TCP4 192.0.2.٧ 198.51.100.1 1 25\r\n".encode(), id="not ascii"),
    pytest.param(b"PROXY TCP4  192.0.2.7 198.51.100.1 1 25\r\n", id="two spaces"),
    pytest.param(b"PROXY UDP4 192.0.2.7 198.51.100.1 1 25\r\n", id="v1 of another protocol"),
    pytest.param(b"PROXY UNKNOWN " + b"x" * 200 + b"\r\n", id="long line"),
    pytest.param(SIGNATURE[:-1] + b"\r" + two()[12:], id="another signature"),
    pytest.param(two(command=0x11), id="another version"),
    pytest.param(two(command=0x22), id="another command"),
    pytest.param(two(family=0x12), id="v2 of another protocol"),
    pytest.param(two(family=0x21), id="too short for its family"),
    pytest.param(two(tail=b"x" * 5000), id="too long"),
]


def read(stream: bytes) -> tuple[bytes, bytes]:
    """A header read as it is asked for, and what is left of `stream`."""
    header = b""
    while wanted := missing(header):
        assert len(header) + wanted <= max(LONGEST_ONE, LONGEST_TWO)
        if len(header) >= len(stream):
            raise BadHeaderError
        header += stream[len(header) : len(header) + wanted]
    return header, stream[len(header) :]


@pytest.mark.parametrize(("header", "address"), GOOD)
def test_what_a_header_says(header: bytes, address: str | None) -> None:
    whole, rest = read(header + b"EHLO x\r\n")
    assert (client(whole), rest) == (address, b"EHLO x\r\n")


@pytest.mark.parametrize("header", BAD)
def test_what_is_no_header(header: bytes) -> None:
    with pytest.raises(BadHeaderError):
        client(read(header + b"EHLO x\r\n")[0])


@given(st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", SIGNATURE, SIGNATURE + b"\x21\x11"]), st.binary(max_size=300))
def test_whatever_comes_it_is_read_or_refused(begin: bytes, rest: bytes) -> None:
    try:
        address = client(read(begin + rest)[0])
    except BadHeaderError:
        return
    assert address is None or ip_address(address)


class Nobody:
    """Peers that are noted and turned away."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def enter(self, address: str, _: float) -> bool:
        self.seen.append(address)
        return False


def door_of(files: Files, sockets: Mapping[str, socket.socket] | None = None, **changed: Any) -> SmtpServer:
    """A door that notes who comes and turns everybody away."""
    given = {"http_port": 1, "secret": "s" * 16, "internal_token": INTERNAL_TOKEN}
    given |= {"smtp_port": free_port(), "smtps_port": free_port()}
    nothing: Any = None
    settings = SmtpSettings.model_validate(given | LOOPBACK | files.settings() | changed)
    server = SmtpServer(nothing, nothing, settings, sockets=sockets)
    nobody: Any = Nobody()
    server._door.peers = nobody
    return server


def knocked(port: int, header: bytes, secure: bool) -> socket.socket:
    """One who comes; the loop stands still meanwhile, so all that opens the connection is there before a door looks."""
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(header)
    if secure:
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        client = trusting.wrap_socket(client, do_handshake_on_connect=False)
        client.setblocking(False)
        with pytest.raises(ssl.SSLWantReadError):
            client.do_handshake()
    client.settimeout(5)
    return client


def heard(client: socket.socket) -> bytes:
    """What a door says."""
    with client, client.makefile("rb") as reader:
        if isinstance(client, ssl.SSLSocket):
            client.do_handshake()
        return reader.read()


async def greeted(server: SmtpServer, header: bytes, secure: bool) -> tuple[list[str], bytes]:
    """Who a door thinks is there, and what it says to them."""
    await server.start()
    port = server.sockets["smtps" if secure else "smtp"].getsockname()[1]
    said = await asyncio.to_thread(heard, knocked(port, header, secure))
    await server.stop()
    nobody: Any = server._door.peers
    return nobody.seen, said


on_each_loop = pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
Loop = Callable[[], asyncio.AbstractEventLoop]


@on_each_loop
@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("header", [ONE, two()])
def test_on_each_kind_of_loop(files: Files, loop: Loop, secure: bool, header: bytes) -> None:
    with asyncio.Runner(loop_factory=loop) as runner:
        peers, said = runner.run(greeted(door_of(files), header, secure))
    assert peers == ["192.0.2.7"]
    assert said.startswith(b"421 4.7.0 Too many connections from you")


@on_each_loop
@pytest.mark.parametrize("secure", [False, True])
def test_who_comes_past_the_load_balancer_is_served_too(files: Files, loop: Loop, secure: bool) -> None:
    elsewhere = door_of(files, smtp_proxies=ELSEWHERE)
    with asyncio.Runner(loop_factory=loop) as runner:
        peers, said = runner.run(greeted(elsewhere, b"", secure))
    assert peers == ["127.0.0.1"]
    assert said.startswith(b"421 4.7.0 Too many connections from you")


@on_each_loop
@pytest.mark.parametrize("proxies", [LOOPBACK["smtp_proxies"], ELSEWHERE])
def test_processes_share_a_port_and_a_stop_leaves_it_to_the_others(files: Files, loop: Loop, proxies: Any) -> None:
    async def run() -> None:
        first = door_of(files, smtp_proxies=proxies)
        await first.start()
        given = {name: socket.socket(fileno=os.dup(one.fileno())) for name, one in first.sockets.items()}
        port = given["smtps"].getsockname()[1]
        second = door_of(files, given, smtp_proxies=proxies)
        await second.start()
        header = b"" if proxies == ELSEWHERE else ONE
        clients = [knocked(port, header, True) for _ in range(20)]
        said = await asyncio.gather(*(asyncio.to_thread(heard, one) for one in clients))
        await first.stop()
        said.append(await asyncio.to_thread(heard, knocked(port, header, True)))
        assert all(one.startswith(b"421 4.7.0 ") for one in said)
        await second.stop()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(run())


@on_each_loop
@pytest.mark.parametrize(("proxies", "header"), [(LOOPBACK["smtp_proxies"], ONE), (ELSEWHERE, b"")])
def test_who_speaks_no_tls_fills_no_log(
    files: Files, loop: Loop, proxies: Any, header: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        server = door_of(files, smtp_proxies=proxies)
        await server.start()
        port = server.sockets["smtps"].getsockname()[1]
        client = knocked(port, header + b"GET / HTTP/1.1\r\n\r\n", secure=False)
        with suppress(ConnectionError):
            await asyncio.to_thread(heard, client)
        await server.stop()

    caplog.set_level("DEBUG", "postroom_ingest")
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(run())
    assert [(one.levelname, one.message) for one in caplog.records] == [("DEBUG", "no agreement on TLS")]


@on_each_loop
def test_a_stop_does_not_wait_for_a_handshake(files: Files, loop: Loop) -> None:
    async def run() -> bytes:
        server = door_of(files, smtp_proxies=ELSEWHERE)
        await server.start()
        port = server.sockets["smtps"].getsockname()[1]
        with knocked(port, b"", secure=False) as silent:
            await asyncio.to_thread(heard, knocked(port, b"", secure=True))  # who came before has been let in too
            await server.stop()
            return await asyncio.to_thread(silent.recv, 1)

    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(run()) == b""


async def test_no_file_left_for_a_connection_is_a_matter_of_time(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    accept, failures = loop.sock_accept, [OSError(errno.EMFILE, "Too many open files")]

    async def accepted(listener: socket.socket) -> Any:
        if failures:
            raise failures.pop()
        return await accept(listener)

    monkeypatch.setattr(loop, "sock_accept", accepted)
    monkeypatch.setattr(gate, "AGAIN_SECONDS", 0.01)
    _, said = await greeted(door_of(files), ONE, secure=False)
    assert (failures, said[:10]) == ([], b"421 4.7.0 ")


async def opened(port: int, header: bytes) -> Talk:
    talk = Talk(*await asyncio.open_connection("127.0.0.1", port))
    await talk.send(header)
    return talk


@pytest.mark.connected
class TestAtTheDoor:
    @pytest.mark.parametrize(("header", "address"), GOOD)
    async def test_a_mail_comes_from_the_client(self, open_door: OpenDoor, header: bytes, address: str | None) -> None:
        door = await open_door(**LOOPBACK)
        ahead = b"EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<support@example.com>\r\nDATA\r\n" + stuffed(mail("proxied@x"))
        talk = await opened(door.port, header + ahead + b"QUIT\r\n")
        assert b"\r\n250 2.0.0 OK " in await talk.rest()
        (event,) = await door.received()
        assert event.peer == (address or "127.0.0.1")

    async def test_a_header_may_come_in_pieces(self, open_door: OpenDoor) -> None:
        door = await open_door(**LOOPBACK)
        talk = await opened(door.port, b"")
        for byte in two():
            await talk.send(bytes([byte]))
            await asyncio.sleep(0)
        assert (await talk.answer()).startswith("220 ")
        await talk.close()

    async def test_limits_count_clients(self, open_door: OpenDoor) -> None:
        door = await open_door(**LOOPBACK, smtp_peer_connections=1)
        first, other = await opened(door.port, two("192.0.2.1")), await opened(door.port, two("192.0.2.2"))
        assert (await first.answer()).startswith("220 ")
        assert (await other.answer()).startswith("220 ")
        again = await opened(door.port, two("192.0.2.1"))
        assert (await again.answer()).startswith("421 4.7.0 ")
        for talk in (first, other, again):
            await talk.close()

    @pytest.mark.parametrize("header", BAD)
    async def test_without_a_header_the_connection_is_cut(self, open_door: OpenDoor, header: bytes) -> None:
        door = await open_door(**LOOPBACK)
        talk = await opened(door.port, header + b"EHLO x\r\n")
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await talk.answer()

    async def test_a_header_that_does_not_come_is_not_waited_for(
        self, open_door: OpenDoor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("postroom_ingest.receive.smtp.proxied.HEADER_SECONDS", 0.1)
        door = await open_door(**LOOPBACK)
        talk = await opened(door.port, b"PROXY TCP4 ")
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await talk.answer()

    @pytest.mark.parametrize("proxies", [(), ELSEWHERE])
    async def test_a_strangers_header_is_no_smtp(self, open_door: OpenDoor, proxies: Any) -> None:
        door = await open_door(smtp_proxies=proxies)
        talk = await opened(door.port, ONE)
        assert (await talk.answer()).startswith("220 ")
        assert (await talk.answer()).startswith("500 5.5.1 ")
        await talk.say("EHLO x")
        assert (await talk.deliver(mail("plain@x"))).startswith("250 ")
        (event,) = await door.received()
        assert event.peer == "127.0.0.1"
        await talk.close()

    async def test_lmtp_has_no_header(self, open_door: OpenDoor) -> None:
        await open_door(**LOOPBACK, lmtp_port=(lmtp := free_port()))
        await (await Talk.open(lmtp, hello="LHLO")).close()
