"""`postroom reparse`: what differs between two readings, and what is said of it."""

import json
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_local.cli import main
from postroom_local.reparse import FIELDS, described, differences, summary

TOKEN = "a-token-of-sixteen-letters"


def reading(**other: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {"subject": "Hello", "text": "One\nTwo\n", "own_words": None, "html": None}
    plain |= {"automatic": None, "language": "en", "attachments": [], "defects": []}
    return plain | other


NOW = {
    "a": reading(),
    "b": reading(text="One\nThree\n", language=None),
    "c": reading(),
    "d": {"missing": True},
    "e": reading(attachments=["a.pdf"]),
}
STATED: list[str] = []
STORED = {"a": reading(own_words=""), "b": reading(), "e": reading()}


class Services(ThreadingHTTPServer):
    """Ingest and desk in one, two contacts on a page."""


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        after = query.get("after", [""])[0]
        ids = [one for one in NOW if one > after][: min(2, int(query["limit"][0]))]
        self._answer({"items": [{"contact": one, **NOW[one]} for one in ids], "next": ids[-1] if ids else None})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/v1/reread":
            STATED.extend(asked["contacts"])
            self._answer({"stated": len(asked["contacts"])})
        else:
            self._answer({one: STORED[one] for one in asked["ids"] if one in STORED})

    def _answer(self, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(200 if self.headers["Authorization"] == f"Bearer {TOKEN}" else 401)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = Services(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    for name in ("INGEST_URL", "DESK_URL"):
        monkeypatch.setenv(f"POSTROOM_{name}", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("POSTROOM_INTERNAL_TOKEN", TOKEN)
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["postroom", "reparse", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_what_would_change_is_shown_and_counted(
    services: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "--dry-run") == 0
    assert capsys.readouterr().out.splitlines() == [
        "b",
        "  text",
        "    -Two",
        "    +Three",
        "  language",
        "    -en",
        "e",
        "  attachments",
        "    +a.pdf",
        "5 read, 2 would change: 1 text, 1 language, 1 attachments",
        "1 not in desk",
        "1 without a source",
    ]


def test_for_programs_there_is_a_line_for_each_that_differs(
    services: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "--dry-run", "--json", "--after", "b") == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {"contact": "e", "changes": {"attachments": {"stored": [], "now": ["a.pdf"]}}}
    assert run(monkeypatch, "--dry-run", "--json", "--limit", "1") == 0
    assert capsys.readouterr().out == ""


def test_what_differs_is_stated_unless_it_is_a_dry_run(
    services: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    STATED.clear()
    assert run(monkeypatch, "--dry-run") == 0
    assert STATED == []
    assert run(monkeypatch) == 0
    assert STATED == ["b", "e"]
    assert "5 read, 2 changed:" in capsys.readouterr().out


def test_long_differences_are_cut_and_steer_no_terminal() -> None:
    change = differences(reading(), reading(text="\x1b[2J\n" * 100, subject="\x1b]0;x\x07"))
    lines = described("c", change)
    assert len(lines) < 30
    assert any("lines more" in line for line in lines)
    assert "\x1b" not in "".join(lines)


@given(st.sampled_from(FIELDS), st.text(min_size=1), st.text(min_size=1))
def test_a_field_differs_when_it_differs(name: str, one: str, other: str) -> None:
    change = differences(reading(**{name: one}), reading(**{name: other}))
    assert list(change) == ([name] if one != other else [])


def test_nothing_read_is_said_too() -> None:
    assert summary(Counter()) == "0 read, 0 would change"
