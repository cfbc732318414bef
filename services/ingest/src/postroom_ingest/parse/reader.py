"""Bytes to a `Mail`: puts together what the other modules know. Never raises, whatever the bytes."""

import hashlib
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

from postroom_ingest.parse import html as markup
from postroom_ingest.parse.addresses import addresses
from postroom_ingest.parse.bodies import Bodies, choose_bodies
from postroom_ingest.parse.charsets import codecs_for, decode
from postroom_ingest.parse.classify import automatic
from postroom_ingest.parse.headers import Head, Headers, prepared, read_head
from postroom_ingest.parse.language import guess_language
from postroom_ingest.parse.limits import MAX_DEFECTS, MAX_HTML_CHARS, MAX_NAME_CHARS, MAX_TEXT_CHARS
from postroom_ingest.parse.model import Attachment, Importance, Mail
from postroom_ingest.parse.structure import Part, read_structure
from postroom_ingest.parse.threads import id_of, references_of, replied_to_of, root_of
from postroom_ingest.parse.words import decode_words

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([\w.:-]{2,40})", re.IGNORECASE)
_UNSAFE_IN_NAME = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|\u202a-\u202e\u2066-\u2069]+")
_BYTES_PER_CHAR: Final = 12
"""The most encoded bytes a character may take: four bytes of UTF-8 in quoted-printable."""
_EXTENSIONS: Final = {
    "message/rfc822": "eml",
    "text/plain": "txt",
    "text/html": "html",
    "text/calendar": "ics",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "application/pdf": "pdf",
}


class NoSuchPartError(LookupError):
    """The message has no attachment with this part number."""


class _Opened(NamedTuple):
    raw: bytes
    head: Head
    bodies: Bodies
    hint: str
    """The charset the first text names: broken mailers use it for their header fields too."""
    defects: list[str]


def parse(raw: bytes, *, envelope_from: str | None = None) -> Mail:
    """Read one mail. Whatever the bytes are, the result is a mail a person can read, its defects named.

    `envelope_from` is the address of MAIL FROM where it is known ("" for the null return path).
    """
    opened = _open(raw)
    headers, defects, hint = opened.head.headers, opened.defects, opened.hint
    sources = [_text_of(part, opened) for part in opened.bodies.html] if _has_html(opened.bodies) else []
    html = _joined_html(opened, sources)
    text = _joined_text(opened, html, sources)
    senders = addresses(headers.value("from"), defects, hint) or addresses(headers.value("sender"), defects, hint)
    message_id = id_of(headers)
    why = automatic(headers, envelope_from=envelope_from)
    attachments = tuple(_attachment(part, opened, sources)[0] for part in opened.bodies.attached)
    sent_at = _sent_at(headers, defects)
    defects += ["no-message-id"] * (not message_id) + ["no-from"] * (not senders)
    return Mail(
        subject=decode_words(headers.value("subject"), defects, hint),
        from_=senders[0] if senders else None,
        reply_to=addresses(headers.value("reply-to"), defects, hint),
        to=addresses(headers.value("to"), defects, hint),
        cc=addresses(headers.value("cc"), defects, hint),
        message_id=message_id,
        in_reply_to=replied_to_of(headers),
        references=references_of(headers),
        thread_root=root_of(headers, opened.raw),
        sent_at=sent_at,
        text=text,
        html=html,
        attachments=attachments,
        language=guess_language(text),
        importance=_importance(headers),
        automatic=why.kind if why else None,
        automatic_evidence=why.evidence if why else None,
        defects=tuple(dict.fromkeys(defects))[:MAX_DEFECTS],
    )


def attachment_bytes(raw: bytes, part: int) -> tuple[Attachment, bytes]:
    """The attachment numbered `part` of this message, as `parse` listed it, and its decoded bytes.

    Raises NoSuchPartError when the message has no attachment of that number.
    """
    opened = _open(raw)
    for candidate in opened.bodies.attached:
        if candidate.index == part:
            sources = [_text_of(body, opened) for body in opened.bodies.html] if _has_html(opened.bodies) else []
            return _attachment(candidate, opened, sources)
    raise NoSuchPartError(f"the message has no attachment with part number {part}")


