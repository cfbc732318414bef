"""Mails and submissions put together from pieces of real ones, whole and broken, and mutated piece by piece."""

import base64
import quopri
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from fuzz.whole import AGENT, CUSTOMER, KNOWN_ID, MAILBOX, OWN_ADDRESS, OWN_ID, SECRET

LONGEST = 6_000
_PEOPLE = (
    CUSTOMER.encode(), AGENT.encode(), MAILBOX.encode(), OWN_ADDRESS.encode(), b"Ann <ann@example.org>",
    b"=?utf-8?b?2YbYp9mF2Yc=?= <ann@example.org>", b'"A \\"B\\", C" <a@b.example>', b"MAILER-DAEMON@mx.example.net",
    b"postmaster@example.net (Mail Delivery System)", b"undisclosed-recipients:;", b"Group: a@b.c, d@e.f;", b"<>",
    b"",
    b"noreply@shop.example", "Åsa@exämple.com".encode(), b"\xe5\xe4\xf6@example.com", b"a@[192.0.2.1]", b"a" * 300,
    b"ann@example.org via list <list@lists.example>", b"=?iso-2022-jp?B?GyRCOzNFRBsoQg==?= <y@example.jp>",
)  # fmt: skip
_IDS = (
    f"<{OWN_ID}>".encode(), f"<{KNOWN_ID}>".encode(), b"<a@b>", b"<forged.sAAAA@example.com>", b"<>", b"x", b"<a@b",
    b"",
    b"<a b@c>", b"<" + b"i" * 1200 + b"@x>",
)  # fmt: skip
_SUBJECTS = (
    b"Printer on fire", b"Re: [#17] Printer", b"Fwd: WG: Re: help", b"Undelivered Mail Returned to Sender",
    b"Delivery Status Notification (Failure)", b"Automatic reply: away", b"Out of office", b"Abwesenheitsnotiz",
    b"=?utf-8?Q?=C3=9Cber_=F0=9F=98=80?=", b"=?gb2312?B?xOO6ww==?=", b"=?utf-8?Q?=C3?= =?utf-8?Q?=A4?=", b"=?x?y?z?=",
    b"=?utf-7?Q?+2AA-?=", b"\xc4\xe3\xba\xc3", b"Read: hello", b"Accepted: meeting", b"4111 1111 1111 1111",
    b"K-123456",
    "رد: سلام".encode(), b"Warning: could not send message for past 4 hours", b"*****SPAM***** win", b"",
)  # fmt: skip
_TYPES = (
    b"text/plain", b"text/html", b"text/plain; charset=utf-8", b"text/plain; charset=windows-1256",
    b"text/plain; charset=iso-2022-jp", b"text/plain; charset=utf-7", b"text/plain; charset=gb2312",
    b"text/plain; charset=hz-gb-2312", b"text/plain; charset=utf-16", b"text/plain; charset=x-unknown",
    b"text/plain; format=flowed; delsp=yes", b"text/calendar; method=REPLY", b"text/x-amp-html", b"application/pdf",
    b"application/octet-stream", b"application/ms-tnef", b"message/rfc822", b"message/delivery-status",
    b"message/feedback-report", b"message/disposition-notification", b"text/rfc822-headers", b"image/png; name=a.png",
    b"application/pkcs7-mime; smime-type=enveloped-data", b"application/pgp-encrypted",
    b"application/zip; name=a.zip",
    b"message/partial; id=a; number=1", b"message/external-body; access-type=url", b"multipart/mixed", b"x", b"text/",
    b"text/html; charset=\"utf-8", b"text/enriched", b"application/rtf", b"message/global",
)  # fmt: skip
_MULTI = (b"mixed", b"alternative", b"related", b"report; report-type=delivery-status", b"signed", b"digest",
          b"encrypted", b"report; report-type=feedback-report", b"parallel", b"appledouble",
          b"report; report-type=disposition-notification")  # fmt: skip
