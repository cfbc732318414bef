"""Signed marks that Postroom puts into mail, and recognises when they come back.

A Message-ID of ours says which ticket it is about: whoever answers it, however little of the thread they quote, lands
on that ticket, and nobody else can make one. HMAC-SHA-256, cut to 64 bits (RFC 2104 section 5). It is kept short
because some mail programs encode an In-Reply-To that does not fit on one line of 78 characters.

An address can say the same: `support+<token>@example.com` (RFC 5233 section 1 calls the part behind the plus sign the
detail). Its token is base32, since the part left of the `@` may be lower-cased or capitalised on the way, and ends up
with 40 characters of the 64 that RFC 5321 section 4.5.3.1.1 grants.
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
_UUID_BYTES = 16
_MESSAGE_ID_BYTES = 1 + 2 * (1 + _UUID_BYTES) + _SIGNATURE_BYTES
_ADDRESS_LETTER = b"t"
_ADDRESS_CHARS = 40
"""A letter, an id and a signature, 25 bytes, in base32."""


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
    raw = _decoded(message_id)
    if raw is None:
        return None
    payload, signature = raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
    if payload[:1] not in _KINDS or not hmac.compare_digest(signature, _sign(secret, payload)):
        return None  # what we signed may be the mark of an address, written as a Message-ID by somebody
    ticket, rest = _unpacked(payload[1:])
    outgoing, _ = _unpacked(rest)
    return OwnMessageId(_KINDS[payload[:1]], ticket, outgoing)


def looks_like_own_message_id(message_id: str) -> bool:
    """Whether `message_id` is built as ours are, whoever signed it: if it is not ours, somebody made it look so."""
    raw = _decoded(message_id)
    if raw is None or len(raw) != _MESSAGE_ID_BYTES:
        return False
    return raw[:1] in _KINDS and raw[1] == 0 and raw[2 + _UUID_BYTES] == 0


def _decoded(message_id: str) -> bytes | None:
    token = message_id.partition("@")[0]
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None


def ticket_address(secret: str, ticket: str, address: str) -> str:
    """`address` with a mark of the ticket: what is sent there belongs to it. `ticket` is a UUID.

    Raises:
        ValueError: `ticket` is no UUID.
    """
    payload = _ADDRESS_LETTER + uuid.UUID(ticket).bytes
    token = base64.b32encode(payload + _sign(secret, payload)).decode().lower()
    local, at, host = address.rpartition("@")
    return f"{local}+{token}{at}{host}"


def read_ticket_address(secret: str, address: str) -> str | None:
    """The ticket of an address we marked, or None where there is no mark or somebody else made it."""
    raw = _address_token(address)
    if raw is None:
        return None
    payload, signature = raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _sign(secret, payload)):
        return None
    return str(uuid.UUID(bytes=payload[1:]))


def without_token(address: str) -> str:
    """`address` without a mark of ours, whoever signed it; other details behind a plus sign stay."""
    if _address_token(address) is None:
        return address
    local, _, host = address.rpartition("@")
    return f"{local.rpartition('+')[0]}@{host}"


def looks_like_ticket_address(address: str) -> bool:
    """Whether `address` is marked as ours are, whoever signed it."""
    return _address_token(address) is not None


def _address_token(address: str) -> bytes | None:
    token = address.rpartition("@")[0].rpartition("+")[2]
    if len(token) != _ADDRESS_CHARS or len(token) == len(address.rpartition("@")[0]):
        return None
    try:
        raw = base64.b32decode(token.upper())
    except (binascii.Error, ValueError):
        return None
    return raw if raw[:1] == _ADDRESS_LETTER else None


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
