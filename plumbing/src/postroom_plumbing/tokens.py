"""Signed marks that Postroom puts into mail, and recognises when they come back.

A Message-ID of ours says which ticket it is about: whoever answers it, however little of the thread they quote, lands
on that ticket, and nobody else can make one. HMAC-SHA-256, cut to 64 bits (RFC 2104 section 5). It is kept short
because some mail programs encode an In-Reply-To that does not fit on one line of 78 characters.
"""

import base64
import binascii
import hashlib
import hmac
import uuid
from dataclasses import dataclass
from typing import Literal

Kind = Literal["ack", "reply", "survey"]
_LETTERS: dict[Kind, bytes] = {"ack": b"a", "reply": b"r", "survey": b"s"}
_KINDS = {letter: kind for kind, letter in _LETTERS.items()}
_SIGNATURE_BYTES = 8


@dataclass(frozen=True, slots=True)
class OwnMessageId:
    """What one of our Message-IDs says."""

    kind: Kind
    ticket: str
    outgoing: str


def _sign(secret: str, payload: bytes) -> bytes:
    return hmac.digest(secret.encode(), payload, hashlib.sha256)[:_SIGNATURE_BYTES]


def _packed(thing: str) -> bytes:
    """An id in few bytes: a UUID in 17, anything else behind its length."""
    try:
        return b"\x00" + uuid.UUID(thing).bytes
    except ValueError:
        text = thing.encode()
        return bytes([len(text)]) + text


def _unpacked(data: bytes) -> tuple[str, bytes]:
    length = data[0]
    if length == 0:
        return str(uuid.UUID(bytes=data[1:17])), data[17:]
    return data[1 : 1 + length].decode(), data[1 + length :]


def own_message_id(secret: str, kind: Kind, ticket: str, outgoing: str, host: str) -> str:
    """The Message-ID, without brackets, of an outgoing mail about a ticket."""
    payload = _LETTERS[kind] + _packed(ticket) + _packed(outgoing)
    token = base64.urlsafe_b64encode(payload + _sign(secret, payload)).decode().rstrip("=")
    return f"{token}@{host}"


def read_own_message_id(secret: str, message_id: str) -> OwnMessageId | None:
    """What `message_id` (without brackets) says, or None when it is not ours or was tampered with."""
    token = message_id.partition("@")[0]
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    payload, signature = raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
    if not payload or not hmac.compare_digest(signature, _sign(secret, payload)):
        return None
    ticket, rest = _unpacked(payload[1:])
    outgoing, _ = _unpacked(rest)
    return OwnMessageId(_KINDS[payload[:1]], ticket, outgoing)


def _signature(secret: str, text: str) -> str:
    return base64.b32encode(hmac.digest(secret.encode(), text.encode(), hashlib.sha256)[:10]).decode().lower()


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
