"""What the catcher reads out of a mail, of a search and of its environment: all pure."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_local.catcher import shape
from postroom_local.catcher.mail import Address, decode_words, read_mail, self_contained, visible_text
from postroom_local.catcher.query import Term, parse_query
from postroom_local.catcher.settings import Settings

WITH_PICTURE = b"""\
From: =?utf-8?B?2b7YtNiq24zYqNin2YbbjA==?= <support@example.com>\r
To: "Doe, Jane" <jane@example.org>, bob@example.org\r
Subject: =?gb2312?B?tqm1pQ==?=\r
 =?utf-8?Q?_42?=\r
Message-Id: <one@example.com>\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary=A\r
\r
--A\r
Content-Type: multipart/related; boundary=B\r
\r
--B\r
Content-Type: text/html; charset=utf-8\r
\r
<style>p{}</style><p>Hello&nbsp;you <img src="cid:logo@x"></p>\r
--B\r
Content-Type: image/png\r
Content-ID: <logo@x>\r
Content-Transfer-Encoding: base64\r
\r
iVBORw0=\r
--B--\r
--A\r
Content-Type: application/pdf\r
Content-Disposition: attachment; filename*=utf-8''Gr%C3%B6%C3%9Fe.pdf\r
Content-Transfer-Encoding: base64\r
\r
JVBERg==\r
--A--\r
"""


def test_reads_people_words_and_parts() -> None:
    mail = read_mail(WITH_PICTURE)
    assert mail.sender == Address("پشتیبانی", "support@example.com")
    assert mail.to == (Address("Doe, Jane", "jane@example.org"), Address("", "bob@example.org"))
    assert mail.subject == "订单 42"
    assert mail.message_id == "one@example.com"
    assert [(p.part_id, p.name, p.inline, p.data()) for p in mail.parts] == [
        ("1.2", "logo@x", True, b"\x89PNG\r"),
        ("2", "Größe.pdf", False, b"%PDF"),
    ]
    assert mail.snippet() == "Hello you"
    assert 'src="data:image/png;base64,iVBORw0="' in self_contained(mail)


def test_list_fields_show_unnamed_recipients_as_bcc() -> None:
    fields = shape.list_fields(read_mail(WITH_PICTURE), ["JANE@example.org", "secret@example.org"])
    assert fields["Bcc"] == [{"Name": "", "Address": "secret@example.org"}]
    assert fields["Attachments"] == 1


def test_headers_are_named_as_go_names_them_and_stay_encoded() -> None:
    headers = shape.headers(
        read_mail(b"MIME-VERSION: 1.0\nmessage-ID: <a@b>\nX-A: 1\nSubject: =?utf-8?Q?=C3=A9?=\nx-a: 2\n\n")
    )
    assert headers == {
        "Message-Id": ["<a@b>"],
        "Mime-Version": ["1.0"],
        "Subject": ["=?utf-8?Q?=C3=A9?="],
        "X-A": ["1", "2"],
    }


@pytest.mark.parametrize(
    ("body", "charset", "text"),
    [
        ("订单".encode("gb18030"), "gb2312", "订单"),
        ("發票".encode("big5"), "big5", "發票"),
        ("سلام".encode(), "utf-8", "سلام"),
        ("naïve".encode(), "no-such-charset", "naïve"),
        (b"caf\xe9", "utf-8", "caf�"),
    ],
)
def test_body_charsets(body: bytes, charset: str, text: str) -> None:
    raw = f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n".encode() + body
    assert read_mail(raw).text == text


def test_raw_utf8_headers_and_a_date_without_zone() -> None:
    mail = read_mail(
        "Subject: سلام دنیا\nDate: Mon, 23 Nov 2026 10:00:00 -0000\nFrom: علی <ali@example.com>\n\n".encode()
    )
    assert mail.subject == "سلام دنیا"
    assert mail.sender.name == "علی"
    assert mail.date == datetime(2026, 11, 23, 10, tzinfo=UTC)


def test_an_attached_mail_is_one_attachment() -> None:
    raw = (
        b"Content-Type: multipart/mixed; boundary=A\n\n--A\n\nsee below\n--A\nContent-Type: message/rfc822\n\n"
        b"Subject: inner\n\ninner text\n--A--\n"
    )
    mail = read_mail(raw)
    assert mail.text.strip() == "see below"
    assert [p.content_type for p in mail.parts] == ["message/rfc822"]
    assert b"inner text" in mail.parts[0].data()


@given(st.binary(max_size=600))
def test_any_bytes_can_be_shown(noise: bytes) -> None:
    for raw in (noise, b"Subject: =?" + noise, b"Content-Type: multipart/mixed; boundary=A\n\n--A\n" + noise):
        mail = read_mail(raw)
        fields = shape.detail("id", mail, "", ["a@example.com"], datetime.now(UTC), len(raw))
        assert isinstance(fields["Text"], str)
        assert len(mail.snippet()) <= 250


def test_nesting_too_deep_for_the_parser_is_shown_as_source() -> None:
    raw = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000))
    assert read_mail(raw).text.startswith("Content-Type: multipart/mixed; boundary=b0")


@given(st.text())
def test_header_words_never_raise(text: str) -> None:
    assert isinstance(decode_words(f"=?utf-8?B?{text}?= =?{text}?Q?x?="), str)


def test_visible_text_leaves_out_what_is_not_shown() -> None:
    assert visible_text("<head><title>t</title></head><b>a</b><!-- c --><script>x()</script>&lt;i").split() == [
        "a",
        "<i",
    ]


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("Hello World", (Term(None, "hello"), Term(None, "world"))),
        ('"hello  world"', (Term(None, "hello world"),)),
        ('subject:"two words" to:a@B.c', (Term("subject", "two words"), Term("to", "a@b.c"))),
        ("Message-ID:<x@y>", (Term("message-id", "x@y"),)),
        ("12:30 http://x", (Term(None, "12:30"), Term(None, "http://x"))),
        ('from: "" ', ()),
        ('say "no end', (Term(None, "say"), Term(None, "no end"))),
        ("سلام 订单", (Term(None, "سلام"), Term(None, "订单"))),
    ],
)
def test_queries(query: str, terms: tuple[Term, ...]) -> None:
    assert parse_query(query) == terms


@given(st.text())
def test_terms_are_never_empty(query: str) -> None:
    assert all(term.text == term.text.casefold().strip() != "" for term in parse_query(query))


@pytest.mark.parametrize(
    ("env", "name"),
    [
        ({"POSTROOM_HTTP_PORT": "many"}, "POSTROOM_HTTP_PORT"),
        ({"POSTROOM_HTTP_PORT": "70000"}, "POSTROOM_HTTP_PORT"),
        ({"POSTROOM_CATCHER_SMTP_PORT": "-1"}, "POSTROOM_CATCHER_SMTP_PORT"),
        ({"POSTROOM_CATCHER_SMTP_PORT": "8025"}, "POSTROOM_CATCHER_SMTP_PORT"),
        ({"POSTROOM_HTTP_HOST": "two words"}, "POSTROOM_HTTP_HOST"),
        ({"POSTROOM_HOME": __file__}, "POSTROOM_HOME"),
    ],
)
def test_a_wrong_setting_is_named(env: dict[str, str], name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}: ") as error:
        Settings.load(env)
    assert "\n" not in str(error.value)


def test_settings_have_defaults() -> None:
    settings = Settings.load({"POSTROOM_HOME": "/nowhere"})
    assert (settings.host, settings.http_port, settings.smtp_port) == ("127.0.0.1", 8025, 2526)
    assert str(settings.database) == "/nowhere/catcher.sqlite3"