def _open(raw: bytes) -> _Opened:
    raw = prepared(raw)
    head = read_head(raw)
    defects = list(head.defects)
    bodies = choose_bodies(read_structure(raw, head, defects))
    first = next(iter(bodies.text or bodies.html), None)
    return _Opened(raw, head, bodies, first.params.token("charset") if first else "", defects)


def _has_html(bodies: Bodies) -> bool:
    return any(part.type == "text/html" for part in bodies.html)


def _text_of(part: Part, opened: _Opened) -> str:
    """A text leaf decoded, cut at its cap, with LF line ends."""
    html = part.type == "text/html"
    limit = MAX_HTML_CHARS if html else MAX_TEXT_CHARS
    data = part.content(opened.raw, limit * _BYTES_PER_CHAR)
    label = part.params.token("charset")
    if html and not codecs_for(label) and (meta := _META_CHARSET.search(data, 0, 2048)):
        label = meta[1].decode("ascii")
    text = decode(data, label, opened.defects)
    if len(text) > limit:
        opened.defects.append("html-cut" if html else "text-cut")
        text = text[:limit]
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _joined_html(opened: _Opened, sources: list[str]) -> str | None:
    """The mail as safe HTML, or None where it has none (or none that may be parsed)."""
    if not sources:
        return None
    if any(
        markup.nested_too_deep(source)
        for part, source in zip(opened.bodies.html, sources, strict=True)
        if part.type == "text/html"
    ):
        opened.defects.append("html-too-nested")
        return None
    return "\n".join(
        markup.sanitised(source) if part.type == "text/html" else markup.from_text(source)
        for part, source in zip(opened.bodies.html, sources, strict=True)
    )


def _joined_text(opened: _Opened, html: str | None, sources: list[str]) -> str:
    """The mail as plain text; an empty text part gives way to the HTML."""
    pieces = []
    for part in opened.bodies.text:
        text = _text_of(part, opened)
        if part.type == "text/html":
            text = markup.as_text_crudely(text) if html is None else markup.as_text(markup.sanitised(text))
        pieces.append(text)
    joined = "\n".join(pieces)
    if joined.strip() or not sources:
        return joined
    return markup.as_text(html) if html is not None else markup.as_text_crudely("\n".join(sources))


def _attachment(part: Part, opened: _Opened, sources: list[str]) -> tuple[Attachment, bytes]:
    content = part.content(opened.raw)
    content_id = part.headers.value("content-id").decode("utf-8", "replace").strip(" <>\t") or None
    shown = bool(content_id) and any(f"cid:{content_id}" in source for source in sources)
    described = Attachment(
        part=part.index,
        name=_file_name(part, content, opened),
        content_type=part.type,
        size=len(content),
        content_id=content_id,
        inline=shown or (part.disposition.value == "inline" and part.type.startswith("image/")),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    return described, content


def _file_name(part: Part, content: bytes, opened: _Opened) -> str:
    """The name the sender gave, safe to save under; otherwise one made from the type."""
    given = part.disposition.text("filename", opened.defects, opened.hint)
    given = given or part.params.text("name", opened.defects, opened.hint)
    extension = _EXTENSIONS.get(part.type, "bin")
    if not given and part.type == "message/rfc822":
        given = decode_words(read_head(content).headers.value("subject"), [], opened.hint)[:200]
        given = given and f"{given}.eml"
    name = _UNSAFE_IN_NAME.sub("_", given.replace("\\", "/").rpartition("/")[2]).strip(" .")
    if len(name) > MAX_NAME_CHARS:
        stem, dot, end = name.rpartition(".")
        name = f"{stem[: MAX_NAME_CHARS - 12]}{dot}{end[:11]}"[:MAX_NAME_CHARS]
    return name or f"part-{part.index}.{extension}"


def _sent_at(headers: Headers, defects: list[str]) -> datetime | None:
    value = headers.value("date")[:200].decode("ascii", "replace")
    if not value:
        defects.append("no-date")
        return None
    try:
        date = parsedate_to_datetime(value)
        return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        defects.append("date-unreadable")
        return None


def _importance(headers: Headers) -> Importance:
    """What the sender set (X-Priority 1-5, RFC 2156 Importance and Priority)."""
    for name in ("importance", "x-priority", "x-msmail-priority", "priority"):
        word = headers.token(name)
        if word.startswith(("high", "urgent", "1", "2")):
            return "high"
        if word.startswith(("low", "non-urgent", "4", "5")):
            return "low"
    return "normal"
