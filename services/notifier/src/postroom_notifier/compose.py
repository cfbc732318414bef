"""The bytes of an outgoing mail. Built by hand: the standard library's message objects cost ten times as much."""

import binascii
import hashlib
from base64 import encodebytes
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from postroom_contracts.delivery import MailKind
from postroom_contracts.values import Party
from postroom_notifier import headers

_MARKS: dict[MailKind, tuple[bytes, ...]] = {
    "acknowledgement": (b"Auto-Submitted: auto-replied", b"X-Auto-Response-Suppress: All", b"Precedence: bulk"),
    "survey": (b"Auto-Submitted: auto-generated", b"X-Auto-Response-Suppress: All", b"Precedence: bulk"),
    "reply": (),
}
"""How mail that no person wrote says so (RFC 3834 section 5), so that no machine answers it."""


@dataclass(frozen=True, slots=True)
class Mail:
    """What a mail says. Addresses must be usable; names, subject and texts may be anything."""

    kind: MailKind
    sender: Party
    to: tuple[Party, ...]
    subject: str
    date: datetime
    message_id: str
    text: str
    html: str | None = None
    cc: tuple[Party, ...] = ()
    references: tuple[str, ...] = ()
    """The chain above this mail, oldest first; the last is what it answers."""


def compose(mail: Mail) -> bytes:
    """The mail as 7-bit bytes with CRLF line ends; the same for the same mail, always."""
    fields: list[bytes | None] = [
        headers.addresses("From", (mail.sender,)),
        headers.addresses("To", mail.to),
        headers.addresses("Cc", mail.cc) if mail.cc else None,
        headers.subject(mail.subject),
        f"Date: {format_datetime(mail.date)}".encode(),
        f"Message-ID: <{mail.message_id}>".encode(),
        headers.message_ids("In-Reply-To", mail.references[-1:]),
        headers.message_ids("References", mail.references),
        *_MARKS[mail.kind],
        b"MIME-Version: 1.0",
    ]
    text = _part(b"plain", mail.text)
    if mail.html is None:
        body = text
    else:
        # "=_" occurs in neither base64 nor quoted-printable, so no part can hold the boundary.
        boundary = b"=_" + hashlib.sha256(mail.message_id.encode()).hexdigest()[:24].encode()
        body = b"".join(
            (
                b'Content-Type: multipart/alternative; boundary="', boundary, b'"\r\n',
                b"\r\n--", boundary, b"\r\n", text,
                b"\r\n--", boundary, b"\r\n", _part(b"html", mail.html),
                b"\r\n--", boundary, b"--\r\n",
            )
        )  # fmt: skip
    return b"\r\n".join([field for field in fields if field is not None]) + b"\r\n" + body


def _part(subtype: bytes, text: str) -> bytes:
    """A text part: quoted-printable where that stays readable and short, else base64 (RFC 2045 section 6)."""
    data = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace")
    others = len(data) - len(data.translate(None, _BEYOND_ASCII))
    if others * 5 > len(data):
        encoding, encoded = b"base64", encodebytes(data.replace(b"\n", b"\r\n"))
    else:
        encoding, encoded = b"quoted-printable", binascii.b2a_qp(data, istext=True)
        if not encoded.endswith(b"\n"):
            encoded += b"=\n"
    encoded = encoded.replace(b"\n", b"\r\n")
    return b"".join(
        (
            b"Content-Type: text/", subtype, b"; charset=utf-8\r\n",
            b"Content-Transfer-Encoding: ", encoding, b"\r\n\r\n", encoded,
        )
    )  # fmt: skip


_BEYOND_ASCII = bytes(range(0x80, 0x100))
