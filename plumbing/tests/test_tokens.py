"""Signed marks come back as they went out, and nothing else does."""

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_plumbing.ids import new_id
from postroom_plumbing.tokens import (
    OwnMessageId,
    own_message_id,
    read_own_message_id,
    read_survey_token,
    survey_token,
)

SECRET = "a secret of sixteen or more"
TICKET, OUTGOING = new_id(), new_id()


@pytest.mark.parametrize("kind", ["ack", "reply", "survey"])
def test_a_message_id_of_ours_is_read_back(kind: str) -> None:
    message_id = own_message_id(SECRET, kind, TICKET, OUTGOING, "example.com")  # type: ignore[arg-type]
    assert read_own_message_id(SECRET, message_id) == OwnMessageId(kind, TICKET, OUTGOING)  # type: ignore[arg-type]
    assert read_own_message_id("another secret, as long", message_id) is None


def test_a_message_id_of_ours_fits_on_a_line_as_a_reply_quotes_it() -> None:
    mail = EmailMessage()
    mail["In-Reply-To"] = f"<{own_message_id(SECRET, 'reply', TICKET, OUTGOING, 'example.com')}>"
    assert b"=?" not in mail.as_bytes()


@given(st.integers(min_value=0), st.sampled_from("abcXYZ019-_"))
def test_a_changed_message_id_is_not_ours(position: int, letter: str) -> None:
    message_id = own_message_id(SECRET, "reply", TICKET, OUTGOING, "example.com")
    token = message_id.partition("@")[0]
    at = position % (len(token) - 1)  # the last letter has bits that say nothing
    changed = token[:at] + letter + token[at + 1 :]
    if changed != token:
        assert read_own_message_id(SECRET, f"{changed}@example.com") is None


@given(st.text(max_size=120))
def test_whatever_comes_is_read_without_an_error(text: str) -> None:
    assert read_own_message_id(SECRET, text) is None
    assert read_survey_token(SECRET, text) is None


def test_a_survey_link_is_read_back_and_cannot_be_made_up() -> None:
    token = survey_token(SECRET, TICKET, OUTGOING)
    assert read_survey_token(SECRET, token) == (TICKET, OUTGOING)
    assert read_survey_token("another secret, as long", token) is None
    assert read_survey_token(SECRET, survey_token("another secret, as long", TICKET, OUTGOING)) is None
