"""Mail addresses: which can be written to at all, and which must not be answered by a machine."""

import re

from postroom_plumbing.addresses import ascii_domain

_LOCAL = re.compile(r"[!#-'*+\-./0-9=?A-Z^_`a-z{|}~]+")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_SYSTEM = re.compile(
    r"(mailer-?daemon|postmaster|majordomo|listserv|bounces?|owner-.+|.+-(request|owner|bounces?))([-+=].*)?"
)
_NO_REPLY = re.compile(r"(.*[-_.+])?(do[-_.]?not|dont|no)[-_.]?reply([-_.+=0-9].*)?")
_MOST = 254


def usable(address: str) -> str | None:
    """`address` as SMTP takes it, an international domain in its ASCII form (RFC 5890); None when no mail can go there.

    Local parts outside ASCII need SMTPUTF8 all the way (RFC 6531), which is not supported. Quoted ones are not either.
    """
    local, at, domain = address.strip().rpartition("@")
    if not at or not _LOCAL.fullmatch(local):
        return None
    host = ascii_domain(domain)
    if not _DOMAIN.fullmatch(host):
        return None
    whole = f"{local}@{host}"
    return whole if len(whole) <= _MOST else None


def is_system(address: str) -> bool:
    """Whether a mail system or list manager writes under this address (RFC 3834 section 2)."""
    return _SYSTEM.fullmatch(_local(address)) is not None


def is_no_reply(address: str) -> bool:
    """Whether the address says that nobody reads what is sent to it."""
    return _NO_REPLY.fullmatch(_local(address)) is not None


def _local(address: str) -> str:
    return address.strip().rpartition("@")[0].lower()
