"""`postroom ledger` and `postroom set-aside` from outside, with a stand-in for ingest."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from stand_in import TOKEN, Answers, Service, exit_code_of, served


def waiting(number: int) -> dict[str, Any]:
    return {
        "contact": f"c{number:03}",
        "cause": "spam",
        "at": "2026-03-02T09:00:00Z",
        "mailbox": "support",
        "sender": f"eve{number}@x",
        "subject": f"Win {number}\x1b[31m now",
        "released_at": None,
    }


def read(number: int) -> dict[str, Any]:
    eve = {"address": f"eve{number}@x", "name": "Eve"}
    ours = {"address": "support@example.com", "name": ""}
    parts = [{"name": "a\u202egpj.exe", "size": 7}]
    told = {"sender": eve, "to": [ours], "cc": [], "subject_line": "Win", "text": "Click\x1b[2J here\nnow"}
    return {**waiting(number), "read": {**told, "attachments": parts, "automatic": "bulk"}}


class Ingest(Service):
    """Answers as ingest does; 1,200 are set aside."""

    def __init__(self) -> None:
        super().__init__(Doors)
        self.asked: list[tuple[str, str, dict[str, list[str]]]] = []
        self.released: set[str] = set()


class Doors(Answers):
    server: Ingest

    def get(self) -> None:
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        self.server.asked.append(("GET", url.path, query))
        if url.path == "/v1/ledger":
            counts = {"accepted": 5, "new": 2, "appended": 1, "duplicate": 0, "set_aside": 1, "waiting": 1}
            hours = [{"mailbox": box, "hour": "2026-03-02T09:00:00Z", **counts} for box in ("sales", "support")]
            self.answer(200, {"from": query["from"][0], "to": query["to"][0], "hours": hours})
        elif url.path == "/v1/set-aside":
            first = int(query["before"][0][1:]) - 1 if "before" in query else 1199
            last = max(-1, first - int(query["limit"][0]))
            items = [waiting(number) for number in range(first, last, -1)]
            self.answer(200, {"items": items, "next": items[-1]["contact"] if last > -1 else None})
        elif url.path == "/v1/set-aside/c001":
            self.answer(200, read(1))
        else:
            self.answer(404, {"detail": "nothing was set aside as that"})

    def post(self) -> None:
        contact = self.path.split("/")[3]
        fresh = contact not in self.server.released
        self.server.released.add(contact)
        self.answer(202, {"contact": contact, "released": fresh})


@pytest.fixture
def ingest(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ingest]:
    server = Ingest()
    monkeypatch.setenv("POSTROOM_INTERNAL_TOKEN", TOKEN)
    monkeypatch.setenv("COLUMNS", "200")
    with served(server) as url:
        monkeypatch.setenv("POSTROOM_INGEST_URL", url)
        yield server


def test_the_ledger_adds_up(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(monkeypatch, "ledger", "--hours", "3") == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[1] == ["2026-03-02", "09:00", "sales", "5", "2", "1", "0", "1", "1"]
    assert lines[-1] == ["all", "10", "4", "2", "0", "2", "2"]
    ((_, _, query),) = ingest.asked
    assert query["from"][0] < query["to"][0]
    assert exit_code_of(monkeypatch, "ledger", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["hours"]) == 2


def test_what_is_set_aside_is_listed_over_pages(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(monkeypatch, "set-aside", "list", "--limit", "5000", "--json") == 0
    assert [one["contact"] for one in json.loads(capsys.readouterr().out)] == [f"c{n:03}" for n in range(1199, -1, -1)]
    assert len(ingest.asked) == 3
    assert exit_code_of(monkeypatch, "set-aside", "list", "--limit", "2") == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines()[1:]] == ["c1199", "c1198"]
    assert "Win 1199" in out
    assert "\x1b" not in out, "what a stranger wrote does not steer the terminal"


def test_one_is_shown_without_what_steers_a_terminal(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(monkeypatch, "set-aside", "show", "c001") == 0
    out = capsys.readouterr().out
    assert "from: Eve <eve1@x>\nto: support@example.com\nsubject: Win\n" in out
    assert "here\nnow" in out
    assert not {"\x1b", "\u202e"} & set(out)


def test_releasing_says_what_it_did(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(monkeypatch, "set-aside", "release", "c001", "c002", "c001") == 0
    assert capsys.readouterr().out.splitlines() == ["c001 released", "c002 released", "c001 was released before"]


def test_what_goes_wrong_is_one_line(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert exit_code_of(monkeypatch, "set-aside", "show", "zzz") == 1
    assert capsys.readouterr().err == "postroom: nothing was set aside as that\n"
    monkeypatch.setenv("POSTROOM_INTERNAL_TOKEN", "another-token-of-16-letters")
    assert exit_code_of(monkeypatch, "ledger") == 1
    assert capsys.readouterr().err == "postroom: the internal token is not known there\n"
    monkeypatch.setenv("POSTROOM_INGEST_URL", "http://127.0.0.1:9")
    assert exit_code_of(monkeypatch, "ledger") == 1
    assert "nothing answers" in capsys.readouterr().err
    assert exit_code_of(monkeypatch, "ledger", "--home", str(tmp_path)) == 1
    assert "is not running" in capsys.readouterr().err
