"""What an agent asks to be sent."""

from postroom_contracts.event import Event
from postroom_contracts.topics import Topic
from postroom_contracts.values import Instant, Party


class ReplyRequested(Event, topic=Topic.OUTBOUND, type="postroom.reply.requested.v1"):
    """An agent's reply is to be mailed."""

    message: str
    """The desk's message that is to be mailed."""
    ticket: str
    number: int
    """The ticket's number."""
    mailbox: str
    """The id of the mailbox it is sent from."""
    author: str
    """The name the customer sees."""
    to: tuple[Party, ...]
    cc: tuple[Party, ...] = ()
    subject_line: str
    text: str
    html: str | None = None
    message_id: str
    """RFC 5322 Message-ID without brackets, fixed before the first try."""
    references: tuple[str, ...] = ()
    """The chain above this mail, oldest first; the last is what it answers."""
    requested_at: Instant

    @property
    def key(self) -> str:
        return self.ticket
