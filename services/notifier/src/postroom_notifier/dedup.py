"""The ids of outgoing mails: one mail for each reason to send one, whatever is replayed."""

from postroom_contracts.delivery import MailKind
from postroom_plumbing.tokens import Kind

WORDS: dict[MailKind, Kind] = {"acknowledgement": "ack", "reply": "reply", "survey": "survey"}
"""The short word of each kind, in ids and in our Message-IDs alike."""


def outgoing_id(kind: MailKind, subject: str) -> str:
    """The id of the only mail of `kind` about `subject`: a message for replies, else the ticket."""
    return f"{WORDS[kind]}:{subject}"
