"""A stand-in for a service of ours, for tests of what asks it over HTTP with the internal token."""

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from postroom_local.cli import main

TOKEN = "a-token-of-sixteen-letters"


class Service(ThreadingHTTPServer):
    """Listens on a port of its own."""

    token = TOKEN

    def __init__(self, answers: "type[Answers]") -> None:
        super().__init__(("127.0.0.1", 0), answers)


class Answers(BaseHTTPRequestHandler):
    """Answers with JSON; 401 to who does not have the token."""

    protocol_version = "HTTP/1.1"
    server: Service

    def get(self) -> None:
        """Answer a GET of `self.path`."""
        self.answer(405, {"detail": "not here"})

    def post(self) -> None:
        """Answer a POST to `self.path`."""
        self.answer(405, {"detail": "not here"})

    def do_GET(self) -> None:
        self.get()

    def do_POST(self) -> None:
        self.post()

    def answer(self, status: int, body: object) -> None:
        """Send `body`."""
        if self.headers["Authorization"] != f"Bearer {self.server.token}":
            status, body = 401, {"detail": "the internal token is missing or wrong"}
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def body(self) -> bytes:
        """What was sent."""
        return self.rfile.read(int(self.headers["Content-Length"]))

    def log_message(self, *_: object) -> None:
        """Say nothing on stderr."""


@contextmanager
def served(server: Service) -> Iterator[str]:
    """The server's URL while it answers."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def exit_code_of(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """The exit code of `postroom WORDS`, run in this process."""
    monkeypatch.setattr(sys, "argv", ["postroom", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)
