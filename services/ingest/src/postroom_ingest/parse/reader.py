"""Bytes to a `Mail`: puts together what the other modules know. Never raises, whatever the bytes."""

import hashlib
import re
from datetime import datetime
from typing import Final, NamedTuple

from postroom_ingest.parse.addresses import addresses
from postroom_ingest.parse.bodies import Bodies, choose_bodies
from postroom_ingest.parse.calendar import MAX_CALENDAR_BYTES, Invitation, read_invitation
from postroom_ingest.parse.charsets import decode
from postroom_ingest.parse.classify import Automatic, automatic
from postroom_ingest.parse.dates import read_date
from postroom_ingest.parse.guess import guess
from postroom_ingest.parse.headers import Head, Headers, prepared, read_head
from postroom_ingest.parse.inner import with_inner_parts
from postroom_ingest.parse.language import guess_language
from postroom_ingest.parse.limits import MAX_DEFECTS, MAX_NAME_CHARS, MAX_TEXT_CHARS
from postroom_ingest.parse.model import Attachment, AutomaticKind, Importance, Mail
from postroom_ingest.parse.protection import protection
from postroom_ingest.parse.rendering import Rendering
from postroom_ingest.parse.reports import Report, read_report
from postroom_ingest.parse.spam import spam_verdict
from postroom_ingest.parse.structure import Part, read_structure
from postroom_ingest.parse.threads import id_of, message_id, references_of, replied_to_of, root_of, thread_root
from postroom_ingest.parse.words import decode_words, tells_charset

UNREAD: Final = "unread:"
"""Begins the defect of a mail whose text is its bare source, because reading it raised an error."""
_UNSAFE_IN_NAME = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|\u202a-\u202e\u2066-\u2069]+")
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
_REPORTS: Final[dict[str, AutomaticKind]] = {
    "bounce": "bounce",
    "delay": "bounce",
    "delivered": "bounce",
    "relayed": "bounce",
    "complaint": "complaint",
    "read-receipt": "read-receipt",
}
_RAW_FIELDS: Final = ("subject", "from", "to", "cc", "reply-to")
_CALENDARS: Final = frozenset({"text/calendar", "application/ics"})


class NoSuchPartError(LookupError):
    """The message has no attachment with this part number."""


class _Opened(NamedTuple):
    raw: bytes
    head: Head
    root: Part
    bodies: Bodies
    rendering: Rendering
    hint: str
    """The charset the first text names: broken mailers use it for their header fields too."""
    defects: list[str]


def parse(raw: bytes, *, envelope_from: str | None = None) -> Mail:
    """Read one mail. Whatever the bytes are, the result is a mail a person can read, its defects named.

    `envelope_from` is the address of MAIL FROM where it is known ("" for the null return path).
    """
    try:
        return _read(raw, envelope_from)
    except Exception as error:  # noqa: BLE001  pure code; a mistake of ours must not stop a customer's mail
        return _unread(raw, error)


def _read(raw: bytes, envelope_from: str | None) -> Mail:
    opened = _open(raw)
    headers, defects, hint = opened.head.headers, opened.defects, opened.hint
    text = opened.rendering.text()
    senders = addresses(headers.value("from"), defects, hint) or addresses(headers.value("sender"), defects, hint)
    own_id = id_of(headers)
    subject = decode_words(headers.value("subject"), defects, hint)
    report = read_report(opened.raw, headers, opened.root, envelope_from=envelope_from)
    why = _kind(report, automatic(headers, envelope_from=envelope_from, root=opened.root, subject=subject))
    attachments = tuple(_attachment(part, opened)[0] for part in opened.bodies.attached)
    sent_at = _sent_at(headers, defects)
    html = opened.rendering.html()
    defects += ["no-message-id"] * (not own_id) + ["no-from"] * (not senders)
    return Mail(
        subject=subject,
        from_=senders[0] if senders else None,
        reply_to=addresses(headers.value("reply-to"), defects, hint),
        to=addresses(headers.value("to"), defects, hint),
        cc=addresses(headers.value("cc"), defects, hint),
        message_id=own_id,
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
        invitation=_invitation(opened),
        report=report,
        spam=spam_verdict(headers),
        protection=protection(opened.root, opened.raw),
    )


def _kind(report: Report | None, head: Automatic | None) -> Automatic | None:
    """The kind of a mail by what is in it, else by its head. What looks like a delivery report and reports nothing,
    such as a demand to prove oneself a person, is just a machine's mail.
    """
    if report is not None:
        return Automatic(_REPORTS[report.kind], f"report: {report.kind}")
    if head is not None and head.kind == "bounce" and head.evidence.startswith("Content-Type"):
        return Automatic("auto-generated", head.evidence)
    return head


