"""Any bytes at all: parse never raises, agrees with itself, and takes bounded time and memory."""

import time
from datetime import UTC

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from postroom_ingest.parse import attachment_bytes, fingerprint, message_id, parse, thread_root

FIELD_NAMES = st.sampled_from(
    ["Subject", "From", "To", "Date", "Message-ID", "References", "In-Reply-To", "Content-Type", "Reply-To",
     "Content-Transfer-Encoding", "Content-Disposition", "Content-ID", "Auto-Submitted", "Return-Path", "X"]
)  # fmt: skip
SHARDS = st.sampled_from(
    [b"text/html", b"multipart/mixed; boundary=b", b"multipart/alternative; boundary=b", b"message/rfc822", b"base64",
     b"quoted-printable", b"x-uuencode", b"; charset=utf-7", b"; charset=iso-2022-jp", b"; charset=hz", b"\x1b$B",
     b"=?utf-8?Q?=C3?=", b"=?gb2312?B?", b"?=", b'"', b"(", b"<", b">", b",", b":", b";", b"\\", b"\x00", b"\xff\xfe",
     b"; filename*0*=a''%", b'; name="', b"attachment", b"\r\n ", b"begin 644 a\n", b"=", b"+2AA-", b"<a@b>", b"\xe9",
     b"text/calendar", b"application/ms-tnef", b"\x78\x9f\x3e\x22", b"BEGIN:VEVENT\n", b"=ybegin name=x\n",
     b"Mon, 32 Nov 0000 25:61:61 +9999"]
)  # fmt: skip
VALUES = st.lists(SHARDS | st.binary(max_size=8), max_size=6).map(b"".join)
HEADS = st.lists(st.tuples(FIELD_NAMES, VALUES), max_size=6).map(
    lambda fields: b"".join(name.encode() + b": " + value + b"\r\n" for name, value in fields)
)
BODIES = st.lists(
    st.sampled_from([b"--b\r\n", b"\r\n--b--\r\n", b"\r\n", b"<p>", b"<!--", b"<img src='cid:"]) | VALUES | HEADS,
    max_size=8,
)
MAILS = st.tuples(HEADS, BODIES).map(lambda mail: mail[0] + b"\r\n" + b"".join(mail[1]))


def check(raw: bytes) -> None:
    read = parse(raw)
    assert not [d for d in read.defects if d.startswith("unread:")]
    assert read.thread_root == thread_root(raw)
    assert read.message_id == message_id(raw)
    for ids in (read.references, read.in_reply_to, (read.message_id,)):
        if ids and ids[0]:
            assert read.thread_root == ids[0]
            break
    assert read.sent_at is None or read.sent_at.tzinfo is UTC
    shown = [read.subject, read.text, read.html or "", *(a.name for a in read.attachments), *read.defects]
    for text in shown:
        text.encode()
        assert "\x00" not in text
    for attachment in read.attachments:
        again, content = attachment_bytes(raw, attachment.part)
        assert (again, len(content)) == (attachment, attachment.size)
    assert len(fingerprint(read)) == 64


@settings(deadline=None)  # the first reading loads the language model
@given(st.binary(max_size=2000))
@example(b"")
@example(b"\n")
@example(b"\xef\xbb\xbf")
@example(b"From \n")
def test_any_bytes_are_a_mail(raw: bytes) -> None:
    check(raw)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(MAILS)
def test_any_mail_like_bytes_are_a_mail(raw: bytes) -> None:
    check(raw)


