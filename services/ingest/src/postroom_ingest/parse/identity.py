"""Recognising the same mail again when it comes another way, and naming one that has no id."""

import hashlib

from postroom_ingest.parse.model import Mail
from postroom_ingest.parse.threads import SYNTHETIC_DOMAIN


def fingerprint(mail: Mail) -> str:
    """A stable digest (64 hex digits) of sender, date, subject and content.

    Transport fields, transfer encodings, line wrapping and the order of attachments do not change it: gateways
    rewrite all of these.
    """
    digest = hashlib.sha256()
    for piece in (
        mail.from_.address.lower() if mail.from_ else "",
        mail.sent_at.isoformat() if mail.sent_at else "",
        " ".join(mail.subject.split()),
        " ".join(mail.text.split()),
        *sorted(attachment.sha256 for attachment in mail.attachments),
    ):
        digest.update(piece.encode("utf-8", "replace"))
        digest.update(b"\x00")
    return digest.hexdigest()


def synthetic_message_id(mail: Mail) -> str:
    """An id (no brackets) for a mail that came without one: the same mail always gets the same."""
    return f"{fingerprint(mail)[:32]}@{SYNTHETIC_DOMAIN}"
