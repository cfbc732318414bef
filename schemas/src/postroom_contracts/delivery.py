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


class MailFailed(_Delivery, Event, topic=Topic.DELIVERY, type="postroom.mail.failed.v1"):
    """It was refused for good, or nobody can know whether it went out (`uncertain`)."""

    uncertain: bool = False
    """Whether it may have gone out all the same: only a person should send it again."""
    reason: str
