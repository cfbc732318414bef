"""Any bytes become a contact: the whole pure reading, with what must hold of all it says (see tests/fuzz/whole.py)."""

import json
import random

from fuzz.pieces import assemble, submission
from fuzz.whole import LENS, check_mail, check_submission, mail_event
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from postroom_ingest.contact import read
from postroom_ingest.submission import Submission

ASSEMBLED = st.integers(0, 2**32).map(lambda seed: assemble(random.Random(seed)))


@settings(deadline=None)  # the first reading loads the language model
@given(st.binary(max_size=3000))
@example(b"")
@example(b"\0")
@example(b"Subject: \xed\xa0\x80\r\n\r\n\xed\xa0\x80")
def test_any_bytes_become_a_contact(raw: bytes) -> None:
    check_mail(raw)


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ASSEMBLED)
def test_any_mail_like_bytes_become_a_contact(raw: bytes) -> None:
    check_mail(raw)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ASSEMBLED)
def test_reading_again_says_the_same(raw: bytes) -> None:
    event = mail_event(raw)
    assert read(event, raw, LENS) == read(event, raw, LENS)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32))
def test_any_submission_becomes_a_contact(seed: int) -> None:
    raw = json.dumps(submission(random.Random(seed))).encode()
    assume(_is_taken(raw))
    check_submission(raw)


def _is_taken(raw: bytes) -> bool:
    """Whether the door lets it in."""
    try:
        Submission.model_validate_json(raw)
    except ValidationError:
        return False
    return True


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ASSEMBLED)
def test_what_was_redacted_stays_redacted(raw: bytes) -> None:
    mail = read(mail_event(raw), raw, LENS).mail
    for text in (mail.subject, mail.text):
        assert LENS.redactor.text(text).text == text
