"""Machine mail by its head (RFC 3834), and people who must not be taken for machines."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom_ingest.parse import automatic, parse, read_head

MACHINES = {
    "vacation": ("Auto-Submitted: auto-replied (vacation)", "auto-reply"),
    "vacation with parameters": ("Auto-Submitted: Auto-Replied; owner-email=a@b", "auto-reply"),
    "monitor": ("Auto-Submitted: auto-generated", "auto-generated"),
    "an unknown keyword is not `no`": ("Auto-Submitted: auto-whatever", "auto-generated"),
    "passed on by a machine": ("Auto-Submitted: auto-forwarded", "no-reply-wanted"),
    "X-Autoreply": ("X-Autoreply: yes", "auto-reply"),
    "X-Autorespond": ("X-Autorespond:", "auto-reply"),
    "Precedence auto_reply": ("Precedence: auto_reply", "auto-reply"),
    "Apple's vacation": ("X-Apple-Action: VACATION", "auto-reply"),
    "generated": ("X-FC-MachineGenerated: true", "auto-generated"),
    "bulk": ("Precedence: bulk", "bulk"),
    "junk": ("Precedence: junk", "bulk"),
    "unsubscribe": ("List-Unsubscribe: <https://e.example/u>", "bulk"),
    "list by Precedence": ("Precedence: list", "list"),
    "list by id": ("List-Id: Users <users.e.example>", "list"),
    "list named, though bulk too": ("Precedence: bulk\nList-Id: <users.e.example>", "list"),
    "null return path": ("Return-Path: <>", "bounce"),
    "null return path, answering": ("Return-Path: <>\nIn-Reply-To: <1@b>", "auto-reply"),
    "mailer daemon": ("From: Mail Delivery <MAILER-DAEMON@e.example>", "bounce"),
    "mailer daemon without a host": ("From: MAILER-DAEMON", "bounce"),
    "postmaster": ("From: postmaster@e.example", "bounce"),
    "report": ('Content-Type: multipart/report; report-type="delivery-status"; boundary=b', "bounce"),
    "report that calls itself a reply": (
        "Auto-Submitted: auto-replied\nContent-Type: multipart/report; report-type=delivery-status",
        "bounce",
    ),
    "read receipt": ("Content-Type: multipart/report; report-type=disposition-notification", "auto-reply"),
    "abuse report": ("Content-Type: multipart/report; report-type=feedback-report", "auto-generated"),
    "suppression": ("X-Auto-Response-Suppress: DR, OOF, AutoReply", "no-reply-wanted"),
    "loop mark": ("X-Loop: support@e.example", "no-reply-wanted"),
    "noreply": ("From: Shop <no-reply@e.example>", "no-reply-wanted"),
}
PEOPLE = {
    "plain": "From: Ann <ann@e.example>",
    "says so": "Auto-Submitted: no",
    "says so with a comment": "Auto-Submitted: No (really)",
    "return path": "Return-Path: <ann@e.example>",
    "normal precedence": "Precedence: normal",
    "suppresses receipts only": "X-Auto-Response-Suppress: DR, RN, NRN",
    "name of a postmaster's street": "From: Postmaster Lane Bakery <ann@e.example>",
    "a form that names the customer": "From: noreply@e.example\nReply-To: ann@e.example",
    "signed": "Content-Type: multipart/signed; boundary=b",
    "asks for no autoreply": "X-Autoreply: no",
    "words in the subject": "Subject: Automatic reply: undeliverable out of office bounce",
}


@pytest.mark.parametrize(("head", "kind"), MACHINES.values(), ids=MACHINES.keys())
def test_machines_are_known_by_their_head(head: str, kind: str) -> None:
    read = parse(f"{head}\n\ntext".encode())
    assert read.automatic == kind
    name = (read.automatic_evidence or "").partition(":")[0].lower()
    assert name in head.lower()


@pytest.mark.parametrize("head", PEOPLE.values(), ids=PEOPLE.keys())
def test_people_are_never_taken_for_machines(head: str) -> None:
    read = parse(f"{head}\n\ntext".encode())
    assert (read.automatic, read.automatic_evidence) == (None, None)


def test_the_envelope_counts_before_the_field() -> None:
    headers = read_head(b"Return-Path: <ann@e.example>\n\n").headers
    assert automatic(headers) is None
    found = automatic(headers, envelope_from="")
    assert found is not None
    assert found.kind == "bounce"
    assert automatic(read_head(b"Return-Path: <>\n\n").headers, envelope_from="ann@e.example") is None


def test_a_person_on_a_list_is_still_list_mail() -> None:
    read = parse(b"Auto-Submitted: no\nList-Id: <users.e.example>\n\n")
    assert read.automatic == "list"


@settings(deadline=None)  # the first reading loads the language model
@given(st.text(st.sampled_from("abc :<>@-=?;\téس订\x00\x0b\x85\u2028"), max_size=60))
def test_what_a_person_writes_never_counts(words: str) -> None:
    raw = f"From: ann@e.example\nSubject: {words}\nAuto-Submitted: no\n\n{words}\nPrecedence: bulk".encode()
    assert parse(raw).automatic is None
