"""Whole mails, one trait each: what a person must be able to read however the mail was made."""

from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header
from hashlib import sha256

import pytest

from postroom_ingest.parse import Address, Mail, NoSuchPartError, attachment_bytes, parse

CHINESE = "您好，我的订单还没有到，请帮我查一下物流情况，谢谢。"
TAIWANESE = "您好，我們收到的發票金額與訂單不符，請協助確認並重新開立，謝謝。"
JAPANESE = "お世話になっております。注文した商品がまだ届いておりません。"
KOREAN = "안녕하세요, 주문한 상품이 아직 도착하지 않았습니다. 확인 부탁드립니다."
ARABIC = "مرحبا، لم يصل طلبي حتى الآن. الرجاء التحقق من حالة الشحن."
PERSIAN = "سلام، سفارش من هنوز نرسیده است. لطفاً وضعیت ارسال را بررسی کنید."
RUSSIAN = "Здравствуйте, мой заказ до сих пор не пришёл. Проверьте, пожалуйста."
GERMAN = "Schöne Grüße, die Bestellung für 20 € fehlt – bitte prüfen Sie das."
HALF_WIDTH = "ｱｲｳ①㈱の件"


def mail(head: str, body: bytes | str = b"") -> bytes:
    raw = body.encode() if isinstance(body, str) else body
    return "\r\n".join(head.strip().splitlines()).encode() + b"\r\n\r\n" + raw


def text_mail(charset: str, body: bytes, encoding: str = "8bit") -> bytes:
    return mail(f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: {encoding}", body)


@dataclass(frozen=True)
class Charset:
    label: str
    body: bytes
    text: str
    language: str | None
    defect: str | None = None


CHARSETS = {
    "utf-8": Charset("utf-8", GERMAN.encode(), GERMAN, "de"),
    "latin-1 label with cp1252 bytes": Charset("iso-8859-1", GERMAN.encode("cp1252"), GERMAN, "de"),
    "latin-1 label with utf-8 bytes": Charset("iso-8859-1", GERMAN.encode(), GERMAN, "de", "charset-untrue:iso8859-1"),
    "gb2312 label with gb18030 bytes": Charset(
        "gb2312", "镕堃：".encode("gb18030") + CHINESE.encode("gb18030"), "镕堃：" + CHINESE, "zh"
    ),
    "gb2312 label with utf-8 bytes": Charset("gb2312", CHINESE.encode(), CHINESE, "zh", "charset-untrue:gb2312"),
    "utf-8 label with gb18030 bytes": Charset(
        "utf-8", CHINESE.encode("gb18030"), CHINESE, "zh", "charset-guessed:gb18030"
    ),
    "us-ascii label with gb18030 bytes": Charset(
        "us-ascii", CHINESE.encode("gb18030"), CHINESE, "zh", "charset-guessed:gb18030"
    ),
    "us-ascii label with big5 bytes": Charset(
        "us-ascii", TAIWANESE.encode("big5"), TAIWANESE, "zh", "charset-guessed:big5"
    ),
    "us-ascii label with cp1256 bytes": Charset(
        "us-ascii", ARABIC.encode("cp1256"), ARABIC, "ar", "charset-guessed:cp1256"
    ),
    "us-ascii label with utf-8 bytes": Charset("us-ascii", PERSIAN.encode(), PERSIAN, "fa"),
    "big5": Charset("big5", TAIWANESE.encode("big5"), TAIWANESE, "zh"),
    "korean by its old name": Charset("ks_c_5601-1987", ("똠 " + KOREAN).encode("cp949"), "똠 " + KOREAN, "ko"),
    "x-sjis": Charset("x-sjis", (HALF_WIDTH + JAPANESE).encode("cp932"), HALF_WIDTH + JAPANESE, "ja"),
    "windows-31j": Charset("windows-31j", JAPANESE.encode("cp932"), JAPANESE, "ja"),
    "iso-2022-jp": Charset("iso-2022-jp", JAPANESE.encode("iso2022_jp"), JAPANESE, "ja"),
    "iso-2022-jp with NEC characters": Charset(
        "iso-2022-jp", b"\x1b$B-!!!-j\x1b(B \x1b(I1\x1b(B ok", "①\u3000㈱ ｱ ok", None
    ),
    "iso-2022-jp without a label": Charset("us-ascii", JAPANESE.encode("iso2022_jp"), JAPANESE, "ja"),
    "koi8-r": Charset("koi8-r", RUSSIAN.encode("koi8-r"), RUSSIAN, "ru"),
    "unknown-8bit holding cp1251": Charset(
        "unknown-8bit", RUSSIAN.encode("cp1251"), RUSSIAN, "ru", "charset-unknown:unknown-8bit"
    ),
    "a label nobody knows": Charset("klingon-9", GERMAN.encode("cp1252"), GERMAN, "de", "charset-unknown:klingon-9"),
    "a codec that is no charset": Charset(
        "unicode_escape", b"a\\u0041", "a\\u0041", None, "charset-unknown:unicode-escape"
    ),
    "utf-16": Charset("utf-16", GERMAN.encode("utf-16"), GERMAN, "de"),
    "utf-7 with a lone surrogate": Charset("utf-7", b"a+2AA-b", "a\N{REPLACEMENT CHARACTER}b", None),
    "utf-8 with one damaged byte": Charset(
        "utf-8", RUSSIAN.encode() + b"\xff", RUSSIAN + "\N{REPLACEMENT CHARACTER}", "ru", "charset-damaged:utf-8"
    ),
    "NUL bytes": Charset("utf-8", b"a\x00b\x00c", "abc", None),
}


@pytest.mark.parametrize("case", CHARSETS.values(), ids=CHARSETS.keys())
def test_charsets_are_read_as_their_senders_meant_them(case: Charset) -> None:
    read = parse(text_mail(case.label, case.body))
    assert read.text == case.text
    assert read.language == case.language
    named = [d for d in read.defects if d.startswith("charset-")]
    assert (case.defect in named) if case.defect else named == []


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "8bit"])
def test_transfer_encodings_give_the_same_text(encoding: str) -> None:
    body = CHINESE.encode()
    encoded = {"base64": b64encode(body), "quoted-printable": b"".join(b"=%02X" % b for b in body), "8bit": body}
    assert parse(text_mail("utf-8", encoded[encoding], encoding)).text == CHINESE


