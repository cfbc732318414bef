"""Cursors, entity tags, subjects, passwords, and what a setting may say."""

import base64
import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_desk.acting import reply_subject
from postroom_desk.api import cursors, etags
from postroom_desk.people import hash_password, password_fits
from postroom_desk.settings_store import parse_setting
from postroom_plumbing.problems import Problem

WHEN = datetime(2026, 3, 2, 9, 0, 0, 123000, tzinfo=UTC)
DEEP = base64.urlsafe_b64encode(b"[" * 60_000).decode()


@given(st.text(max_size=40), st.datetimes(timezones=st.just(UTC)))
def test_a_cursor_gives_back_what_was_put_in(text: str, moment: datetime) -> None:
    cursor = cursors.encode(moment, text)
    at, last = cursors.decode(cursor, 2)
    assert (cursors.moment(at), last) == (moment, text)
    assert cursor.isascii()
    assert "=" not in cursor


@pytest.mark.parametrize("cursor", ["", "x", "????", "ü", "bnVsbA", cursors.encode("a"), cursors.encode(1, 2, 3), DEEP])
def test_a_cursor_of_another_list_is_refused(cursor: str) -> None:
    with pytest.raises(Problem) as refused:
        cursors.decode(cursor, 2)
    assert refused.value.status_code == 422
    assert refused.value.errors is not None
    assert refused.value.errors[0]["field"] == "cursor"


@given(st.text(max_size=60))
def test_any_cursor_is_read_or_refused(cursor: str) -> None:
    with contextlib.suppress(Problem):
        assert len(cursors.decode(cursor, 2)) == 2


@pytest.mark.parametrize("value", [None, 7, "", "soon", "2026-03-02", "0001-01-01T00:00:00+01:00", [], "9999-99-99"])
def test_what_is_no_moment_is_refused(value: Any) -> None:
    with pytest.raises(Problem) as refused:
        cursors.moment(value)
    assert refused.value.status_code == 422


@pytest.mark.parametrize(
    ("if_match", "status"),
    [
        (None, None),
        ("*", None),
        (" * ", None),
        ('"3"', None),
        ('W/"3"', None),
        ('"2", "3"', None),
        ('"2"', 412),
        ('"33"', 412),
        ('""', 412),
        ("3", 400),
        ("", 400),
    ],
)
def test_if_match(if_match: str | None, status: int | None) -> None:
    if status is None:
        etags.check(if_match, 3)
        return
    with pytest.raises(Problem) as refused:
        etags.check(if_match, 3)
    assert refused.value.status_code == status
    assert (refused.value.headers == {"ETag": '"3"'}) == (status == 412)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Help", "Re: Help [#7]"),
        ("Re: Help", "Re: Help [#7]"),
        ("RE:Help", "RE:Help [#7]"),
        ("Re: Help [#7]", "Re: Help [#7]"),
        ("Help [#7] please", "Re: Help [#7] please"),
        ("Help [#77]", "Re: Help [#77] [#7]"),
        ("Regarding", "Re: Regarding [#7]"),
        ("返信", "Re: 返信 [#7]"),
    ],
)
def test_the_subject_of_an_answer(subject: str, expected: str) -> None:
    assert reply_subject(subject, 7) == expected
    assert reply_subject(expected, 7) == expected, "however often it goes to and fro"


def test_passwords() -> None:
    stored = hash_password("گذرواژه 密码")
    assert password_fits("گذرواژه 密码", stored)
    assert not password_fits("گذرواژه 密码 ", stored)
    assert hash_password("گذرواژه 密码") != stored, "salted"
    assert "密码" not in stored


@pytest.mark.parametrize(
    ("kind", "value", "fields"),
    [
        pytest.param("queue", {}, {"name"}, id="missing"),
        pytest.param("queue", {"name": "  "}, {"name"}, id="blank"),
        pytest.param("queue", {"name": "A", "teir": 2}, {"teir"}, id="unknown"),
        pytest.param("queue", {"name": "A", "tier": 9, "colour": 1}, {"tier", "colour"}, id="both at once"),
        pytest.param("mailbox", {"name": "A", "address": "a b@c"}, {"address"}, id="address"),
        pytest.param("mailbox", {"name": "A", "address": "a@b", "timezone": "Mars/X"}, {"timezone"}, id="zone"),
        pytest.param("schedule", {"name": "A", "timezone": "UTC", "hours": []}, {"schedule"}, id="no hours"),
        pytest.param(
            "schedule",
            {"name": "A", "timezone": "UTC", "hours": [{"day": 7, "start": "9", "end": "24:00"}]},
            {"hours.0.day", "hours.0.start"},
            id="inside",
        ),
        pytest.param(
            "policy",
            {"name": "A", "targets": {"low": {"first_reply": 0}}},
            {"targets.low.first_reply", "targets.low.resolution"},
            id="deep inside",
        ),
        pytest.param("macro", {"name": "A", "status": "closed"}, {"status"}, id="choice"),
    ],
)
def test_a_wrong_setting_names_each_field(kind: Any, value: dict[str, Any], fields: set[str]) -> None:
    with pytest.raises(Problem) as refused:
        parse_setting(kind, value)
    assert refused.value.status_code == 422
    assert {one["field"] for one in refused.value.errors or []} == fields
    assert all(one["reason"] for one in refused.value.errors or [])


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        pytest.param("rule", {"name": "A", "queue": "q", "order": 10**30}, id="a number beyond the store's"),
        pytest.param("macro", {"name": "A", "text": "\ud800"}, id="half a character"),
        pytest.param("macro", {"name": "A", "text": "x" * 500_000}, id="too large for an event"),
    ],
)
def test_a_setting_that_cannot_be_kept_is_refused(kind: Any, value: dict[str, Any]) -> None:
    with pytest.raises(Problem) as refused:
        parse_setting(kind, value)
    assert [one["field"] for one in refused.value.errors or []] == [kind]


def test_a_field_that_cannot_even_be_said_is_named_as_well_as_it_can() -> None:
    with pytest.raises(Problem) as refused:
        parse_setting("queue", {"name": "A", "\ud800": 1})
    assert [one["field"] for one in refused.value.errors or []] == ["?"]


def test_a_setting_says_what_was_not_said() -> None:
    parsed = parse_setting("mailbox", {"name": " Support ", "address": " Help@Example.COM "})
    assert json.loads(parsed.model_dump_json()) == {
        "name": "Support",
        "address": "help@example.com",
        "queue": None,
        "acknowledge": True,
        "timezone": "UTC",
        "reopen_days": 0,
        "spam": "set-aside",
    }
