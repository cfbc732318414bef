"""Signed marks that Postroom puts into mail, and recognises when they come back.

A Message-ID of ours is `<kind.ticket.id.signature@host>`: whoever answers it, however little of the thread they quote,
lands on `ticket`, and nobody else can make one. HMAC-SHA-256, cut to 80 bits (RFC 2104 section 5).
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass

_SIGNATURE_BYTES = 10


@dataclass(frozen=True, slots=True)
class OwnMessageId:
    """What one of our Message-IDs says."""

    kind: str
    ticket: str
    outgoing: str


def _signature(secret: str, text: str) -> str:
    digest = hmac.digest(secret.encode(), text.encode(), hashlib.sha256)[:_SIGNATURE_BYTES]
    return base64.b32encode(digest).decode().lower()


def own_message_id(secret: str, kind: str, ticket: str, outgoing: str, host: str) -> str:
    """The Message-ID, without brackets, of the outgoing mail `outgoing` about `ticket`."""
    local = f"{kind}.{ticket}.{outgoing}"
    return f"{local}.{_signature(secret, local)}@{host}"


def read_own_message_id(secret: str, message_id: str) -> OwnMessageId | None:
    """What `message_id` (without brackets) says, or None when it is not ours or was tampered with."""
    local, _, _ = message_id.partition("@")
    parts = local.split(".")
    if len(parts) != 4:
        return None
    kind, ticket, outgoing, signature = parts
    expected = _signature(secret, f"{kind}.{ticket}.{outgoing}")
    if not hmac.compare_digest(signature.lower().encode(), expected.encode()):
        return None
    return OwnMessageId(kind, ticket, outgoing)


def survey_token(secret: str, ticket: str, survey: str) -> str:
    """The part of a survey link that says which survey of which ticket it is."""
    text = f"{ticket}.{survey}"
    return f"{text}.{_signature(secret, 'survey.' + text)}"


def read_survey_token(secret: str, token: str) -> tuple[str, str] | None:
    """(ticket, survey) of a link we made, else None."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    ticket, survey, signature = parts
    expected = _signature(secret, f"survey.{ticket}.{survey}")
    if not hmac.compare_digest(signature.lower().encode(), expected.encode()):
        return None
    return ticket, survey