_ENCODINGS = (b"7bit", b"8bit", b"base64", b"quoted-printable", b"x-uuencode", b"binary", b"x-yencode", b"junk")
_DISPOSITIONS = (
    b"attachment; filename=a.txt", b"inline", b"attachment; filename*=utf-8''%E2%82%AC.pdf",
    b"attachment; filename*0*=utf-8''%E2; filename*1*=%82%AC; filename*2=x",
    b'attachment; filename="=?utf-8?Q?=C3=A9?="',
    b"attachment; filename=../../etc/passwd", b"attachment; filename=4111111111111111.pdf", b"attachment", b"junk;;=",
)  # fmt: skip
_OTHER_FIELDS = (
    b"Auto-Submitted: auto-replied", b"Auto-Submitted: auto-generated", b"X-Autoreply: yes", b"Precedence: bulk",
    b"X-Auto-Response-Suppress: All", b"List-Id: <a.example>", b"List-Unsubscribe: <mailto:a@b.c>",
    b"Return-Path: <>",
    b"X-Failed-Recipients: bob@example.net", b"X-Spam-Flag: YES", b"X-Spam-Status: Yes, score=9.1 required=5", b": x",
    b"X-Spamd-Result: default: False [1.10 / 15.00]", b"Importance: high", b"X-Priority: 1 (Highest)",
    b"Sender: a@b.c",
    b"Authentication-Results: mx.example.com; spf=pass smtp.mailfrom=a@b.c; dkim=fail; dmarc=fail",
    b"MIME-Version: 1.0",
    b"Received: from a (b [192.0.2.1]) by c with ESMTPS id 1; Mon, 2 Mar 2026 09:00:00 +0000",
    b"Content-Language: de",
    b"Delivered-To: " + OWN_ADDRESS.encode(), b"X-Loop: " + MAILBOX.encode(), b"Feedback-ID: 1:2:3", b"no colon here",
    b"X-MS-Exchange-Inbox-Rules-Loop: a@b.c", b"Content-ID: <img@x>", b"X-Mailer: " + b"m" * 400,
    b"X-Y:\r\n z\r\n\tw",
)  # fmt: skip
_DATES = (b"Mon, 2 Mar 2026 09:00:00 +0000", b"2 Mar 26 09:00 EST", b"Mon, 32 Nov 0000 25:61:61 +9999", b"yesterday",
          b"Fri, 31 Dec 9999 23:59:59 -2359", b"1 Jan 0001 00:00:00 +1400", b"")  # fmt: skip
_LINES = (
    "Hello,", "please help.", "", "", "-- ", "Ann", "Sent from my iPhone", "On Mon, 2 Mar 2026 at 09:00, Bob wrote:",
    "> quoted", ">> twice", "> > so", "Am 02.03.2026 um 09:00 schrieb Bob <bob@example.com>:",
    "Le lun. 2 mars 2026, Bob a écrit :",
    "-----Original Message-----", "________________________________", "From: Ann <ann@example.org>", "Sent: Monday",
    "To: support@example.com", "Subject: help", "Von: Ann <ann@example.org>", "Gesendet: Montag", "Betreff: Hilfe",
    "---------- Forwarded message ---------", "Begin forwarded message:", "Anfang der weitergeleiteten Nachricht:",
    "El lun, 2 mar 2026, Bob escribió:", "2026年3月2日 Bob <bob@example.com>:", "در تاریخ ۲ مارس Bob نوشت:",
    "سلام، لطفاً کمک کنید.",
    "--- mail_boundary ---", "## reply above this line ##", "4111 1111 1111 1111", "4111-1111-1111-1111", "K-123456",
    "４１１１１１１１１１１１１１１１", "四一一一", "5500 0000 0000 0004 12/27", "ID 17 #17 [#17]",
    "https://example.com/?a=1",
    "This is the mail system at host mx.example.net.",
    "<bob@example.net>: host mx[192.0.2.1] said: 550 5.1.1 User unknown",
    "The following addresses had permanent fatal errors", "could not be delivered",
    "Final-Recipient: rfc822; bob@example.net",
    "Action: failed", "Status: 5.1.1", "Diagnostic-Code: smtp; 550 5.1.1 unknown",
    "Reporting-MTA: dns; mx.example.net",
    "Original-Message-ID: <" + OWN_ID + ">", "Feedback-Type: abuse", "Original-Rcpt-To: " + CUSTOMER,
    "mailbox is full",
    "I am out of the office until Monday.", "BEGIN:VCALENDAR", "METHOD:REQUEST", "BEGIN:VEVENT", "SUMMARY:Meet",
    "END:VEVENT",
    "DTSTART;TZID=Europe/Berlin:20260302T090000", "DTSTART:99999999T999999Z", "RRULE:FREQ=DAILY", "END:VCALENDAR",
    "begin 644 a.txt", "#0V%T", "`", "end", "=ybegin line=128 size=3 name=x", "=yend size=3", "=", "=ZZ", "=C3=A4",
    "&#0;",
    "-----BEGIN PGP MESSAGE-----", "-----BEGIN PGP SIGNED MESSAGE-----", "-----END PGP MESSAGE-----",
    "\x1b$B;3ED\x1b(B",
    "+2AA-", "~{<:Ky2;J)HK!#~}", "\ufeff", "\u202e", "\x0c", "\x00", "\U0001f600", "e\u0301" * 20, "a" * 500,
    "| cell |",
)  # fmt: skip
_MARKUP = (
    "<p>", "</p>", "<div>", "</div>", "<blockquote>", "</blockquote>", '<div class="gmail_quote">', "<br>",
    "<table><tr><td>",
    "</td></tr></table>", "<style>p{color:red}</style>", "<script>x()</script>", "<!--", "-->",
    '<img src="cid:img@x">',
    '<a href="javascript:x()">', "</a>", "&nbsp;", "&amp;", "&#52;&#49;11", "4111<b>1111</b>1111<i>1111</i>",
    "<svg><style>",
    "<math><mtext>", "<![CDATA[", '<div id="divRplyFwdMsg">', "<hr>", '<meta charset="gbk">', "<template>",
    "<o:p></o:p>",
    "<!DOCTYPE html>", "<html><body>", "</body></html>", "<pre>", "<span style='display:none'>", "<" * 50,
    "<div>" * 80, "\x00",
)  # fmt: skip
_CODECS = ("utf-8", "latin-1", "cp1256", "iso-2022-jp", "utf-7", "gb18030", "koi8-r", "utf-16", "big5", "hz")
_TNEF = b"\x78\x9f\x3e\x22\x01\x00\x02\x0c\x80\x01\x00\x10\x00\x00\x00IPM.Note\x00"
_FRAGMENTS = (b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"--b\r\n", b"--b--\r\n", b"\0", b"\xff\xfe", b"=?", b"?=", b";",
b'"', b"(",
              b"\\", b"<", b">", b":", b" ", b"\t", b"%", b"\x1b$B", b"&#", b"@", b",", b"\xed\xa0\x80")  # fmt: skip


