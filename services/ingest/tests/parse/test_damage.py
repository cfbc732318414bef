"""Fields and encodings as mailers and gateways damage them: what their writers meant is read all the same."""

from datetime import UTC, datetime

import pytest

from postroom_ingest.parse import parse
from postroom_ingest.parse.addresses import addresses
from postroom_ingest.parse.dates import read_date
from postroom_ingest.parse.transfer import decode_transfer


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        pytest.param("<a@x.org> (Ann Bo)", [("Ann Bo", "a@x.org")], id="name in a comment"),
        pytest.param("a@x.org (Ann (the one) Bo)", [("Ann (the one) Bo", "a@x.org")], id="comment in a comment"),
        pytest.param("Ann <a@x.org", [("Ann", "a@x.org")], id="never closed"),
        pytest.param("Ann <a@x.org, Bo <b@x.org>", [("Ann", "a@x.org"), ("Bo", "b@x.org")], id="the first not closed"),
        pytest.param("Ann <<a@x.org>>", [("Ann", "a@x.org")], id="closed twice"),
        pytest.param('Ann <"a b"@x.org>', [("Ann", '"a b"@x.org')], id="quoted local part"),
        pytest.param('"a,b"@x.org, c@x.org', [("", '"a,b"@x.org'), ("", "c@x.org")], id="bare quoted local part"),
        pytest.param("Ann <mailto:a@x.org>", [("Ann", "a@x.org")], id="a link"),
        pytest.param("DESK\\ann <a@x.org>", [("DESK\\ann", "a@x.org")], id="backslash outside quotes"),
        pytest.param('"Ann \\"A\\" Bo" <a@x.org>', [("Ann A Bo", "a@x.org")], id="backslash in quotes"),
        pytest.param("=?utf-8?Q?M=C3=BCller_=3Ca=40x=2Eorg=3E?=", [("Müller", "a@x.org")], id="all of it encoded"),
        pytest.param("Ann <a@machine(here).example>", [("Ann", "a@machine.example")], id="comment in the address"),
        pytest.param('"Ann <b@y.org>" <a@x.org>', [("Ann <b@y.org>", "a@x.org")], id="an address for a name"),
    ],
)
def test_damaged_addresses(field: str, expected: list[tuple[str, str]]) -> None:
    assert [(one.name, one.address) for one in addresses(field.encode(), [])] == expected


@pytest.mark.parametrize(
    ("value", "hour", "minute"),
    [
        ("Wed, 20 Sep 1995 00:19:00 (EDT) -0400", 4, 19),
        ("Wed 20 Sep 1995 12:09:22 AM EDT", 4, 9),
        ("Wed 20 Sep 1995 06:09:22 PM GMT", 18, 9),
        ("Wed, 20 Sep 1995 05:19:00 GMT+0200", 3, 19),
        ("Wed, 20 Sep 1995 05:19:00 UTC-5", 10, 19),
        ("Wed, 20 Sep 1995 05:19:00 +02:00", 3, 19),
        ("Wed, 20 Sep 1995 05:19:00.123 +0200", 3, 19),
        ("Wed, 20 Sep 1995 05:59:60 +0000", 5, 59),
        ("Wed, 20 Sep 1995 (a comment) 05:19:00 +0200", 3, 19),
        ('"Wed, 20 Sep 1995 05:19:00 +0200"', 3, 19),
        ("1995-09-20T05:19:00Z", 5, 19),
        ("1995-09-20 05:19:00 +0200", 3, 19),
        ("Wed, 20 Sep 1995 05:19:00 +0200 (CEST)", 3, 19),
    ],
)
def test_dates_in_many_forms(value: str, hour: int, minute: int) -> None:
    date = read_date(value)
    assert date is not None
    assert date.replace(second=0, microsecond=0) == datetime(1995, 9, 20, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("body", "encoding", "text"),
    [
        pytest.param(b"one= \r\ntwo= \t\r\nthree", "quoted-printable", b"onetwothree", id="space behind a soft break"),
        pytest.param(b"one=\rtwo\rthree", "quoted-printable", b"onetwo\nthree", id="lines that end in CR"),
        pytest.param(b"=\r\nGr=c3=\r\n=BC", "quoted-printable", b"Gr\xc3\xbc", id="a break in a character"),
        pytest.param(b"aGVsbG8=\r\nIHdvcmxkIQ==", "base64", b"hello world!", id="two pieces, both padded"),
        pytest.param(b"aGVsbG8=", "base-64", b"hello", id="a name of its own"),
    ],
)
def test_damaged_encodings(body: bytes, encoding: str, text: bytes) -> None:
    assert decode_transfer(body, encoding) == text


