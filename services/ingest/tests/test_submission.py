"""Contacts of other channels than mail, as they are read."""

import json

from postroom_ingest.submission import read_submission


def test_subject_and_name_are_one_line() -> None:
    sender = {"id": "web:1", "name": "Ann\r\nBcc: x@example.com"}
    submission = {"channel": "form", "sender": sender, "subject": "Order\u2028late\n\tagain", "text": "x"}
    mail = read_submission(json.dumps(submission).encode(), "c1")
    assert mail.subject == "Order late again"
    assert mail.from_ is not None
    assert mail.from_.name == "Ann Bcc: x@example.com"


def test_control_characters_alone_are_no_subject() -> None:
    submission = {"channel": "call", "sender": {"id": "web:1", "name": "\x01"}, "subject": "\x02"}
    assert read_submission(json.dumps(submission).encode(), "c1").subject == "Call: web:1"
