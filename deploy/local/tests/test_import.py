"""`postroom import` from outside, with a stand-in for ingest that counts as ingest does."""

import io
import os
import re
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from stand_in import Answers, Service, exit_code_of, served

from postroom_local import handing_in
from postroom_local.errors import StackError
from postroom_local.home import Home
from postroom_local.importer import choose_mailbox
from postroom_local.ingest_door import Door
from postroom_local.journal import opened_journal
from postroom_local.runfile import Entry, Run, write_run

LARGEST = 5_000


class Ingest(Service):
    """Takes mails like ingest's door: 503 for the first `failures`, 413 above LARGEST, duplicates by content."""

    def __init__(self, token: str) -> None:
        super().__init__(Doors)
        self.token = token
        self.mailboxes = {"support": "support@example.com", "sales": "sales@example.com"}
        self.failures = 0
        self.unread = 0
        self.requests: list[int] = []
        self.most_waiting = 0
        self.reads_a_call: int | None = None
        self.stops_after: int | None = None
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
        if self.reads_a_call is not None:
            self.most_waiting = max(self.most_waiting, self.unread)
            self.unread = max(0, self.unread - self.reads_a_call)
        outcomes["new"] -= min(self.unread, outcomes["new"])
        return {"accepted": accepted, **outcomes}

    def take(self, run: str, mailbox: str, mails: list[bytes]) -> None:
        """Accept the mails of one request."""
        self.requests.append(len(mails))
        self.mails += [(run, mailbox, raw) for raw in mails]
        if self.reads_a_call is not None:
            self.unread += len(mails)


class Doors(Answers):
    server: Ingest

    def get(self) -> None:
        path = urlsplit(self.path).path
        self.answer(200, self.server.mailboxes if path == "/v1/mailboxes" else self.server.counts(path.split("/")[3]))

    def post(self) -> None:
        mails = split(self.body())
        url = urlsplit(self.path)
        with self.server.lock:
            if self.server.failures:
                self.server.failures -= 1
                self.answer(503, {"detail": "not stored, try again"})
            elif any(len(raw) > LARGEST for raw in mails):
                self.answer(413, {"detail": "larger"})
            else:
                stops = self.server.stops_after
                if stops is not None and len(self.server.mails) >= stops:
                    return  # the connection ends without an answer
                self.server.take(url.path.split("/")[3], parse_qs(url.query)["mailbox"][0], mails)
                self.answer(202, {"contacts": ["c"] * len(mails)})


def split(body: bytes) -> list[bytes]:
    """The netstrings in a body."""
    found = []
    while body:
        length, _, rest = body.partition(b":")
        assert rest[int(length) : int(length) + 1] == b","
        found.append(rest[: int(length)])
        body = rest[int(length) + 1 :]
    return found


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    home = Home(tmp_path / "home")
    home.make()
    monkeypatch.setenv("POSTROOM_HOME", str(home.path))
    return home


@pytest.fixture
def ingest(home: Home) -> Iterator[Ingest]:
    """A running stand-in, written down in `home` as `postroom up` does it."""
    server = Ingest(home.secrets({}).internal_token)
    with served(server) as address, home.locked():
        write_run(home, Run(pid=1, entries=[Entry(name="ingest-receive", kind="service", address=address)]))
        yield server


def mail(number: int, body: bytes = b"hello\n") -> bytes:
    return b"From: ana@example.com\nSubject: %d\n\n" % number + body


def mbox(path: Path, count: int) -> Path:
    path.write_bytes(b"".join(b"From - Mon Jan  5 10:00:00 2026\n%b\n" % mail(number) for number in range(count)))
    return path


