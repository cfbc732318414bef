"""Mail addresses that are one, however they are written."""

import unicodedata
from typing import Final

import idna

_LONGEST: Final = 255
"""Characters of a domain (RFC 5321 section 4.5.3.1.2); what is longer is none, and not worth the work."""


def canonical(address: str) -> str:
    """What all spellings of an address have in common, to compare by: small letters, the local part composed (NFC), the
    domain as A-labels (RFC 5891, mapped as UTS 46 has it). What is no such domain stays as it is.

    Case does not matter in the local part either, RFC 5321 section 2.4 notwithstanding. Without an `@` all of it is
    taken for a domain.
    """
    local, at, domain = address.rpartition("@")
    return f"{_composed(local)}{at}{ascii_domain(domain)}"


def _composed(text: str) -> str:
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text.lower())


def ascii_domain(domain: str) -> str:
    """A domain in small letters and as A-labels; what is none stays as it is."""
    small = _composed(domain)
    if small.isascii() or len(small) > _LONGEST:
        return small
    try:
        return idna.encode(small, uts46=True).decode("ascii")
    except idna.IDNAError:
        return small


def spellings(address: str) -> frozenset[str]:
    """An address as it is, with its domain as A-labels, and with its domain as U-labels, as mails may name it."""
    common = canonical(address)
    local, at, domain = common.rpartition("@")
    try:
        readable = idna.decode(domain) if "xn--" in domain else domain
    except idna.IDNAError:
        readable = domain
    return frozenset((address, common, f"{local}{at}{readable}"))
