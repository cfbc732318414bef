"""What was sent, and what could not be."""

from typing import Literal

from postroom_contracts.event import Event, Value
from postroom_contracts.topics import Topic
from postroom_contracts.values import Instant

MailKind = Literal["acknowledgement", "reply", "survey"]


class _Delivery(Value):
    outgoing: str
    """The id of the outgoing mail."""
    ticket: str
    kind: MailKind
    message: str | None = None
    """The desk's message this mail carries, for a reply."""
    to: tuple[str, ...]
    """The recipients this is about; one mail may be taken for some and refused for others."""
    subject_line: str
    message_id: str
    """RFC 5322 Message-ID without brackets."""
    attempts: int
    """How often it was tried, this time included."""
    at: Instant

    @property
    def key(self) -> str:
        return self.ticket


class MailSent(_Delivery, Event, topic=Topic.DELIVERY, type="postroom.mail.sent.v1"):
    """The next mail server took it."""


class MailBounced(Event, topic=Topic.DELIVERY, type="postroom.mail.bounced.v1"):
    """A mail server further on reported that a mail of ours did not arrive, or not yet (RFC 3464)."""

    ticket: str
    outgoing: str
    """The id of the outgoing mail."""
    kind: MailKind
    contact: str
    """The report itself."""
    message_id: str
    """RFC 5322 Message-ID, without brackets, of the mail that bounced."""
    to: str
    """The recipient it did not reach; empty when the report does not say."""
    permanent: bool
    """Whether trying again is pointless; false for a delay."""
    status: str = ""
    """The enhanced status code (RFC 3463), such as `5.1.1`; empty when the report has none."""
    reason: str = ""
    """In a word, such as `unknown-user` or `mailbox-full`."""
    diagnostic: str = ""
    """What the other server said."""
    at: Instant

    @property
    def key(self) -> str:
        return self.ticket


class MailFailed(_Delivery, Event, topic=Topic.DELIVERY, type="postroom.mail.failed.v1"):
    """It was refused for good, or nobody can know whether it went out (`uncertain`)."""

    uncertain: bool = False
    """Whether it may have gone out all the same: only a person should send it again."""
    reason: str
