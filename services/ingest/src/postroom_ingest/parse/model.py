"""What a mail says once it has been read: plain values, safe to store and to show."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from postroom_contracts.values import Automatic
from postroom_ingest.parse.calendar import Invitation
from postroom_ingest.parse.protection import Protection
from postroom_ingest.parse.reports.model import Report
from postroom_ingest.parse.spam import Spam

AutomaticKind = Automatic
"""Kinds of mail that no machine must answer."""
Importance = Literal["low", "normal", "high"]


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of an address field; `name` is empty when the field gives none."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is not body text. `part` finds its bytes again with `attachment_bytes`."""

    part: int
    name: str
    content_type: str
    size: int
    """Bytes after transfer decoding."""
    content_id: str | None
    inline: bool
    """Shown within the text (an image the HTML points to), so not listed below it."""
    sha256: str


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail, read. All texts are free of NUL; `html` is safe to put into a page."""

    subject: str
    from_: Address | None
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    message_id: str | None
    """Without angle brackets, like all ids here."""
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    """Oldest first."""
    thread_root: str
    """Always present: see `thread_root`."""
    sent_at: datetime | None
    """The Date field in UTC."""
    text: str
    """Plain text with LF line ends; made from the HTML where the mail has no text of its own."""
    html: str | None
    attachments: tuple[Attachment, ...]
    language: str | None
    """ISO 639-1, or None when unsure."""
    importance: Importance
    automatic: AutomaticKind | None
    """Why this mail must not be acknowledged; None for a person's mail."""
    automatic_evidence: str | None
    """The field that says so, as `Name: value`."""
    defects: tuple[str, ...]
    """Names of what was wrong with the mail, e.g. `no-message-id`, `charset-unknown:x`."""
    invitation: Invitation | None = None
    """What the mail's calendar object asks for."""
    report: Report | None = None
    """What a machine reports about a mail of ours."""
    spam: Spam | None = None
    """What the mail server in front thinks of it."""
    protection: Protection | None = None
    """How the mail itself is signed or encrypted."""
