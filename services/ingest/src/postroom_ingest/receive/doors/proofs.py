"""How callers of a door prove who they are. Pure; `now` is given."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

FRESH: Final = timedelta(hours=80)
"""How old a signed time may be: Mailgun tries again for 8 hours, SendGrid for 72. A replay within it is the same mail:
SendGrid signs all of it, and a token of Mailgun's counts once."""
_SENDGRID_SIGNATURE: Final = "x-twilio-email-event-webhook-signature"
_SENDGRID_TIMESTAMP: Final = "x-twilio-email-event-webhook-timestamp"


def mailgun_signed(timestamp: str, token: str, signature: str, key: str, now: datetime) -> bool:
    """Whether Mailgun signed a post: HMAC-SHA-256 over timestamp and token under the account's signing key.

    The mail itself is not signed, so a token must not be taken for two mails.

    https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks
    """
    expected = hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(signature.encode(), expected.encode()) and _fresh(timestamp, now)


def sendgrid_signed(headers: Mapping[str, str], body: bytes, public_key: str, now: datetime) -> bool:
    """Whether SendGrid signed a post: ECDSA with SHA-256 over timestamp and body; the key is DER in base64.

    https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/securing-your-parse-webhooks
    """
    timestamp = headers.get(_SENDGRID_TIMESTAMP, "")
    try:
        key = load_der_public_key(base64.b64decode(public_key, validate=True))
        signature = base64.b64decode(headers.get(_SENDGRID_SIGNATURE, ""), validate=True)
    except (binascii.Error, ValueError):
        return False
    if not isinstance(key, EllipticCurvePublicKey):
        return False
    try:
        key.verify(signature, timestamp.encode() + body, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return _fresh(timestamp, now)


def by_sendgrid(headers: Mapping[str, str]) -> bool:
    """Whether a post says that SendGrid signed it, which proves nothing."""
    return _SENDGRID_SIGNATURE in headers


def _fresh(timestamp: str, now: datetime) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    return abs(now.timestamp() - int(timestamp)) <= FRESH.total_seconds()
