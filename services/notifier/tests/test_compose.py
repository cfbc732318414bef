"""The bytes of a mail, read back with the standard library's parser."""

import re
import time
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postroom_contracts.delivery import MailKind
from postroom_contracts.values import Party
from postroom_notifier.compose import Mail, compose
from postroom_notifier.headers import clean

from .making import body, parsed

PERSIAN = "سلام، سفارش من نرسیده است. می‌خواهم بدانم ۱۲۳ کجاست؟"
CHINESE = "您好，我的订单还没有到。𠮷野家"
GERMAN = "Größe prüfen: „Straße“ – bitte mit = und Leerzeichen am Ende \nund weiter."


def mail(**fields: Any) -> Mail:
    given: dict[str, Any] = {
        "kind": "acknowledgement",
        "sender": Party(address="help@acme.example", name="Acme Help"),
        "to": (Party(address="anna@example.org", name="Anna"),),
        "subject": "Re: Printer [#1]",
        "date": datetime(2026, 11, 23, 9, 0, tzinfo=UTC),
        "message_id": "ack.t1.t1.x@acme.example",
        "text": "Hello\n",
    }
    return Mail(**given | fields)


def test_a_whole_mail() -> None:
    raw = compose(mail(references=("a@x", "b@y")))
    assert raw == (
        b"From: Acme Help <help@acme.example>\r\n"
        b"To: Anna <anna@example.org>\r\n"
        b"Subject: Re: Printer [#1]\r\n"
        b"Date: Mon, 23 Nov 2026 09:00:00 +0000\r\n"
        b"Message-ID: <ack.t1.t1.x@acme.example>\r\n"
        b"In-Reply-To: <b@y>\r\n"
        b"References: <a@x>\r\n <b@y>\r\n"
        b"Auto-Submitted: auto-replied\r\n"
        b"X-Auto-Response-Suppress: All\r\n"
        b"Precedence: bulk\r\n"
        b"MIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n"
        b"\r\n"
        b"Hello\r\n"
    )


@pytest.mark.parametrize(
    ("kind", "auto"), [("acknowledgement", "auto-replied"), ("survey", "auto-generated"), ("reply", None)]
)
def test_only_machines_mark_their_mail(kind: MailKind, auto: str | None) -> None:
    found = parsed(compose(mail(kind=kind)))
    assert found["Auto-Submitted"] == auto
    assert found["X-Auto-Response-Suppress"] == (auto and "All")
    assert found["Precedence"] == (auto and "bulk")


TEXTS = st.text() | st.lists(
    st.sampled_from([PERSIAN, CHINESE, GERMAN, ".", "", "=", "From x", " ", "\t", "a" * 99])
).map("\n".join)


@given(TEXTS, st.none() | TEXTS)
@example(PERSIAN, CHINESE)
@example(CHINESE, GERMAN)
@example("no line end", "<p>no line end</p>")
@example("a\r\nb\rc\n\n", "\n")
@example(".\n..\n", "--=_x\n")
def test_texts_survive_byte_for_byte(text: str, html: str | None) -> None:
    raw = compose(mail(text=text, html=html))
    assert body(raw) == text.replace("\r\n", "\n").replace("\r", "\n")
    if html is not None:
        assert body(raw, "html") == html.replace("\r\n", "\n").replace("\r", "\n")
        assert parsed(raw).get_content_type() == "multipart/alternative"


@given(TEXTS, st.text(), st.text(), st.lists(st.text(), max_size=5))
def test_every_mail_server_can_take_the_bytes(text: str, name: str, subject: str, ids: list[str]) -> None:
    raw = compose(
        mail(text=text, to=(Party(address="a@b.example", name=name),), subject=subject, references=tuple(ids))
    )
    assert raw.isascii()
    assert raw.endswith(b"\r\n")
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n|\x00", raw)
    assert max(map(len, raw.split(b"\r\n"))) <= 998


NASTY = st.text(st.characters(categories=["L", "N", "P", "S", "Z", "Cc", "Cf"])) | st.sampled_from(
    ["a\r\nBcc: x@y", "a\nX: y", "a\x00b", "=?utf-8?q?a=0D=0ABcc:_x?=", '"<x@y>"', "a, b", "(c)", PERSIAN, "x " * 99]
)


@given(NASTY, NASTY, NASTY)
def test_no_name_or_subject_makes_a_header(sender: str, to: str, subject: str) -> None:
    parties = (Party(address="a@b.example", name=to), Party(address="c@d.example", name=to))
    raw = compose(mail(sender=Party(address="h@x.example", name=sender), to=parties, subject=subject))
    found = parsed(raw)
    assert found.keys() == parsed(compose(mail())).keys()
    assert [one.addr_spec for one in found["To"].addresses] == ["a@b.example", "c@d.example"]
    assert [one.addr_spec for one in found["From"].addresses] == ["h@x.example"]


READABLE = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=150)


def display_name(raw: bytes) -> str:
    """The name in To. The parser of policy.default keeps spaces between encoded words, against RFC 2047 section 6.2."""
    name, _ = parseaddr(str(message_from_bytes(raw)["To"]))
    return str(make_header(decode_header(name))) if "=?" in name and name.isascii() else name


@given(READABLE)
@example(PERSIAN)
@example(CHINESE * 20)
@example("a" * 300)
@example("word " * 60)
@example("=?utf-8?q?not_ours?=")
@example('quote " and \\ backslash, (comment) <x@y>')
def test_subjects_and_names_are_read_as_they_were_written(text: str) -> None:
    raw = compose(mail(subject=text, to=(Party(address="a@b.example", name=text),)))
    assert str(parsed(raw)["Subject"]) == clean(text)[:500]
    assert display_name(raw) == clean(text)[:200]


def test_the_whole_chain_is_kept_and_folded() -> None:
    chain = tuple(f"{'x' * 60}{number}@example.org" for number in range(300))
    raw = compose(mail(references=chain))
    assert str(parsed(raw)["References"]).split() == [f"<{one}>" for one in chain]
    assert max(map(len, raw.split(b"\r\n"))) < 100


@pytest.mark.parametrize("bad", ["", "a b@c", "a@b\r\nBcc: x", "<<a@b>>", "ä@b", "x" * 901 + "@y"])
def test_message_ids_that_cannot_be_written_are_left_out(bad: str) -> None:
    found = parsed(compose(mail(references=("good@x", bad))))
    assert str(found["References"]) == "<good@x>"


def test_the_same_mail_is_the_same_bytes() -> None:
    assert compose(mail(html="<p>a</p>")) == compose(mail(html="<p>a</p>"))


def test_the_encoding_follows_the_content() -> None:
    assert b"quoted-printable" in compose(mail(text="Wir prüfen das und melden uns.\n"))
    assert b"base64" in compose(mail(text=PERSIAN))


def test_composing_is_cheap() -> None:
    one = mail(text="Hello, this is a line of text.\n" * 12, html="<p>A paragraph with markup.</p>\n" * 60)
    best = min(_seconds(one) for _ in range(5))
    assert best < 0.0005


def _seconds(one: Mail) -> float:
    started = time.process_time()
    for _ in range(100):
        compose(one)
    return (time.process_time() - started) / 100
