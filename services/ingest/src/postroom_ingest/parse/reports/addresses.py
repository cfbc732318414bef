"""Mail addresses inside the text of a notice, where nothing says where one begins."""

import re
from typing import Final

_NOT_LOCAL: Final = r"\s<>()\[\]:;,\"'|*&@（）【】「」《》“”‘’：；，。、"
_DOMAIN: Final = r"(?:[A-Za-z0-9._-]{1,253}\.[A-Za-z]{2,63}(?![A-Za-z0-9-]|\.[A-Za-z0-9])|[\w.-]{1,253})"
"""Chinese goes on right behind an address in ASCII; there are addresses in other letters, too."""
ADDRESS: Final = rf"(?:\"[^\"\s]{{1,64}}\"|[^{_NOT_LOCAL}=]{{1,100}}(?:=[^{_NOT_LOCAL}]{{1,100}})?)@{_DOMAIN}"
_ADDRESS = re.compile(ADDRESS)
_SMTP_ADDRESS = re.compile(rf"(?:[\w-]{{1,20}};)?\s*(?:<?@[^<>:\s]{{1,253}}:)?<?({ADDRESS})>?")
_MAX_CHARS = 320
"""RFC 5321 section 4.5.3.1: 64 for the local part, 255 for the domain."""


def cleaned(address: str) -> str:
    """An address as found, without what punctuation left on it; empty if it is none."""
    address = address.strip(" \t.<>'`").removeprefix("mailto:").removeprefix("smtp:")
    local, _, domain = address.rpartition("@")
    return address if local and domain.strip(".-") and len(address) <= _MAX_CHARS else ""


def first_address(text: str) -> str:
    """The first address in the text, or empty."""
    match = _ADDRESS.search(text[:1000]) if "@" in text else None
    return cleaned(match[0]) if match else ""


def field_address(value: str) -> str:
    """The address of a field such as `rfc822; <a@example.org>` (RFC 3464 section 2.3.1), or empty.

    An X.400 address has no `@` and a local user no domain: neither can be mailed to.
    """
    match = _SMTP_ADDRESS.match(value[:1000].strip()) if "@" in value else None
    return cleaned(match[1]) if match else first_address(value)
