"""`postroom reparse`: what differs between two readings, and what is said of it."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stand_in import TOKEN, Answers, Service, exit_code_of, served

from postroom_local.reparse import FIELDS, described, differences, summary


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


class IngestAndDesk(Answers):
    """Two contacts on a page."""

    def get(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        after = query.get("after", [""])[0]
        ids = [one for one in NOW if one > after][: min(2, int(query["limit"][0]))]
        self.answer(200, {"items": [{"contact": one, **NOW[one]} for one in ids], "next": ids[-1] if ids else None})

    def post(self) -> None:
        asked = json.loads(self.body())
        if self.path == "/v1/reread":
            STATED.extend(asked["contacts"])
            self.answer(200, {"stated": len(asked["contacts"])})
        else:
            self.answer(200, {one: STORED[one] for one in asked["ids"] if one in STORED})


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with served(Service(IngestAndDesk)) as url:
        for name in ("INGEST_URL", "DESK_URL"):
            monkeypatch.setenv(f"POSTROOM_{name}", url)
        monkeypatch.setenv("POSTROOM_INTERNAL_TOKEN", TOKEN)
        yield


def test_what_would_change_is_shown_and_counted(
    services: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(monkeypatch, "reparse", "--dry-run") == 0
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
    assert exit_code_of(monkeypatch, "reparse", "--dry-run", "--json", "--after", "b") == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {"contact": "e", "changes": {"attachments": {"stored": [], "now": ["a.pdf"]}}}
    assert exit_code_of(monkeypatch, "reparse", "--dry-run", "--json", "--limit", "1") == 0
    assert capsys.readouterr().out == ""


def test_what_differs_is_stated_unless_it_is_a_dry_run(
    services: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    STATED.clear()
    assert exit_code_of(monkeypatch, "reparse", "--dry-run") == 0
    assert STATED == []
    assert exit_code_of(monkeypatch, "reparse") == 0
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