@pytest.mark.parametrize(
    ("head", "body", "text"),
    [
        pytest.param('Content-Transfer-Encoding: "quoted-printable"', "=41", "A", id="quoted encoding"),
        pytest.param("Content-Type: multipart; boundary=b", "--b\n\nwords\n--b--", "words", id="no subtype"),
        pytest.param("Content-Type: text/html charset=utf-8", "<b>words</b>", "words", id="no semicolon"),
        pytest.param("Content-Type: text / html", "<b>words</b>", "words", id="spaces at the slash"),
        pytest.param('Content-Type: text/plain; name=" "', "words", "words", id="a blank name is none"),
        pytest.param("Content-Type: text/plain", "one\r\r\ntwo\r\r\n", "one\ntwo", id="line ends converted twice"),
    ],
)
def test_damaged_heads(head: str, body: str, text: str) -> None:
    mail = parse(f"From : Ann <a@x.org>\n{head}\n\n{body}".encode())
    assert (mail.text.strip(), mail.attachments) == (text, ())
    assert mail.from_ is not None
    assert mail.from_.address == "a@x.org"


def test_an_id_that_is_never_closed() -> None:
    mail = parse(b"Message-ID: <a@x.org\nReferences: <b@x.org\n\n")
    assert (mail.message_id, mail.references) == ("a@x.org", ("b@x.org",))


PICTURE = "Content-Type: image/png\nContent-ID: <i@x>\n\nPNG\n"
WORDS = "Content-Type: text/html\nContent-ID: <h@x>\n\n<p>words</p>\n"
FILE = "Content-Type: application/pdf; name=a.pdf\n\nPDF\n"
INNER = "Content-Type: multipart/alternative; boundary=b\n\n--b\n\nwords\n--b--\n"


@pytest.mark.parametrize(
    ("kind", "parts", "files"),
    [
        pytest.param("related; start=h@x", [PICTURE, WORDS], ["image/png"], id="the root is named"),
        pytest.param("related", [PICTURE, WORDS], ["image/png"], id="the root is the first text"),
        pytest.param("mixed", [INNER, FILE], ["application/pdf"], id="a boundary used again within"),
    ],
)
def test_nothing_is_lost_in_odd_multiparts(kind: str, parts: list[str], files: list[str]) -> None:
    body = "".join(f"--b\n{part}" for part in parts)
    mail = parse(f"Content-Type: multipart/{kind}; boundary=b\n\n{body}--b--\n".encode())
    assert mail.text.strip() == "words"
    assert [one.content_type for one in mail.attachments] == files


LINES = "Subject: one\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nwords\nmore: words\n--b--\n"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        pytest.param(LINES.replace("\n", "\r\r\n"), "words\nmore: words", id="line ends converted twice"),
        pytest.param(LINES.replace("\n", "\r") + "\r\n", "words\nmore: words", id="bare CR, then the CRLF of SMTP"),
        pytest.param(LINES.replace("\n\n--b", "\n \n--b"), "words\nmore: words", id="white space for the blank line"),
        pytest.param("From x\n>From y\n" + LINES, "words\nmore: words", id="two mbox lines"),
        pytest.param("Subject: one\nX-A: 1\n \nX-B: 2\n\nwords", "words", id="white space within a field"),
    ],
)
def test_where_the_head_ends(raw: str, text: str) -> None:
    mail = parse(raw.encode())
    assert (mail.subject, mail.text.strip()) == ("one", text)
