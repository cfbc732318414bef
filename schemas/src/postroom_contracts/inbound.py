"""What came in at a door and is durable, but not read yet."""

from postroom_contracts.event import Event, Value
from postroom_contracts.topics import Topic
from postroom_contracts.values import Channel, ClaimCheck, Door, Instant


class _Arrived(Value):
    contact: str
    """The id it keeps for life: as raw source, as contact and as message."""
    raw: ClaimCheck
    mailbox: str
    """The id of the mailbox it came to."""
    thread_root: str
    """What it belongs with, so that one reader sees a whole conversation: see the key."""
    received_at: Instant
    released: bool = False
    """Whether it had been set aside and an agent let it in: it is read again, whatever set it aside."""

    @property
    def key(self) -> str:
        return self.thread_root

    @property
    def subject(self) -> str:
        return self.contact


class MailReceived(_Arrived, Event, topic=Topic.INBOUND, type="postroom.mail.received.v1"):
    """A mail was accepted: the sender has its OK, the raw source is stored.

    Its `thread_root` is the first Message-ID of References, else of In-Reply-To, else its own.
    """

    also: tuple[str, ...] = ()
    """Other mailboxes that the same envelope named."""
    envelope_from: str
    """The sender in SMTP's MAIL command; empty for the null sender (RFC 5321 section 4.5.5)."""
    envelope_to: tuple[str, ...]
    door: Door = "smtp"
    """How it came in."""
    peer: str | None = None
    """The IP address of the server that handed it in, where the door knows it."""
    helo: str | None = None
    """What that server called itself (RFC 5321 section 4.1.1.1)."""
    tls: str | None = None
    """The version of TLS it came under, such as `TLSv1.3`; null where it came in the clear or nobody knows."""
    imported: bool = False
    """Whether it is old mail brought over: nobody is acknowledged, nothing is timed."""
    run: str | None = None
    """The import it came with, if any."""


class SubmissionReceived(_Arrived, Event, topic=Topic.INBOUND, type="postroom.submission.received.v1"):
    """A contact of another channel than mail was accepted: the caller has its OK, the submission is stored as JSON.

    Its `thread_root` is made of the channel, the mailbox and the conversation's thread key.
    """

    channel: Channel
