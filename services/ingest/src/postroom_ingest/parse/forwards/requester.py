"""Whose matter a forwarded mail is: a pure rule."""

import re
from collections.abc import Callable
from typing import Final

from postroom_ingest.parse.forwards.model import Forwarded
from postroom_ingest.parse.forwards.reading import forwarded
from postroom_ingest.parse.model import Address

_MOST_HANDS: Final = 4
_LONGEST: Final = 254
"""RFC 5321 section 4.5.3.1.3, less the angle brackets."""
_ADDRESS: Final = re.compile(r"[^\s@<>()\[\],:;\"\\\x00-\x1f\x7f]{1,64}@[^\s@<>()\[\],:;\"\\\x00-\x1f\x7f]{1,255}")
_LABEL: Final = re.compile(r"(?!-)[\w-]{1,63}(?<!-)")


def requester_of(
    forwarder: Address | None,
    found: Forwarded | None,
    *,
    is_agent: Callable[[str], bool],
    is_ours: Callable[[str], bool],
) -> Address | None:
    """The customer an agent forwarded a mail of; None when the forwarder stays the requester.

    The predicates are asked with lower-case addresses: `is_agent` for our own people, `is_ours` for agents and
    mailboxes alike. What a customer forwards never changes the requester, so nobody can open a ticket in
    another's name. What one agent forwarded to another, and that one to us, is still the customer's. That
    `forwarder` is truly who it says is for the caller to know.
    """
    if forwarder is None or not is_agent(forwarder.address.lower()):
        return None
    for _ in range(_MOST_HANDS):
        if found is None or found.sender is None or not is_address(found.sender.address):
            return None
        writer = found.sender.address.lower()
        if not is_agent(writer):
            return None if is_ours(writer) else found.sender
        found = forwarded(found.subject, found.body)
    return None


def is_address(address: str) -> bool:
    """Whether mail could go there: one at sign, a domain of at least two labels (RFC 5321 section 4.1.2, RFC 6531)."""
    if len(address) > _LONGEST or not _ADDRESS.fullmatch(address):
        return False
    local, _, domain = address.rpartition("@")
    labels = domain.split(".")
    dots = local.startswith(".") or local.endswith(".") or ".." in local
    return not dots and len(labels) > 1 and all(_LABEL.fullmatch(label) for label in labels)