def _text(rng: Random) -> str:
    lines = [rng.choice(_LINES) for _ in range(rng.choice((0, 1, 2, 3, 5, 8)))]
    return rng.choice(("\r\n", "\r\n", "\n", "\r")).join(lines)


def _page(rng: Random) -> str:
    return "".join(rng.choice(_MARKUP if rng.random() < 0.6 else _LINES) for _ in range(rng.choice((0, 2, 4, 8, 16))))


def _encoded(rng: Random, content: bytes) -> tuple[bytes, bytes]:
    """A transfer encoding, and content in it more often than not."""
    encoding = rng.choice(_ENCODINGS)
    if rng.random() < 0.15:
        return encoding, content
    if encoding == b"base64":
        return encoding, base64.encodebytes(content)[: rng.choice((-1, -2, 10_000))]
    return encoding, quopri.encodestring(content) if encoding == b"quoted-printable" else content


def _leaf(rng: Random) -> bytes:
    kind = rng.choice(_TYPES)
    text = _page(rng) if kind.startswith(b"text/html") else _text(rng)
    content = text.encode(rng.choice(_CODECS) if rng.random() < 0.3 else "utf-8", "replace")
    if kind == b"message/rfc822":
        content = assemble(rng, 1)
    elif kind == b"application/ms-tnef":
        content = _TNEF + rng.randbytes(rng.randrange(60))
    encoding, content = _encoded(rng, content)
    head = [b"Content-Type: " + kind]
    if rng.random() < 0.6:
        head.append(b"Content-Transfer-Encoding: " + encoding)
    if rng.random() < 0.4:
        head.append(b"Content-Disposition: " + rng.choice(_DISPOSITIONS))
    return b"\r\n".join(head) + b"\r\n\r\n" + content


def _body(rng: Random, depth: int) -> bytes:
    """Content-Type and what follows it, the blank line between them included."""
    if depth > 2 or rng.random() < 0.5:
        return _leaf(rng)
    boundary = rng.choice((b"b", b"b%d" % depth, b"=_x y", b"b" * 70, b""))
    quoted = rng.choice((b'"%b"', b'"%b"', b"%b", b'"%b')) % boundary
    parts = [_body(rng, depth + 1) for _ in range(rng.randrange(4))]
    delimiter = b"\r\n--" + boundary + b"\r\n"
    end = b"\r\n--" + boundary + b"--\r\n" if rng.random() < 0.8 else b""
    content = b"".join(delimiter + part for part in parts) + end
    return b"Content-Type: multipart/" + rng.choice(_MULTI) + b"; boundary=" + quoted + b"\r\n\r\n" + content


def assemble(rng: Random, depth: int = 0) -> bytes:
    """A mail of any kind, `depth` levels inside another."""
    choice: Callable[[Sequence[bytes]], bytes] = rng.choice
    head = [
        b"From: " + choice(_PEOPLE),
        b"To: " + b", ".join(choice(_PEOPLE) for _ in range(rng.randrange(3))),
        b"Subject: " + choice(_SUBJECTS),
        b"Message-ID: " + choice(_IDS),
        b"Date: " + choice(_DATES),
        b"In-Reply-To: " + choice(_IDS),
        b"References: " + b"\r\n ".join(choice(_IDS) for _ in range(rng.randrange(4))),
        b"Reply-To: " + choice(_PEOPLE),
        b"Cc: " + choice(_PEOPLE),
    ]
    kept = [field for field in head if rng.random() < 0.7]
    kept += [choice(_OTHER_FIELDS) for _ in range(rng.randrange(4))]
    return (b"\r\n".join(kept) + b"\r\n" + _body(rng, depth))[: 4 * LONGEST]