@pytest.mark.parametrize(
    ("body", "text"),
    [
        pytest.param(b"aGVsbG8!!gd29ybGQ\r\n", "hello world", id="stray characters and no padding"),
        pytest.param(b"aGVsbG8=\r\nIHdvcmxk", "hello world", id="padding in the middle"),
        pytest.param(b"aGVsbG8=\r\n_____\r\nA list's footer", "hello", id="text behind the end"),
        pytest.param(b"", "", id="nothing"),
    ],
)
def test_damaged_base64_keeps_what_can_be_kept(body: bytes, text: str) -> None:
    assert parse(text_mail("utf-8", body, "base64")).text == text


SUBJECTS = {
    "plain": (b"Hello there", "Hello there"),
    "folded": (b"one\r\n two", "one two"),
    "encoded word": (b"=?utf-8?B?w6k=?= and =?iso-8859-1?q?=E9t=E9?=", "é and été"),
    "language in the word": (b"=?utf-8*fr?Q?=C3=A9t=C3=A9?=", "été"),
    "a character cut in two": (b"=?utf-8?B?5L0=?=\r\n =?utf-8?B?oOWlvQ==?=", "你好"),
    "spaces inside a word": (b"=?utf-8?Q?caf=C3=A9 au lait?=", "café au lait"),
    "question marks inside a word": (b"=?utf-8?Q?really??=", "really?"),
    "never closed": (b"=?utf-8?Q?caf=C3", "=?utf-8?Q?caf=C3"),
    "no padding": (b"=?utf-8?B?w6k?=", "é"),
    "unknown charset": (b"=?x-none?Q?abc=E9?=", "abcé"),
    "raw utf-8": ("سفارش 订单".encode(), "سفارش 订单"),
    "raw gb18030": ("订单无法付款，请帮忙处理".encode("gb18030"), "订单无法付款，请帮忙处理"),
    "raw cp1256": ("مشكلة في الطلب رقم".encode("cp1256"), "مشكلة في الطلب رقم"),
    "raw latin-1": (b"Caf\xe9 ferm\xe9 le lundi", "Café fermé le lundi"),
    "raw iso-2022-jp": ("注文の件".encode("iso2022_jp"), "注文の件"),
    "gb2312 words": (Header(CHINESE, "gb2312").encode().encode(), CHINESE),
    "control characters": (b"a\x00b\x07c", "abc"),
    "empty": (b"", ""),
}


