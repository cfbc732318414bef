"""A server that does not keep to what it was asked for."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest
from imapclient.exceptions import IMAPClientAbortError

from postroom_contracts.config import Account
from postroom_ingest.imap.session import LITERAL_BYTES, Proof, Session


def serve(listener: socket.socket, size: int) -> None:
    """One connection, in which a message is a literal of `size` bytes, whatever part of it is asked for."""
    with contextlib.suppress(OSError):
        connection, _ = listener.accept()
        stream = connection.makefile("rwb")
        stream.write(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] hello\r\n")
        stream.flush()
        while line := stream.readline():
            if b"FETCH" in line.upper():
                stream.write(b"* 1 FETCH (UID 1 BODY[]<0> {%d}\r\n%s)\r\n" % (size, b"x" * min(size, 2_000_000)))
            if b"SELECT" in line.upper():
                stream.write(b"* 1 EXISTS\r\n* OK [UIDVALIDITY 1] .\r\n* OK [UIDNEXT 2] .\r\n")
            stream.write(line.split()[0] + b" OK done\r\n")
            stream.flush()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.mark.parametrize(("size", "taken"), [(LITERAL_BYTES, True), (LITERAL_BYTES + 1, False), (10**12, False)])
def test_no_more_is_read_than_was_asked_for(listener: socket.socket, size: int, taken: bool) -> None:
    threading.Thread(target=serve, args=(listener, size), daemon=True).start()
    port = listener.getsockname()[1]
    account = Account(name="A", mailbox="m", host="127.0.0.1", port=port, security="none", user="u", password="p")
    session = Session(account)
    session.open(Proof("p", token=False))
    session.look()
    if taken:
        assert len(session.bodies([1], LITERAL_BYTES)[1]) == size
    else:
        with pytest.raises(IMAPClientAbortError, match="longer than what was asked for"):
            session.bodies([1], LITERAL_BYTES)
    session.abort()
