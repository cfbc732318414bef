"""A contact of another channel than mail: how programs hand it in as JSON, and how it is read. Pure."""

import base64
import hashlib
import re
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from postroom_contracts.config import Address as MailAddress
from postroom_contracts.values import Channel
from postroom_ingest.parse import Address, Attachment, Mail, NoSuchPartError
from postroom_ingest.parse.html import as_text, as_text_crudely, nested_too_deep, sanitised
from postroom_ingest.parse.language import guess_language
from postroom_ingest.parse.limits import MAX_HTML_CHARS, MAX_TEXT_CHARS
from postroom_ingest.parse.reader import safe_name

MAX_FILES: Final = 50
SUBJECT_CHARS: Final = 80
"""How much of the text stands for a subject that is missing."""
_NUL: Final = str.maketrans({"\x00": None})
_Text = Annotated[str, AfterValidator(lambda text: text.translate(_NUL))]
"""MongoDB takes NUL, much that reads from it does not."""
_Short = Annotated[_Text, StringConstraints(strip_whitespace=True, max_length=200)]
_UNFIT: Final = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]+")
_Names: Final[dict[Channel, str]] = {"form": "Form", "chat": "Chat", "sms": "SMS", "call": "Call", "social": "Message"}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, hide_input_in_errors=True)


class Sender(_Strict):
    """Who wrote or called. At least one of address, phone and id."""

    address: MailAddress | None = None
    """Their mail address, if they gave one: answers go there."""
    phone: Annotated[str, StringConstraints(pattern=r"^\+[0-9]{5,15}$")] | None = None
    """E.164, such as +4930123456."""
    id: Annotated[_Text, StringConstraints(pattern=r"^[a-z0-9_-]+:[^\s]+$", max_length=200)] | None = None
    """Their name in another system, such as telegram:12345."""
    name: _Short = ""

    @model_validator(mode="after")
    def _somebody(self) -> "Sender":
        if not (self.address or self.phone or self.id):
            raise ValueError("give at least one of address, phone and id")
        return self

    @property
    def identity(self) -> str:
        """What they are known by: the mail address if there is one."""
        return self.address or self.phone or self.id or ""


def _decoded(value: object) -> object:
    return base64.b64decode(value, validate=True) if isinstance(value, str) else value


class File(_Strict):
    """An attachment."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    content_type: Annotated[str, StringConstraints(pattern=r"^[\w.+-]+/[\w.+-]+$", max_length=100)] = (
        "application/octet-stream"
    )
    content: Annotated[
        bytes, BeforeValidator(_decoded), WithJsonSchema({"type": "string", "contentEncoding": "base64"})
    ]
    """Base64 (RFC 4648 section 4)."""


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("there is no such moment") from None


class Submission(_Strict):
    """A contact, as programs hand it in."""

    channel: Literal["form", "chat", "sms", "call", "social", "api"]
    sender: Sender
    subject: Annotated[_Text, StringConstraints(strip_whitespace=True, max_length=998)] = ""
    """Where there is none, the beginning of the text stands for it."""
    text: Annotated[_Text, StringConstraints(max_length=MAX_TEXT_CHARS)] = ""
    html: Annotated[_Text, StringConstraints(max_length=MAX_HTML_CHARS)] | None = None
    attachments: Annotated[tuple[File, ...], Field(max_length=MAX_FILES)] = ()
    thread_key: _Short | None = None
    """What contacts of one conversation have in common: the id of the chat, of the caller, of the form's session."""
    mailbox: str | None = None
    """The id of a mailbox, if not the one of the door."""
    importance: Literal["low", "normal", "high"] = "normal"
    sent_at: Annotated[AwareDatetime, AfterValidator(_in_utc)] | None = None
    automatic: bool = False
    """Whether a machine made it up, so that nobody is told that it arrived."""

    @model_validator(mode="after")
    def _something(self) -> "Submission":
        if self.channel != "call" and not (self.text.strip() or self.html or self.subject or self.attachments):
            raise ValueError("there is nothing in it: give text, html, subject or attachments")
        return self


def conversation(channel: Channel, mailbox: str, thread_key: str | None, contact: str) -> str:
    """What contacts of one conversation share; without a thread key every contact is one of its own."""
    key = hashlib.sha256(thread_key.encode()).hexdigest()[:32] if thread_key else contact
    return f"{channel}.{mailbox}.{key}"


def read_submission(raw: bytes, contact: str) -> Mail:
    """What was handed in, as contacts of all channels look once they are read.

    Raises:
        pydantic.ValidationError: the door let in what is no submission; it never does.
    """
    submission = Submission.model_validate_json(raw)
    html, text, defects = _bodies(submission)
    sender = submission.sender
    message_id = f"{contact}@{submission.channel}.contact.invalid"
    return Mail(
        subject=_line(submission.subject) or _subject(submission, text),
        from_=Address(name=_line(sender.name), address=sender.identity),
        reply_to=(),
        to=(),
        cc=(),
        message_id=message_id,
        in_reply_to=(),
        references=(),
        thread_root=message_id,
        sent_at=submission.sent_at,
        text=text,
        html=html,
        attachments=tuple(_attachment(n, one) for n, one in enumerate(submission.attachments)),
        language=guess_language(text),
        importance=submission.importance,
        automatic="auto-generated" if submission.automatic else None,
        automatic_evidence="automatic: true" if submission.automatic else None,
        defects=defects,
    )


def submitted_file(raw: bytes, part: int) -> bytes:
    """The bytes of an attachment of a submission.

    Raises:
        NoSuchPartError: it has no attachment of this number.
    """
    files = Submission.model_validate_json(raw).attachments
    if not 0 <= part < len(files):
        raise NoSuchPartError(f"the submission has no attachment with number {part}")
    return files[part].content


def _bodies(submission: Submission) -> tuple[str | None, str, tuple[str, ...]]:
    source = submission.html
    if source is None:
        return None, _tidy(submission.text), ()
    if nested_too_deep(source):
        return None, _tidy(submission.text) or as_text_crudely(source), ("html-too-nested",)
    html = sanitised(source)
    return html, _tidy(submission.text) or as_text(html), ()


def _tidy(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _line(text: str) -> str:
    """On one line, as what stands in a header field of a mail is."""
    return _UNFIT.sub(" ", text).strip()


def _subject(submission: Submission, text: str) -> str:
    first = text.split("\n", 1)[0].strip()
    if not first:
        sender = submission.sender
        return f"{_Names.get(submission.channel, 'Contact')}: {_line(sender.name) or sender.identity}"
    return first if len(first) <= SUBJECT_CHARS else f"{first[: SUBJECT_CHARS - 1]}…"


def _attachment(number: int, file: File) -> Attachment:
    return Attachment(
        part=number,
        name=safe_name(file.name) or f"part-{number}.bin",
        content_type=file.content_type,
        size=len(file.content),
        content_id=None,
        inline=False,
        sha256=hashlib.sha256(file.content).hexdigest(),
    )