@pytest.mark.parametrize(("value", "subject"), SUBJECTS.values(), ids=SUBJECTS.keys())
def test_subjects_are_readable(value: bytes, subject: str) -> None:
    assert parse(b"Subject: " + value + b"\r\n\r\nx").subject == subject


def test_a_raw_head_in_the_charset_of_the_body() -> None:
    raw = b"Subject: " + "詢價".encode("big5") + b"\r\nContent-Type: text/plain; charset=big5\r\n\r\nx"
    assert parse(raw).subject == "詢價"
    assert "raw-8bit-header" in parse(raw).defects


ADDRESSES = {
    "bare": ("a@b.example", [("", "a@b.example")]),
    "angle": ("Ann Lee <a@b.example>", [("Ann Lee", "a@b.example")]),
    "quoted, with a comma": (
        '"Lee, Ann" <a@b.example>, c@d.example',
        [("Lee, Ann", "a@b.example"), ("", "c@d.example")],
    ),
    "comma without quotes": ("Lee, Ann <a@b.example>", [("Lee, Ann", "a@b.example")]),
    "quoted pair": (r'"Ann \"A\" Lee" <a@b.example>', [("Ann A Lee", "a@b.example")]),
    "comment as the name": ("a@b.example (Ann Lee)", [("Ann Lee", "a@b.example")]),
    "group": ("Team: a@b.example, Ann <c@d.example>;", [("", "a@b.example"), ("Ann", "c@d.example")]),
    "empty group": ("undisclosed-recipients:;", []),
    "encoded name": ("=?utf-8?Q?L=C3=A9a=2C_X?= <a@b.example>", [("Léa, X", "a@b.example")]),
    "encoded name in quotes": ('"=?utf-8?B?w6k=?=" <a@b.example>', [("é", "a@b.example")]),
    "semicolons": ("a@b.example; c@d.example", [("", "a@b.example"), ("", "c@d.example")]),
    "name is the address": ('"a@b.example" <a@b.example>', [("", "a@b.example")]),
    "route": ("<@x.example,@y.example:a@b.example>", [("", "a@b.example")]),
    "no host": ("MAILER-DAEMON <MAILER-DAEMON>", [("", "MAILER-DAEMON")]),
    "unbalanced quote": ('"Ann <a@b.example>', [("Ann", "a@b.example")]),
    "nothing": ("", []),
}


@pytest.mark.parametrize(("field", "expected"), ADDRESSES.values(), ids=ADDRESSES.keys())
def test_address_fields(field: str, expected: list[tuple[str, str]]) -> None:
    read = parse(mail(f"To: {field}\nFrom: {field}\nCc: {field}\nReply-To: {field}"))
    addresses = tuple(Address(*pair) for pair in expected)
    assert read.to == read.cc == read.reply_to == addresses
    assert read.from_ == (addresses[0] if addresses else None)


@pytest.mark.parametrize(
    ("value", "sent_at"),
    [
        pytest.param("Mon, 23 Nov 2026 10:00:00 +0330", datetime(2026, 11, 23, 6, 30, tzinfo=UTC), id="offset"),
        pytest.param("23 Nov 2026 10:00:00 -0000", datetime(2026, 11, 23, 10, 0, tzinfo=UTC), id="unknown zone"),
        pytest.param("Mon, 23 Nov 2026 10:00:00 +9999", None, id="impossible offset"),
        pytest.param("31 Dec 9999 23:59:59 -1200", None, id="beyond the calendar"),
        pytest.param("yesterday", None, id="words"),
    ],
)
def test_dates_are_utc_or_named_unreadable(value: str, sent_at: datetime | None) -> None:
    read = parse(mail(f"Date: {value}"))
    assert read.sent_at == sent_at
    assert ("date-unreadable" in read.defects) == (sent_at is None)


