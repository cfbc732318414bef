"""IDLE with a server that says exactly what a test wants."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from imapclient.exceptions import IMAPClientAbortError

from postroom_contracts.config import Account
from postroom_ingest.imap.session import Proof, Session

Script = Callable[[socket.socket, bytes], bytes]
NO_MAIL = b"* 0 EXISTS\r\n* OK [UIDVALIDITY 7]\r\n* OK [UIDNEXT 4]\r\n"


class Server:
    """Answers each line with what `extra` gives for its command, and OK."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.after_idle = b""
        self.beside_search = b""
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        connection.sendall(b"* OK ready\r\n")
        idle = b""
        for line in connection.makefile("rb"):
            tag, _, command = line.strip().partition(b" ")
            if tag == b"DONE":
                connection.sendall(idle + b" OK done\r\n")
            elif command == b"IDLE":
                idle = tag
                connection.sendall(b"+ idling\r\n" + self.after_idle)
            else:
                extra = {
                    b"CAPABILITY": b"* CAPABILITY IMAP4rev1 IDLE\r\n",
                    b"SELECT": NO_MAIL,
                    b"UID": self.beside_search,
                }
                connection.sendall(extra.get(command.split()[0], b"") + tag + b" OK done\r\n")

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def session(server: Server) -> Iterator[Session]:
    fields = {
        "name": "a",
        "mailbox": "m",
        "host": "127.0.0.1",
        "port": server.port,
        "security": "none",
        "user": 'a "b"',
    }
    session = Session(Account.model_validate({**fields, "password": "sealed"}))
    session.open(Proof("secret", token=False))
    yield session
    session.close()


def test_a_push_that_comes_with_the_answer_is_seen(server: Server, session: Session) -> None:
    assert session.look().highest == 3
    server.after_idle = b"* 1 EXISTS\r\n"
    began = time.monotonic()
    assert session.idle(10)
    assert time.monotonic() - began < 5


def test_waiting_ends(session: Session) -> None:
    session.look()
    assert not session.idle(0.05)
    assert session.look().uidvalidity == 7


def test_another_thread_ends_the_waiting(session: Session) -> None:
    session.look()
    threading.Timer(0.1, session.abort).start()
    with pytest.raises((OSError, IMAPClientAbortError)):
        session.idle(30)


def test_a_push_beside_another_answer_is_not_waited_for_again(server: Server, session: Session) -> None:
    session.look()
    server.beside_search = b"* SEARCH\r\n* 1 EXISTS\r\n"
    assert session.uids(3, None) == ([], 3)
    begun = time.monotonic()
    assert session.idle(30)
    assert time.monotonic() - begun < 10
    assert session.uids(3, None) == ([], 3)
    assert not session.idle(0.1), "known by now, and told once more"
