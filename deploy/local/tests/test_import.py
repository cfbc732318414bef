"""`postroom import` from outside, with a stand-in for ingest that counts as ingest does."""

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from postroom_local import importer
from postroom_local.cli import main
from postroom_local.errors import StackError
from postroom_local.home import Home
from postroom_local.importer import choose_mailbox
from postroom_local.ingest_door import Door
from postroom_local.runfile import Entry, Run, write_run

LARGEST = 5_000


class Ingest(ThreadingHTTPServer):
    """Takes mails like ingest's door: 503 for the first `failures`, 413 above LARGEST, duplicates by content."""

    def __init__(self, token: str) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.token = token
        self.mailboxes = {"support": "support@example.com", "sales": "sales@example.com"}
        self.failures = 0
        self.unread = 0
        self.mails: list[tuple[str, str, bytes]] = []
        self.lock = threading.Lock()

    def counts(self, run: str) -> dict[str, int]:
        """The counts of a run, but for `unread` new mails."""
        seen: set[bytes] = set()
        outcomes = {"new": 0, "appended": 0, "duplicate": 0, "set-aside": 0}
        accepted = 0
        for of_run, _, raw in self.mails:
            accepted += of_run == run
            if of_run == run:
                outcomes["duplicate" if raw in seen else "new"] += 1
            seen.add(raw)
        outcomes["new"] -= min(self.unread, outcomes["new"])
        return {"accepted": accepted, **outcomes}


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Ingest

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self._answer(200, self.server.mailboxes if path == "/v1/mailboxes" else self.server.counts(path.split("/")[3]))

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        url = urlsplit(self.path)
        with self.server.lock:
            if self.server.failures:
                self.server.failures -= 1
                self._answer(503, {"detail": "not stored, try again"})
            elif len(raw) > LARGEST:
                self._answer(413, {"detail": "larger"})
            else:
                self.server.mails.append((url.path.split("/")[3], parse_qs(url.query)["mailbox"][0], raw))
                self._answer(202, {"contact": "c"})

    def _answer(self, status: int, body: object) -> None:
        if self.headers["Authorization"] != f"Bearer {self.server.token}":
            status, body = 401, {"detail": "the internal token is missing or wrong"}
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    home = Home(tmp_path / "home")
    home.make()
    monkeypatch.setenv("POSTROOM_HOME", str(home.path))
    return home


@pytest.fixture
def ingest(home: Home) -> Iterator[Ingest]:
    """A running stand-in, written down in `home` as `postroom up` does it."""
    with serving(Ingest(home.secrets({}).internal_token)) as server, home.locked():
        address = f"http://127.0.0.1:{server.server_port}"
        write_run(home, Run(pid=1, entries=[Entry(name="ingest-receive", kind="service", address=address)]))
        yield server


@contextmanager
def serving(server: Ingest) -> Iterator[Ingest]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def mail(number: int, body: bytes = b"hello\n") -> bytes:
    return b"From: ana@example.com\nSubject: %d\n\n" % number + body


def mbox(path: Path, count: int) -> Path:
    path.write_bytes(b"".join(b"From - Mon Jan  5 10:00:00 2026\n%b\n" % mail(number) for number in range(count)))
    return path


def run_import(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """The exit code of `postroom import ARGUMENTS`."""
    monkeypatch.setattr(sys, "argv", ["postroom", "import", *map(str, arguments)])
    with pytest.raises(SystemExit) as exit_:
        main()
    return int(exit_.value.code or 0)


def test_all_mails_go_in_once_and_the_counts_add_up(
    ingest: Ingest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    box = mbox(tmp_path / "box", 50)

    assert run_import(monkeypatch, box) == 0
    first = capsys.readouterr().out
    assert run_import(monkeypatch, box) == 0
    second = capsys.readouterr().out

    assert first.splitlines()[-1] == "accepted 50 = 50 new + 0 appended + 0 duplicate + 0 set aside"
    assert second.splitlines()[-1] == "accepted 50 = 0 new + 0 appended + 50 duplicate + 0 set aside"
    assert {raw for _, _, raw in ingest.mails} == {mail(number) for number in range(50)}
    assert {mailbox for _, mailbox, _ in ingest.mails} == {"support"}


def test_what_is_no_mail_is_named_and_mail_that_is_too_large_is_a_failure(
    ingest: Ingest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.eml").write_bytes(mail(1))
    (folder / "b.txt").write_bytes(b"words\n")

    assert run_import(monkeypatch, folder, "--mailbox", "sales") == 0
    assert "skipped 1: 1 not mail" in capsys.readouterr().out
    assert ingest.mails[0][1] == "sales"

    (folder / "c.eml").write_bytes(mail(2, b"x" * LARGEST))
    assert run_import(monkeypatch, folder) == 1
    out = capsys.readouterr().out
    assert f"skipped {folder / 'c.eml'}: too large: {len(mail(2, b'x' * LARGEST))} bytes" in out.splitlines()


def test_a_busy_ingest_is_asked_again(
    ingest: Ingest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ingest.failures = 9

    assert run_import(monkeypatch, mbox(tmp_path / "box", 20)) == 0
    assert len(ingest.mails) == 20


def test_mails_that_nobody_reads_are_a_failure(
    ingest: Ingest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ingest.unread = 3
    monkeypatch.setattr(importer, "_STALLED_S", 0.1)

    assert run_import(monkeypatch, mbox(tmp_path / "box", 10)) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("postroom: 3 mails are not read yet")
    assert "accepted 10 = 7 new" in captured.out


def test_a_wrong_token_ends_it_in_one_line(
    ingest: Ingest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ingest.token = "another"

    assert run_import(monkeypatch, mbox(tmp_path / "box", 1)) == 1
    assert capsys.readouterr().err == ("postroom: ingest refused the import: the internal token is missing or wrong\n")


def test_nothing_running_and_nothing_there_are_told_apart(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_import(monkeypatch, mbox(tmp_path / "box", 1)) == 1
    assert capsys.readouterr().err == f"postroom: Postroom is not running in {home.path} (make up starts it)\n"

    assert run_import(monkeypatch, tmp_path / "box", tmp_path / "nowhere") == 2
    assert capsys.readouterr().err == f"postroom: {tmp_path / 'nowhere'} is not there\n"


async def test_an_ingest_that_stays_away_is_given_up(home: Home) -> None:
    async with Door("http://127.0.0.1:9", "t", "run", patience=0.3) as door:
        with pytest.raises(StackError, match=r"ingest did not answer for 0\.3 s \(ConnectError\)"):
            await door.hand_in(mail(1), "support")


@pytest.mark.parametrize(
    ("known", "wanted", "expected"),
    [
        (["a"], None, "a"),
        (["a", "support"], None, "support"),
        (["a", "support"], "a", "a"),
    ],
)
def test_the_mailbox_is_clear(known: list[str], wanted: str | None, expected: str) -> None:
    assert choose_mailbox({name: f"{name}@example.com" for name in known}, wanted) == expected


@pytest.mark.parametrize(
    ("known", "wanted", "message"),
    [
        ([], None, "there is no mailbox yet"),
        (["b", "a"], None, r"say which mailbox with --mailbox: a \(a@example.com\), b \(b@example.com\)"),
        (["a"], "b", r"there is no mailbox 'b'; there are: a \(a@example.com\)"),
    ],
)
def test_an_unclear_mailbox_is_asked_for(known: list[str], wanted: str | None, message: str) -> None:
    with pytest.raises(StackError, match=message):
        choose_mailbox({name: f"{name}@example.com" for name in known}, wanted)