def mutate(raw: bytes, rng: Random) -> bytes:
    """A mail with a few of its lines, pieces or bytes changed."""
    for _ in range(rng.randint(1, 4)):
        raw = rng.choice(_WAYS)(raw, rng)
    return raw[:LONGEST]


def _swap_line(raw: bytes, rng: Random) -> bytes:
    lines = raw.split(b"\n")
    at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[at], lines[other] = lines[other], lines[at]
    return b"\n".join(lines)


def _drop_line(raw: bytes, rng: Random) -> bytes:
    lines = raw.split(b"\n")
    del lines[rng.randrange(len(lines))]
    return b"\n".join(lines)


def _put(raw: bytes, rng: Random, piece: bytes) -> bytes:
    at = rng.randint(0, len(raw))
    return raw[:at] + piece + raw[at + rng.choice((0, 0, 1, len(piece))) :]


def _put_line(raw: bytes, rng: Random) -> bytes:
    lines = raw.split(b"\n")
    line = rng.choice((rng.choice(_OTHER_FIELDS), rng.choice(_LINES).encode(), b"Content-Type: " + rng.choice(_TYPES)))
    lines.insert(rng.randint(0, len(lines)), line + b"\r")
    return b"\n".join(lines)


def _put_part(raw: bytes, rng: Random) -> bytes:
    return _put(raw, rng, b"\r\n--b\r\n" + _leaf(rng))


def _put_fragment(raw: bytes, rng: Random) -> bytes:
    return _put(raw, rng, rng.choice(_FRAGMENTS) * rng.choice((1, 1, 1, 2, 40)))


def _put_bytes(raw: bytes, rng: Random) -> bytes:
    return _put(raw, rng, rng.randbytes(rng.randint(1, 4)))


def _cut(raw: bytes, rng: Random) -> bytes:
    begin = rng.randint(0, len(raw))
    return raw[:begin] + raw[begin + rng.randint(0, 200) :]


def _repeat(raw: bytes, rng: Random) -> bytes:
    begin = rng.randint(0, len(raw))
    return raw[:begin] + raw[begin : begin + rng.randint(1, 100)] * rng.choice((2, 3, 20)) + raw[begin:]


_WAYS: tuple[Callable[[bytes, Random], bytes], ...] = (
    _swap_line, _drop_line, _put_line, _put_part, _put_fragment, _put_bytes, _cut, _repeat,
)  # fmt: skip


def submission(rng: Random) -> dict[str, Any]:
    """A submission that the JSON door takes."""
    wanted: dict[str, Any] = {
        "channel": rng.choice(("form", "chat", "sms", "call", "social", "api")),
        "sender": rng.choice(
            (
                {"address": CUSTOMER},
                {"phone": "+4930123456", "name": "".join(rng.choices(_LINES, k=2))[:100].strip()},
                {"id": "telegram:12345", "address": AGENT},
            )
        ),
        "text": _text(rng) + ".",
    }
    optional: dict[str, Any] = {
        "subject": rng.choice(_LINES)[:900],
        "html": _page(rng),
        "thread_key": rng.choice(_LINES)[:200],
        "importance": rng.choice(("low", "normal", "high")),
        "sent_at": rng.choice(
            (
                "2026-03-02T09:00:00Z",
                "9999-12-31T23:59:59+00:00",
                "0001-01-01T00:00:00+14:00",
                "2026-01-01T00:00:00.123456789-12:00",
            )
        ),
        "automatic": rng.random() < 0.5,
        "attachments": [
            {"name": rng.choice((*_LINES, SECRET))[:255] or "a", "content": base64.b64encode(rng.randbytes(9)).decode()}
            for _ in range(rng.randrange(3))
        ],
    }
    return wanted | {name: value for name, value in optional.items() if rng.random() < 0.5}


WORDS = tuple(
    dict.fromkeys(
        [*_TYPES, *_ENCODINGS, *_DISPOSITIONS, *_OTHER_FIELDS, *_SUBJECTS, *_IDS, *_PEOPLE, *_DATES, *_FRAGMENTS]
        + [one.encode() for one in (*_LINES, *_MARKUP)]
    )
)
"""Everything as a fuzzer's dictionary."""