HTML_ONLY = mail(
    "Content-Type: text/html; charset=utf-8",
    "<html><head><title>t</title><style>p{color:red}</style></head><body><p>Hello&nbsp;Ann,</p><p>two<br>lines</p>"
    "<ul><li>one</li><li>two</li></ul><table><tr><td>a</td><td>b</td></tr></table><pre>x\n  y</pre>"
    "<div style='display:none'>preheader</div></body></html>",
)


def test_html_alone_becomes_text_with_its_lines() -> None:
    read = parse(HTML_ONLY)
    assert read.text == "Hello Ann,\n\ntwo\nlines\n\n- one\n- two\n\na b\n\nx\n  y"
    assert read.html is not None
    assert "<style" not in read.html


def test_the_charset_may_stand_in_the_html() -> None:
    body = f'<meta http-equiv="Content-Type" content="text/html; charset=big5"><p>{TAIWANESE}'.encode("big5")
    assert parse(mail("Content-Type: text/html", body)).text == TAIWANESE


def parts(kind: str, *bodies: str, boundary: str = "b", end: str = "--b--\r\n") -> bytes:
    inner = "".join(f"--{boundary}\r\n{body}\r\n" for body in bodies)
    return f"Content-Type: {kind}; boundary={boundary}\r\n\r\n{inner}{end}".encode()


PLAIN = "Content-Type: text/plain\r\n\r\nthe text"
MARKUP = "Content-Type: text/html\r\n\r\n<p>the <b>html</b></p>"
PICTURE = (
    "Content-Type: image/png; name=p.png\r\nContent-ID: <pic@x>\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8="
)
NESTED = (
    "Content-Type: message/rfc822\r\n\r\nSubject: =?utf-8?Q?inn=C3=A9r?=\r\nContent-Type: text/plain\r\n\r\ninner text"
)

STRUCTURES = {
    "alternative": (parts("multipart/alternative", PLAIN, MARKUP), "the text", True, []),
    "alternative with empty text": (parts("multipart/alternative", "\r\n \r\n", MARKUP), "the html", True, []),
    "two texts": (parts("multipart/mixed", PLAIN, PLAIN), "the text\nthe text", False, []),
    "text and picture": (parts("multipart/mixed", PLAIN, PICTURE), "the text", False, ["p.png"]),
    "a named text is a file": (
        parts("multipart/mixed", PLAIN, 'Content-Type: text/plain; name="a.log"\r\n\r\nlog'),
        "the text",
        False,
        ["a.log"],
    ),
    "an attached text is a file": (
        parts("multipart/mixed", "Content-Disposition: attachment\r\n\r\nfile"),
        "",
        False,
        ["part-0.txt"],
    ),
    "nested mail stays closed": (parts("multipart/mixed", PLAIN, NESTED), "the text", False, ["innér.eml"]),
    "digest": (parts("multipart/digest", "\r\nSubject: one\r\n\r\nx"), "", False, ["one.eml"]),
    "never closed": (parts("multipart/mixed", PLAIN, MARKUP, end=""), "the text\nthe html", True, []),
    "boundary missing": (parts("multipart/mixed", PLAIN).replace(b"; boundary=b", b""), "the text", False, []),
    "boundary wrong": (
        parts("multipart/mixed", PLAIN).replace(b"boundary=b", b"boundary=other"),
        "the text",
        False,
        [],
    ),
    "boundary nowhere": (b"Content-Type: multipart/mixed; boundary=b\r\n\r\nall there is", "all there is", False, []),
    "boundary is a prefix of another": (
        parts("multipart/mixed", parts("multipart/alternative", PLAIN, boundary="bb", end="--bb--").decode(), PICTURE),
        "the text",
        False,
        ["p.png"],
    ),
    "LF only": (parts("multipart/mixed", PLAIN, PICTURE).replace(b"\r\n", b"\n"), "the text", False, ["p.png"]),
    "CR only": (parts("multipart/mixed", PLAIN, PICTURE).replace(b"\r\n", b"\r"), "the text", False, ["p.png"]),
    "no head at all": (b"just text\r\nin lines\r\n\r\nand more", "just text\nin lines\n\nand more", False, []),
    "no blank line": (b"Subject: x\r\njust text\r\n", "just text\n", False, []),
    "junk within the head": (b"Subject: x\r\njunk\r\nContent-Type: text/html\r\n\r\n<p>yes", "yes", True, []),
    "mbox line": (b"From a@b Mon Nov 23 10:00:00 2026\r\nSubject: x\r\n\r\nbody", "body", False, []),
    "blank lines first": (b"\r\n\r\nSubject: x\r\n\r\nbody", "body", False, []),
    "byte order mark": (b"\xef\xbb\xbfSubject: x\r\n\r\nbody", "body", False, []),
    "a type that is none": (b"Content-Type: text\r\n\r\nbody", "body", False, []),
    "enriched text": (b"Content-Type: text/enriched\r\n\r\nbody", "body", False, []),
    "a lone pdf": (b"Content-Type: application/pdf\r\n\r\nbody", "", False, ["part-0.pdf"]),
    "uuencoded": (
        b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a\r\n#0V%T\r\n`\r\nend\r\n",
        "Cat",
        False,
        [],
    ),
    "only a head": (b"Subject: x", "", False, []),
    "empty": (b"", "", False, []),
}


