"""Bytes of a mail to what the catcher shows of it. Pure, and never raises on what it is given."""

import base64
import binascii
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from email.utils import getaddresses, parsedate_to_datetime

_CHARSETS = {"gb2312": "gb18030", "gbk": "gb18030", "ks_c_5601-1987": "cp949", "iso-8859-8-i": "iso-8859-8"}
_WORD = re.compile(r"=\?([^?\s]+)\?([bBqQ])\?([^?]*)\?=")
_GAP = re.compile(r"(?<=\?=)\s+(?==\?)")
_HIDDEN = re.compile(r"<(style|script|head)\b.*?</\1\s*>|<!--.*?-->|<[^<>]*>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox with its display name, either of which may be empty."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Part:
    """A part that is not the body: an attachment, or a picture the HTML shows."""

    part_id: str
    name: str
    content_type: str
    content_id: str
    inline: bool
    source: Message

    def data(self) -> bytes:
        """The decoded content."""
        return _payload(self.source)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as read: texts are decoded, `message_id` stands without angle brackets."""

    message_id: str
    sender: Address
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    subject: str
    date: datetime | None
    text: str
    html: str
    parts: tuple[Part, ...]
    headers: tuple[tuple[str, str], ...]

    def snippet(self, length: int = 250) -> str:
        """The first `length` characters of what a reader sees, on one line."""
        return " ".join((self.text or visible_text(self.html[:50_000])).split())[:length]


def read_mail(raw: bytes) -> Mail:
    """Read a mail; one too broken for the parser comes back as its own source text."""
    try:
        return _read(BytesParser(policy=compat32).parsebytes(raw))
    except Exception:  # noqa: BLE001 - hostile bytes (deep nesting and the like); the mail must still be seen
        text = raw.decode("utf-8", "replace")
        return Mail("", Address("", ""), (), (), (), (), "", None, text, "", (), ())


def _read(message: Message) -> Mail:
    headers = tuple((name, _unfold(value)) for name, value in message.raw_items())
    first: dict[str, str] = {}
    for name, value in headers:
        first.setdefault(name.lower(), value)
    texts: list[str] = []
    pages: list[str] = []
    parts: list[Part] = []
    for part_id, leaf in _leaves(message):
        kind = leaf.get_content_type()
        part = _as_part(part_id, leaf, kind)
        if part is not None:
            parts.append(part)
        else:
            (pages if kind == "text/html" else texts).append(_text(leaf))
    return Mail(
        message_id=first.get("message-id", "").strip().strip("<>"),
        sender=next(iter(read_addresses(first.get("from", ""))), Address("", "")),
        to=read_addresses(first.get("to", "")),
        cc=read_addresses(first.get("cc", "")),
        bcc=read_addresses(first.get("bcc", "")),
        reply_to=read_addresses(first.get("reply-to", "")),
        subject=decode_words(first.get("subject", "")).strip(),
        date=_date(first.get("date", "")),
        text="\n".join(texts),
        html="\n".join(pages),
        parts=tuple(parts),
        headers=headers,
    )


def _leaves(message: Message, part_id: str = "") -> Iterator[tuple[str, Message]]:
    """Every part without children, numbered as Mailpit does: 0 for a mail of one part, else 1, 2, 2.1."""
    children = message.get_payload() if message.get_content_maintype() == "multipart" else None
    if not isinstance(children, list):
        yield part_id or "0", message
        return
    for number, child in enumerate(children, start=1):
        yield from _leaves(child, f"{part_id}.{number}" if part_id else str(number))


def _as_part(part_id: str, leaf: Message, kind: str) -> Part | None:
    """The leaf as an attachment, or None where it is the body's text or HTML."""
    name = decode_words(leaf.get_filename() or "")
    disposition = leaf.get_content_disposition()
    if kind in {"text/plain", "text/html"} and disposition != "attachment" and not name:
        return None
    content_id = str(leaf.get("Content-ID", "")).strip().strip("<>")
    inline = disposition == "inline" or (bool(content_id) and disposition is None)
    return Part(part_id, name or content_id or f"part-{part_id}", kind, content_id, inline, leaf)


def _payload(leaf: Message) -> bytes:
    content = leaf.get_payload(decode=True)
    if isinstance(content, bytes):
        return content
    nested = leaf.get_payload()
    return b"".join(bytes(part) for part in nested if isinstance(part, Message)) if isinstance(nested, list) else b""


def _text(leaf: Message) -> str:
    return decode_bytes(_payload(leaf), leaf.get_content_charset() or "utf-8").replace("\r\n", "\n")


def decode_bytes(data: bytes, charset: str) -> str:
    """Decode with the charset named, or as UTF-8 where there is no such charset; bad bytes become U+FFFD."""
    try:
        return data.decode(_CHARSETS.get(charset.lower(), charset), "replace")
    except (LookupError, ValueError):
        return data.decode("utf-8", "replace")


def _unfold(value: str) -> str:
    """One line of text from a header's raw value (RFC 5322 2.2.3; raw UTF-8 as in RFC 6532)."""
    joined = "".join(str(value).splitlines()).strip()
    return joined if joined.isascii() else joined.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def decode_words(value: str) -> str:
    """Decode the encoded-words of a header (RFC 2047); what cannot be decoded stays as it is."""
    if "=?" not in value:
        return value
    return _WORD.sub(_decode_word, _GAP.sub("", value))


def _decode_word(match: re.Match[str]) -> str:
    charset, encoding, text = match.groups()
    try:
        data = binascii.a2b_base64(text + "==") if encoding in "bB" else binascii.a2b_qp(text, header=True)
    except (binascii.Error, ValueError):
        return match.group(0)
    return decode_bytes(data, charset.partition("*")[0])


def read_addresses(value: str) -> tuple[Address, ...]:
    """The mailboxes of an address header."""
    pairs = getaddresses([value]) if value else []
    return tuple(Address(decode_words(name), address) for name, address in pairs if name or address)


def _date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def visible_text(page: str) -> str:
    """Roughly what a reader sees of an HTML page."""
    return html.unescape(_HIDDEN.sub(" ", page))


def self_contained(mail: Mail) -> str:
    """The mail's HTML with the pictures it carries put in place of the cid: links (RFC 2392)."""
    page = mail.html
    for part in mail.parts:
        link = f"cid:{part.content_id}"
        if part.content_id and part.content_type.startswith("image/") and link in page:
            page = page.replace(link, f"data:{part.content_type};base64,{base64.b64encode(part.data()).decode()}")
    return page
