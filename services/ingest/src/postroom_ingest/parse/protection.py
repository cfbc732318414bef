"""Whether a mail is signed or encrypted, and how, from its parts (RFC 1847, RFC 3156, RFC 8551). Verifies nothing."""

import re
from typing import Final, Literal

from postroom_ingest.parse.structure import Part

Protection = Literal["smime-signed", "smime-encrypted", "pgp-signed", "pgp-encrypted"]

_SIGNATURES: Final[dict[str, Protection]] = {
    "application/pgp-signature": "pgp-signed",
    "application/pkcs7-signature": "smime-signed",
    "application/x-pkcs7-signature": "smime-signed",
}
_SMIME: Final = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_SMIME_TYPES: Final[dict[str, Protection]] = {
    "signed-data": "smime-signed",
    "enveloped-data": "smime-encrypted",
    "authenveloped-data": "smime-encrypted",
    "authenticated-enveloped-data": "smime-encrypted",
}
# The content types of RFC 5652 and RFC 5083 as they stand at the start of the DER (or BER) encoding.
_OIDS: Final[dict[bytes, Protection]] = {
    bytes.fromhex("06092a864886f70d010702"): "smime-signed",
    bytes.fromhex("06092a864886f70d010703"): "smime-encrypted",
    bytes.fromhex("060b2a864886f70d0109100117"): "smime-encrypted",
}
_ARMOUR = re.compile(rb"^-----BEGIN PGP (SIGNED )?MESSAGE-----[ \t]*\r?$", re.MULTILINE)
_BEGIN: Final = b"-----BEGIN PGP "
_STRENGTH: Final[tuple[Protection, ...]] = ("smime-encrypted", "pgp-encrypted", "smime-signed", "pgp-signed")
_SEARCHED: Final = 64 * 1024


def protection(root: Part, raw: bytes) -> Protection | None:
    """How the mail with these parts is protected; encryption counts before a signature.

    A part of a message within the message counts for nothing: it was protected on its way to somebody else.
    """
    found = {kind for part in _all(root) if (kind := _of_container(part) if part.children else _of_leaf(part, raw))}
    return next((kind for kind in _STRENGTH if kind in found), None)


def _all(part: Part) -> list[Part]:
    return [part, *(inner for child in part.children for inner in _all(child))]


def _of_container(part: Part) -> Protection | None:
    if part.type == "multipart/signed":
        return _SIGNATURES.get(part.params.token("protocol").lower())
    if part.type == "multipart/encrypted" and "pgp" in part.params.token("protocol").lower():
        return "pgp-encrypted"
    return None


def _of_leaf(part: Part, raw: bytes) -> Protection | None:
    if part.type in ("text/plain", "text/html"):
        return _inline(part, raw)
    if part.type == "application/pgp-encrypted":
        return "pgp-encrypted"  # also where a server on the way turned the container into multipart/mixed
    if found := _SIGNATURES.get(part.type):
        return found
    if part.type in _SMIME:
        return _SMIME_TYPES.get(part.params.token("smime-type").lower()) or _of_content(part, raw)
    name = part.disposition.token("filename") or part.params.token("name")
    return _of_content(part, raw) if name.lower().endswith((".p7m", ".p7s")) else None


def _of_content(part: Part, raw: bytes) -> Protection | None:
    """What the first bytes of a CMS structure say; certificates alone are a signature with nothing signed."""
    start = part.content(raw, 256)[:64]
    return next((kind for oid, kind in _OIDS.items() if oid in start), None)


def _inline(part: Part, raw: bytes) -> Protection | None:
    """PGP's armour within the text; one that is quoted, or a key, protects nothing."""
    if part.headers.token("content-transfer-encoding") == "base64":
        text, start, end = part.content(raw, _SEARCHED), 0, _SEARCHED
    else:
        text, start, end = raw, part.start, min(part.end, part.start + _SEARCHED)
    at = text.find(_BEGIN, start, end)  # many times as fast as the pattern, and nearly always enough
    found = _ARMOUR.search(text, start, end) if at >= 0 else None
    if found is None:
        return None
    return "pgp-signed" if found[1] else "pgp-encrypted"