def run_import(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """The exit code of `postroom import ARGUMENTS`."""
    return exit_code_of(monkeypatch, "import", *map(str, arguments))


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
    ingest.failures = 3

    assert run_import(monkeypatch, mbox(tmp_path / "box", 200)) == 0
    assert len(ingest.mails) == 200
    assert sorted(ingest.requests) == [8, 64, 64, 64]


def test_mails_that_nobody_reads_are_a_failure(
    ingest: Ingest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ingest.unread = 3
    monkeypatch.setattr(handing_in, "_STALLED_S", 0.1)

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
    async with Door("http://127.0.0.1:9", "t", patience=0.3) as door:
        with pytest.raises(StackError, match=r"ingest did not answer for 0\.3 s \(ConnectError\); run the same"):
            await door.hand_in("run", "support", [mail(1)])


def everything(folder: Path, count: int) -> Path:
    """`count` mails of every form, with different numbers."""
    third = count // 3
    (folder / "maildir" / "cur").mkdir(parents=True)
    (folder / "maildir" / "new").mkdir()
    for number in range(third):
        (folder / "maildir" / "cur" / f"{number:05}.host:2,S").write_bytes(mail(number))
    with zipfile.ZipFile(folder / "mails.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for number in range(third, 2 * third):
            packed.writestr(f"mails/{number}.eml", mail(number))
    boxes = [b"From - Mon Jan  5 10:00:00 2026\n%b\n" % mail(number) for number in range(2 * third, count)]
    (folder / "rest.mbox").write_bytes(b"".join(boxes))
    return folder


@pytest.mark.parametrize("stops_after", [1, 400, 700, 1100])
def test_killed_at_any_time_it_goes_on_where_it_was(
    ingest: Ingest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    stops_after: int,
) -> None:
    folder = everything(tmp_path / "in", 1200)
    ingest.stops_after = stops_after
    first = subprocess.Popen([Path(sys.executable).with_name("postroom"), "import", folder], stdout=subprocess.PIPE)
    while len(ingest.mails) < stops_after:
        assert first.poll() is None
        time.sleep(0.01)
    first.kill()
    first.communicate()
    before, ingest.stops_after = len(ingest.mails), None

    assert run_import(monkeypatch, folder) == 0
    out = capsys.readouterr().out

    assert {raw for _, _, raw in ingest.mails} == {mail(number) for number in range(1200)}
    again = len(ingest.mails) - 1200
    assert again <= min(before, 4 * 64)
    if out.startswith("going on"):
        assert len({run for run, _, _ in ingest.mails}) == 1
        assert re.search(rf"^accepted {1200 + again} = 1200 new \+ 0 appended \+ {again} duplicate", out, re.MULTILINE)
    else:  # killed before it could write anything down
        assert again == before


def test_what_was_acknowledged_is_not_sent_again(
    ingest: Ingest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = everything(tmp_path / "in", 900)
    (folder / "zz.eml").write_bytes(mail(2000, b"x" * LARGEST))
    ingest.unread = 1
    monkeypatch.setattr(handing_in, "_STALLED_S", 0.1)
    assert run_import(monkeypatch, folder) == 1
    assert len(ingest.mails) == 900
    ingest.unread = 0
    capsys.readouterr()

    assert run_import(monkeypatch, folder) == 1  # one is too large
    assert len(ingest.mails) == 900
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "going on: 900 mails were handed in before"
    assert out[-2:] == ["skipped 1: 1 too large", "accepted 900 = 900 new + 0 appended + 0 duplicate + 0 set aside"]

    (folder / "zz.eml").unlink()
    assert run_import(monkeypatch, folder) == 0  # it was through: this is another import
    assert capsys.readouterr().out.splitlines()[-1].startswith("accepted 900 = 0 new + 0 appended + 900 duplicate")


def test_an_import_that_ingest_has_lost_begins_again(
    ingest: Ingest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    box = mbox(tmp_path / "box", 10)
    ingest.unread = 1
    monkeypatch.setattr(handing_in, "_STALLED_S", 0.1)
    assert run_import(monkeypatch, box) == 1
    ingest.mails.clear()
    ingest.unread = 0

    assert run_import(monkeypatch, box) == 0
    assert len(ingest.mails) == 10
    assert "ingest does not know what was handed in before: from the beginning" in capsys.readouterr().out


def test_a_damaged_journal_is_no_obstacle_and_a_second_import_of_the_same_is_refused(
    ingest: Ingest, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    box = mbox(tmp_path / "box", 10)
    with opened_journal(home.folder("imports"), [box], "support"):
        assert run_import(monkeypatch, box) == 1
        assert capsys.readouterr().err == "postroom: this import is running already\n"
    (file,) = home.folder("imports").iterdir()
    file.write_bytes(b"not a database" * 100)

    assert run_import(monkeypatch, box) == 0
    assert len(ingest.mails) == 10
    assert list(home.folder("imports").iterdir()) == []


def test_it_does_not_run_far_ahead_of_who_reads(
    ingest: Ingest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ingest.reads_a_call = 100
    monkeypatch.setattr(handing_in, "MOST_UNREAD", 1000)
    monkeypatch.setattr(handing_in, "_ASK_S", 0.001)

    assert run_import(monkeypatch, mbox(tmp_path / "box", 5000)) == 0
    assert 500 < ingest.most_waiting <= 1000
    assert "accepted 5000 = 5000 new" in capsys.readouterr().out


def test_files_that_are_no_mail_are_refused_before_anything_is_taken(
    ingest: Ingest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n\0\0")

    assert run_import(monkeypatch, mbox(tmp_path / "box", 3), picture) == 2
    assert capsys.readouterr().err == (
        f"postroom: {picture} is no mail: it is neither a mail (.eml), nor an mbox, nor a zip of them\n"
    )
    assert ingest.mails == []


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "utf-8"])
def test_names_that_the_terminal_cannot_show_do_no_harm(
    ingest: Ingest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("نامه.txt".encode(), b"\xff\xfe.txt", b"a\x1b[2Jb.txt"):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(b"words\n")
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, encoding=encoding))

    assert run_import(monkeypatch, folder) == 0
    sys.stdout.flush()
    lines = shown.getvalue().decode(encoding).splitlines()
    assert [line for line in lines if "??.txt: not mail" in line or "????.txt: not mail" in line]
    assert f"skipped {folder}/a?[2Jb.txt: not mail" in lines
    assert lines[-2] == "skipped 3: 3 not mail"


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