@pytest.mark.parametrize(("raw", "text", "html", "names"), STRUCTURES.values(), ids=STRUCTURES.keys())
def test_structures(raw: bytes, text: str, html: bool, names: list[str]) -> None:
    read = parse(raw)
    assert read.text == text
    assert (read.html is not None) == html
    assert [a.name for a in read.attachments] == names


@pytest.mark.parametrize(
    ("raw", "defect"),
    [
        (STRUCTURES["never closed"][0], "multipart-not-closed"),
        (STRUCTURES["boundary wrong"][0], "broken-multipart"),
        (STRUCTURES["junk within the head"][0], "junk-in-headers"),
        (STRUCTURES["no blank line"][0], "no-blank-line-after-headers"),
        (STRUCTURES["no head at all"][0], "no-headers"),
        (b"From: a@b.example\r\n\r\n", "no-message-id"),
        (b"Message-ID: <a@b>\r\n\r\n", "no-from"),
    ],
)
def test_defects_are_named(raw: bytes, defect: str) -> None:
    assert defect in parse(raw).defects


def test_a_sound_mail_has_no_defects() -> None:
    raw = mail("From: a@b.example\nDate: Mon, 23 Nov 2026 10:00:00 +0000\nMessage-ID: <1@b.example>\nSubject: x", "hi")
    assert parse(raw).defects == ()


FILE_NAMES = {
    "plain": ('attachment; filename="a b.pdf"', "a b.pdf"),
    "rfc 2231": ("attachment; filename*=utf-8''%D8%B3%D9%84%D8%A7%D9%85.pdf", "سلام.pdf"),
    "rfc 2231 in sections": ("attachment; filename*0*=gb2312''%D6%D0; filename*1*=%CE%C4; filename*2=.pdf", "中文.pdf"),
    "sections out of order": ("attachment; filename*1=b.pdf; filename*0=a", "ab.pdf"),
    "encoded word": ('attachment; filename="=?utf-8?B?5Lit5paH?=.pdf"', "中文.pdf"),
    "encoded words cut within a character": ('attachment; filename="=?utf-8?B?5Lg=?= =?utf-8?B?rS5wZGY=?="', "中.pdf"),
    "without quotes": ("attachment; filename=a.pdf", "a.pdf"),
    "quote never closed": ('attachment; filename="a.pdf', "a.pdf"),
    "a path": (r'attachment; filename="C:\\temp\\..\\a.pdf"', "a.pdf"),
    "a path upwards": ('attachment; filename="../../etc/passwd"', "passwd"),
    "turned around": ("attachment; filename*=utf-8''a%E2%80%AEfdp.exe", "a_fdp.exe"),
    "only dots": ('attachment; filename=".."', "part-0.pdf"),
    "none": ("attachment", "part-0.pdf"),
    "too long": (f"attachment; filename={'x' * 400}.pdf", "x" * 243 + ".pdf"),
}


