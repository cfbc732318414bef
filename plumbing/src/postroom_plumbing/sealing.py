"""Encryption at rest: AES-256-GCM (NIST SP 800-38D) under keys made from POSTROOM_SECRET by HKDF (RFC 5869).

What is sealed names its key, so that after a change of POSTROOM_SECRET the old ones, given in
POSTROOM_PREVIOUS_SECRETS, still open what they sealed.
"""

import base64
import binascii
import hashlib
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from postroom_plumbing.errors import PermanentError
from postroom_plumbing.settings import ServiceSettings

PREFIX: Final = "sealed:"
"""Begins a sealed text."""
_VERSION: Final = b"\x01"
_KEY_ID_BYTES: Final = 4
_NONCE_BYTES: Final = 12
_HEAD_BYTES: Final = len(_VERSION) + _KEY_ID_BYTES + _NONCE_BYTES


class SealError(PermanentError):
    """It was not sealed by us for this purpose and place, was changed since, or its secret is not known any more."""


class Sealer:
    """Seals and opens for one purpose, such as `raw` or `setting`; a seal for another purpose does not open."""

    def __init__(self, settings: ServiceSettings, purpose: str) -> None:
        secrets = (settings.secret, *settings.previous_secrets)
        keys = [_key(one.get_secret_value(), purpose) for one in secrets]
        self._ciphers = {_key_id(key): AESGCM(key) for key in reversed(keys)}
        self._current = _key_id(keys[0])

    def seal(self, data: bytes, place: str = "") -> bytes:
        """`data` encrypted. `place` (an id, say) is not stored but must be the same when it is opened."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._current].encrypt(nonce, data, place.encode())
        return _VERSION + self._current + nonce + sealed

    def open(self, sealed: bytes, place: str = "") -> bytes:
        """What was sealed.

        Raises:
            SealError: see there.
        """
        key_id = sealed[len(_VERSION) : len(_VERSION) + _KEY_ID_BYTES]
        cipher = self._ciphers.get(key_id) if sealed[:1] == _VERSION else None
        if cipher is None:
            raise SealError("sealed with a secret that is not known: see POSTROOM_PREVIOUS_SECRETS")
        try:
            return cipher.decrypt(
                sealed[_HEAD_BYTES - _NONCE_BYTES : _HEAD_BYTES], sealed[_HEAD_BYTES:], place.encode()
            )
        except InvalidTag:
            raise SealError("sealed for something else, or changed since") from None

    def seal_text(self, text: str) -> str:
        """`text` encrypted, as text."""
        return PREFIX + base64.b64encode(self.seal(text.encode())).decode()

    def open_text(self, sealed: str) -> str:
        """The text that was sealed.

        Raises:
            SealError: see there.
        """
        try:
            data = base64.b64decode(sealed.removeprefix(PREFIX), validate=True)
        except (binascii.Error, ValueError):
            raise SealError("not sealed by us") from None
        return self.open(data).decode()


def _key(secret: str, purpose: str) -> bytes:
    return HKDF(SHA256(), 32, salt=b"postroom", info=purpose.encode()).derive(secret.encode())


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()[:_KEY_ID_BYTES]
