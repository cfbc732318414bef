"""Signed marks come back as they went out, and nothing else does."""

import base64
from collections.abc import Callable
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_plumbing.ids import new_id
from postroom_plumbing.tokens import (
    OwnMessageId,
    looks_like_own_message_id,
    looks_like_ticket_address,
    own_message_id,
    read_own_message_id,
    read_survey_token,
    read_ticket_address,
    survey_token,
    ticket_address,
    without_token,
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
    assert read_ticket_address(SECRET, text) is None
    assert not looks_like_own_message_id(text)
    assert without_token(text) == text


def test_the_mark_of_an_address_is_no_message_id_whoever_writes_it_as_one() -> None:
    mark = ticket_address(SECRET, TICKET, "support@example.com").partition("@")[0].rpartition("+")[2]
    token = base64.urlsafe_b64encode(base64.b32decode(mark.upper())).decode().rstrip("=")
    assert read_own_message_id(SECRET, f"{token}@example.com") is None


def test_a_message_id_looks_like_ours_whoever_signed_it() -> None:
    foreign = own_message_id("another secret, as long", "reply", TICKET, OUTGOING, "example.com")
    assert looks_like_own_message_id(foreign)
    assert looks_like_own_message_id(own_message_id(SECRET, "ack", TICKET, TICKET, "example.com"))
    others = ("CAF=abc@mail.gmail.com", f"{TICKET}@example.com", "20260302.1@x", "a" * 58 + "@x", foreign[2:])
    assert not any(looks_like_own_message_id(one) for one in others)


@pytest.mark.parametrize("spelled", [str.lower, str.upper, str.title])
def test_a_marked_address_is_read_back_however_its_letters_are_written(spelled: Callable[[str], str]) -> None:
    address = ticket_address(SECRET, TICKET, "support@example.com")
    assert read_ticket_address(SECRET, spelled(address)) == TICKET
    assert len(address.partition("@")[0]) <= 64
    assert without_token(address) == "support@example.com"


def test_a_detail_of_the_mailbox_itself_stays() -> None:
    address = ticket_address(SECRET, TICKET, "support+eu@example.com")
    assert (read_ticket_address(SECRET, address), without_token(address)) == (TICKET, "support+eu@example.com")
    assert without_token("support+eu@example.com") == "support+eu@example.com"


@given(st.integers(min_value=0, max_value=39), st.sampled_from("abcxyz234567"))
def test_a_changed_mark_in_an_address_is_not_ours(position: int, letter: str) -> None:
    address = ticket_address(SECRET, TICKET, "support@example.com")
    at = len("support+") + position
    changed = address[:at] + letter + address[at + 1 :]
    if changed != address:
        assert read_ticket_address(SECRET, changed) is None


def test_a_mark_that_another_secret_made_is_seen_but_not_believed() -> None:
    address = ticket_address("another secret, as long", TICKET, "support@example.com")
    assert read_ticket_address(SECRET, address) is None
    assert looks_like_ticket_address(address)
    token = address.partition("+")[2].partition("@")[0]
    assert not looks_like_ticket_address(f"{token}@example.com"), "without a plus sign it is an address of its own"


def test_a_survey_link_is_read_back_and_cannot_be_made_up() -> None:
    token = survey_token(SECRET, TICKET, OUTGOING)
    assert read_survey_token(SECRET, token) == (TICKET, OUTGOING)
    assert read_survey_token("another secret, as long", token) is None
    assert read_survey_token(SECRET, survey_token("another secret, as long", TICKET, OUTGOING)) is None