@pytest.mark.parametrize(("disposition", "name"), FILE_NAMES.values(), ids=FILE_NAMES.keys())
def test_file_names(disposition: str, name: str) -> None:
    read = parse(mail(f"Content-Type: application/pdf\nContent-Disposition: {disposition}", "x"))
    assert [a.name for a in read.attachments] == [name]


def test_raw_file_names_are_guessed() -> None:
    name = "订单发票明细请处理.pdf"
    raw = b'Content-Type: application/pdf; name="' + name.encode("gb18030") + b'"\r\n\r\nx'
    assert parse(raw).attachments[0].name == name


def test_attachments_are_described_and_found_again() -> None:
    raw = parts("multipart/related", MARKUP.replace("<b>", '<img src="cid:pic@x"><b>'), PICTURE)
    (picture,) = parse(raw).attachments
    assert (picture.size, picture.content_id, picture.inline) == (5, "pic@x", True)
    assert picture.sha256 == sha256(b"hello").hexdigest()
    assert attachment_bytes(raw, picture.part) == (picture, b"hello")


def test_a_named_document_is_listed_though_called_inline() -> None:
    raw = b"Content-Type: application/pdf\r\nContent-Disposition: inline; filename=a.pdf\r\n\r\nx"
    assert parse(raw).attachments[0].inline is False


@pytest.mark.parametrize("part", [-1, 0, 2, 10**9])
def test_a_part_that_is_no_attachment_is_refused(part: int) -> None:
    with pytest.raises(NoSuchPartError, match=str(part)):
        attachment_bytes(parts("multipart/mixed", PLAIN, PICTURE), part)


@pytest.mark.parametrize(
    ("field", "importance"),
    [
        ("X-Priority: 1 (Highest)", "high"),
        ("Importance: High", "high"),
        ("Priority: non-urgent", "low"),
        ("X-Priority: 3", "normal"),
        ("X: y", "normal"),
    ],
)
def test_importance(field: str, importance: str) -> None:
    assert parse(mail(field)).importance == importance


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (f"{PERSIAN}\r\n\r\nOn Monday somebody wrote:\r\n> {GERMAN}", "fa"),
        (f"> {GERMAN}\r\n\r\n{CHINESE}", "zh"),
        ("ok thanks", None),
        ("4711", None),
        ("see https://example.com/a/very/long/path/in/english/words", None),
        ("Hello, my order 10234 has not arrived yet. Could you please check?", "en"),
    ],
)
def test_language_is_the_writers_own_or_unknown(text: str, language: str | None) -> None:
    assert parse(text_mail("utf-8", text.encode())).language == language


def test_the_mixed_mail_of_a_trader_in_two_scripts() -> None:
    subject = Header(f"{PERSIAN[:12]} / {CHINESE[:6]}", "utf-8").encode()
    read: Mail = parse(mail(f"Subject: {subject}\nContent-Type: text/plain; charset=utf-8", f"{PERSIAN}\r\n{CHINESE}"))
    assert read.subject == f"{PERSIAN[:12]} / {CHINESE[:6]}"
    assert read.text == f"{PERSIAN}\n{CHINESE}"


@pytest.mark.parametrize("label", ["utf-7", '"\x00utf-8"', "4111111111111111", "\x1b[2J"])
def test_what_a_strange_charset_leaves_can_be_stored_and_shown(label: str) -> None:
    source = f"Subject: x\nContent-Type: text/plain; charset={label}\n\n+2Dk-(a +AGI- b +2D-".encode() + b"\xd8\xff"
    mail = parse(source)
    mail.text.encode()
    assert not any("\x00" in defect or "4111111111" in defect for defect in mail.defects)
    assert all(defect.isprintable() for defect in mail.defects)


@pytest.mark.parametrize("name", ["Subject", "From", "Message-ID", "Content-ID", "References", "Content-Disposition"])
def test_no_field_brings_nul_along(name: str) -> None:
    source = f"Content-Type: image/png\n{name}: \x00 <a\x00b@example.com>; filename=\x00x\n\nx".encode()
    assert "\\x00" not in repr(parse(source))