def attachment_bytes(raw: bytes, part: int) -> tuple[Attachment, bytes]:
    """The attachment numbered `part` of this message, as `parse` listed it, and its decoded bytes.

    Raises NoSuchPartError when the message has no attachment of that number.
    """
    opened = _open(raw)
    for candidate in opened.bodies.attached:
        if candidate.index == part:
            return _attachment(candidate, opened)
    raise NoSuchPartError(f"the message has no attachment with part number {part}")


def _open(raw: bytes) -> _Opened:
    raw = prepared(raw)
    head = read_head(raw)
    defects = list(head.defects)
    root = read_structure(raw, head, defects)
    bodies = choose_bodies(with_inner_parts(root, raw))
    first = next(iter(bodies.text or bodies.html), None)
    hint = first.params.token("charset") if first else ""
    if not tells_charset(hint):
        hint = "" if raw[: head.body].isascii() else _charset_of_head(head.headers)
    return _Opened(raw, head, root, bodies, Rendering(raw, bodies, defects), hint, defects)


def _charset_of_head(headers: Headers) -> str:
    """The charset of raw bytes in the head, guessed from all such fields together: one name is too short for it."""
    values = [value for name in _RAW_FIELDS if not (value := headers.value(name)).isascii()]
    name = guess(b"\n".join(values))[1] if values else ""
    return name if tells_charset(name) else ""


def _unread(raw: bytes, error: Exception) -> Mail:
    """The source itself as the text, for a mail this code fails on."""
    return Mail(
        subject="",
        from_=None,
        reply_to=(),
        to=(),
        cc=(),
        message_id=message_id(raw),
        in_reply_to=(),
        references=(),
        thread_root=thread_root(raw),
        sent_at=None,
        text=raw[:MAX_TEXT_CHARS].decode("utf-8", "replace").replace("\x00", ""),
        html=None,
        attachments=(),
        language=None,
        importance="normal",
        automatic=None,
        automatic_evidence=None,
        defects=(f"{UNREAD}{type(error).__name__}",),
    )


def _attachment(part: Part, opened: _Opened) -> tuple[Attachment, bytes]:
    content = part.content(opened.raw)
    content_id = part.headers.value("content-id").decode("utf-8", "replace").strip(" <>\t") or None
    shown = content_id is not None and opened.rendering.shows(content_id)
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


def _invitation(opened: _Opened) -> Invitation | None:
    """Of the first calendar object with an event, whether it is an alternative of the text or a file."""
    for part in opened.bodies.attached:
        given = part.disposition.params.get("filename", b"") or part.params.params.get("name", b"")
        if part.type in _CALENDARS or given.lower().endswith(b".ics"):
            text = decode(part.content(opened.raw, MAX_CALENDAR_BYTES), part.params.token("charset"), [])
            if invitation := read_invitation(text, part.params.token("method")):
                return invitation
    return None


def _file_name(part: Part, content: bytes, opened: _Opened) -> str:
    """The name the sender gave, safe to save under; otherwise one made from the type."""
    given = part.disposition.text("filename", opened.defects, opened.hint)
    for key in ("name", "filename", "file"):
        given = given or part.params.text(key, opened.defects, opened.hint)
    extension = _EXTENSIONS.get(part.type, "bin")
    if not given and part.type == "message/rfc822":
        given = decode_words(read_head(content).headers.value("subject"), [], opened.hint)[:200]
        given = given and f"{given}.eml"
    return safe_name(given) or f"part-{part.index}.{extension}"


def safe_name(given: str) -> str:
    """A file name without its folders and without what file systems refuse, cut to a length they take."""
    name = _UNSAFE_IN_NAME.sub("_", given.replace("\\", "/").rpartition("/")[2]).strip(" .")
    if len(name) > MAX_NAME_CHARS:
        stem, dot, end = name.rpartition(".")
        name = f"{stem[: MAX_NAME_CHARS - 12]}{dot}{end[:11]}"[:MAX_NAME_CHARS]
    return name


def _sent_at(headers: Headers, defects: list[str]) -> datetime | None:
    value = headers.value("date")[:200].decode("ascii", "replace")
    if not value:
        defects.append("no-date")
        return None
    date = read_date(value)
    if date is None:
        defects.append("date-unreadable")
    return date


def _importance(headers: Headers) -> Importance:
    """What the sender set (X-Priority 1-5, RFC 2156 Importance and Priority)."""
    for name in ("importance", "x-priority", "x-msmail-priority", "priority"):
        word = headers.token(name)
        if word.startswith(("high", "urgent", "1", "2")):
            return "high"
        if word.startswith(("low", "non-urgent", "4", "5")):
            return "low"
    return "normal"
