"""What a customer sent, read, classified and threaded."""

from typing import Literal

from postroom_contracts.event import Event, Value
from postroom_contracts.topics import Topic
from postroom_contracts.values import Attachment, Automatic, Channel, ClaimCheck, Door, Instant, Party

Verdict = Literal["pass", "fail", "softfail", "neutral", "none", "temperror", "permerror"]
"""The results that SPF, DKIM and DMARC have in common (RFC 8601 section 2.7)."""


class Evidence(Value):
    """Why a contact belongs to its ticket."""

    kind: Literal[
        "own-token", "known-message", "expected-message", "subject-number", "same-conversation", "flood", "none"
    ]
    """It answers a mail of ours; it answers (or repeats the id of) one we have seen; one that answers it came first;
    its subject names the ticket and its sender takes part there; it has the thread key of the conversation; its
    sender sends so much that it goes where the rest went; or nothing, and it opens a ticket."""
    detail: str = ""
    """The Message-ID, the number or the thread key that was found."""
    merged_from: str | None = None
    """The ticket it was for, where that one has been merged into another."""


class Authentication(Value):
    """What is known of who sent a mail."""

    spf: Verdict = "none"
    dkim: Verdict = "none"
    dmarc: Verdict = "none"
    by: str = ""
    """Who checked: the host named in a trusted Authentication-Results field, or `postroom`; empty when nobody did."""


class Spam(Value):
    """What the mail server in front thinks of a mail."""

    verdict: bool
    """Whether it called it spam."""
    score: float | None = None
    by: str = ""
    """The header field that says so."""


class Invitation(Value):
    """A calendar object in a mail (RFC 5546)."""

    method: str
    """REQUEST, REPLY, CANCEL …"""
    summary: str = ""
    starts: str = ""
    """As the calendar wrote it, with its time zone."""
    ends: str = ""
    organizer: str = ""
    location: str = ""


class ContactReceived(Event, topic=Topic.CONTACTS, type="postroom.contact.received.v1"):
    """A contact belongs to a ticket: `ticket` is new when `opens`."""

    contact: str
    """The id it has had since it came in, as raw source and as message."""
    ticket: str
    opens: bool
    """Whether the ticket begins with it."""
    follows: str | None = None
    """The closed ticket this new one goes on from."""
    evidence: Evidence
    channel: Channel
    mailbox: str
    """The id of the mailbox it came to."""
    sender: Party
    reply_to: tuple[Party, ...] = ()
    to: tuple[Party, ...] = ()
    cc: tuple[Party, ...] = ()
    subject_line: str
    text: str
    """Plain text; where the mail has none, made from its HTML."""
    text_truncated: bool = False
    """Whether the text goes on in the raw source."""
    html: str | None = None
    """Cleaned, so that it is safe to show."""
    language: str | None = None
    """ISO 639-1, or None when unsure."""
    automatic: Automatic | None = None
    """Why no machine must answer it (RFC 3834); None for a person's mail."""
    importance: Literal["low", "normal", "high"] = "normal"
    """What the sender thinks of it."""
    attachments: tuple[Attachment, ...] = ()
    raw: ClaimCheck
    """The source as it came, byte for byte."""
    message_id: str
    """RFC 5322 Message-ID without brackets; made up where the mail has none."""
    references: tuple[str, ...] = ()
    """Message-IDs above it, oldest first."""
    sent_at: Instant | None = None
    """What its Date field says, if it can be read."""
    received_at: Instant
    imported: bool = False
    """Whether it is old mail brought over: nobody is acknowledged, nothing is timed."""
    defects: tuple[str, ...] = ()
    """What was wrong with the mail, such as `no-message-id`."""
    door: Door = "smtp"
    """How it came in."""
    also: tuple[str, ...] = ()
    """Other mailboxes that got the same mail."""
    own_words: str | None = None
    """What is new in the text: without quotation and signature; null where that is all of it."""
    forwarded_by: Party | None = None
    """The agent who forwarded it in; `sender` is then the customer whose mail it was."""
    automatic_evidence: str = ""
    """What shows that a machine sent it."""
    warnings: tuple[str, ...] = ()
    """What an agent should beware of, such as `forged-reference`: it named a ticket its sender has no part in."""
    similar: tuple[str, ...] = ()
    """Tickets of the same customer that may be about the same matter, the likeliest first."""
    spam: Spam | None = None
    authentication: Authentication = Authentication()
    protection: Literal["smime-signed", "smime-encrypted", "pgp-signed", "pgp-encrypted"] | None = None
    """How the mail itself is signed or encrypted."""
    tls: str | None = None
    """The version of TLS it came under, where the door knows it."""
    invitation: Invitation | None = None
    redactions: int = 0
    """How many card numbers (or what else is configured) were taken out of what can be read."""

    @property
    def key(self) -> str:
        return self.ticket


class ContactSeenAgain(Event, topic=Topic.CONTACTS, type="postroom.contact.seen_again.v1"):
    """The same mail came in once more by another mailbox: it stays one message, now of both."""

    contact: str
    """The contact that came first."""
    ticket: str
    mailbox: str
    """The mailbox it came to this time."""
    again: str
    """The id the second copy has as raw source."""
    received_at: Instant

    @property
    def key(self) -> str:
        return self.ticket


class ContactReread(Event, topic=Topic.CONTACTS, type="postroom.contact.reread.v1"):
    """A contact was read again from its source by a better reader: this is what it says now."""

    contact: str
    ticket: str
    subject_line: str
    text: str
    text_truncated: bool = False
    own_words: str | None = None
    html: str | None = None
    language: str | None = None
    automatic: Automatic | None = None
    attachments: tuple[Attachment, ...] = ()
    defects: tuple[str, ...] = ()
    at: Instant

    @property
    def key(self) -> str:
        return self.ticket