MANY = 200_000
NESTED = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(200))
PREFIXES = b"".join(
    b"Content-Type: multipart/mixed; boundary=%s\r\n\r\n--%s\r\n" % (b"b" * n, b"b" * n) for n in range(40, 1, -1)
)
HTML = b"Content-Type: text/html\r\n\r\n"
EXPENSIVE = {
    "multiparts in multiparts": NESTED + b"\r\n" + b"y\r\n" * MANY,
    "mails in mails": b"Content-Type: message/rfc822\r\n\r\n" * 200 + b"\r\n" + b"y" * 5_000_000,
    "boundaries that nearly match": PREFIXES + b"\r\n" + b"\n--bX" * MANY,
    "parts without end": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * MANY,
    "fields without end": b"a: b\r\n" * 10 * MANY,
    "folds without end": b"Subject: a" + b"\r\n b" * 10 * MANY + b"\r\n\r\n",
    "blank lines first": b"\n" * 5_000_000,
    "encoded words never closed": b"Subject: " + b"=?a?q?" * 20_000 + b"\r\n\r\n",
    "quotes": b"To: " + b'\\"' * 30_000 + b"\r\n\r\n",
    "brackets": b"To: " + b"<(" * 30_000 + b"\r\n\r\n",
    "commas": b"To: " + b"x," * 30_000 + b"\r\n\r\n",
    "addresses": b"To: " + b"a@b," * 20_000 + b"\r\n\r\n",
    "parameters": b"Content-Type: text/plain" + b';a="b' * 10_000 + b"\r\n\r\n",
    "files in a text": b"Subject: x\r\n\r\n" + b"begin 644 a\r\n#aaaa\r\nend\r\n" * MANY,
    "files in a text without end": b"Subject: x\r\n\r\n" + b"begin 644 a\r\n#AAAA\r\n" * MANY,
    "raw bytes in the head": b"".join(b"%s: " % n + b"\xce\xe4" * 30_000 + b"\r\n" for n in (b"To", b"Cc", b"Subject")),
    "base64 in pieces": b"Content-Transfer-Encoding: base64\r\n\r\n" + b"aaaa=" * MANY,
    "escapes": b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n" + b"\x1b$B!\xff" * MANY,
    "html nested": HTML + b"<div>" * MANY,
    "html nested behind false ends": HTML + b"<div></x>" * MANY,
    "html of distinct formats": HTML + b"".join(b"<b a=%d></x>" % n for n in range(30_000)),
    "html lists": HTML + b"<ul><li>" * MANY,
    "html attributes": HTML + b"<img " + b"x=1 " * MANY,
    "html never closed": HTML + b"<img style='" * MANY,
}


@pytest.mark.parametrize("raw", EXPENSIVE.values(), ids=EXPENSIVE.keys())
def test_hostile_mail_is_read_in_bounded_time(raw: bytes) -> None:
    parse(b"warm up: the language model is read once\n\nand this is long enough to ask it a question")
    start = time.process_time()
    parse(raw)
    assert time.process_time() - start < 3  # most take a few hundredths; quadratic work took 6 to 15


def test_a_mistake_of_ours_does_not_stop_a_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    def mistaken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("postroom_ingest.parse.reader.choose_bodies", mistaken)
    raw = b"Message-ID: <1@x>\nSubject: help\n\nmy \x00words"
    read = parse(raw)
    assert "my words" in read.text
    assert (read.message_id, read.thread_root, read.defects) == ("1@x", "1@x", ("unread:ZeroDivisionError",))


def test_what_is_cut_is_named() -> None:
    assert "text-cut" in parse(b"Subject: x\n\n" + b"a" * 1_000_000).defects
    assert "html-too-nested" in parse(EXPENSIVE["html nested"]).defects
    assert "nested-too-deep" in parse(EXPENSIVE["multiparts in multiparts"]).defects
    assert "too-many-parts" in parse(EXPENSIVE["parts without end"]).defects
    assert "headers-cut" in parse(EXPENSIVE["fields without end"]).defects
    assert "too-many-addresses" in parse(EXPENSIVE["addresses"]).defects


def test_html_too_nested_to_parse_still_shows_its_words() -> None:
    read = parse(HTML + b"<div>" * MANY + b"help me" + b"</div>" * 10)
    assert read.html is None
    assert "help me" in read.text or "html-cut" in read.defects
