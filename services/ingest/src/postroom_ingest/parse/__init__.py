"""Bytes to mail: pure, bounded in time and memory, and never at a loss.

No mail is refused for being malformed: `parse` always gives a mail a person can read and names what was wrong.
"""

from postroom_ingest.parse.calendar import Invitation
from postroom_ingest.parse.classify import Automatic, automatic
from postroom_ingest.parse.headers import Headers, read_head
from postroom_ingest.parse.identity import fingerprint, synthetic_message_id
from postroom_ingest.parse.model import Address, Attachment, AutomaticKind, Importance, Mail
from postroom_ingest.parse.reader import NoSuchPartError, attachment_bytes, parse
from postroom_ingest.parse.threads import message_id, thread_root

__all__ = [
    "Address",
    "Attachment",
    "Automatic",
    "AutomaticKind",
    "Headers",
    "Importance",
    "Invitation",
    "Mail",
    "NoSuchPartError",
    "attachment_bytes",
    "automatic",
    "fingerprint",
    "message_id",
    "parse",
    "read_head",
    "synthetic_message_id",
    "thread_root",
]
