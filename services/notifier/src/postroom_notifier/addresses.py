"""Mail addresses: which can be written to at all, and which must not be answered by a machine."""

import re

_LOCAL = re.compile(r"[!#-'*+\-./0-9=?A-Z^_`a-z{|}~]+")
_DOMAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*")
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
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    if not _DOMAIN.fullmatch(ascii_domain):
        return None
    whole = f"{local}@{ascii_domain}"
    return whole if len(whole) <= _MOST else None


def is_system(address: str) -> bool:
    """Whether a mail system or list manager writes under this address (RFC 3834 section 2)."""
    return _SYSTEM.fullmatch(_local(address)) is not None


def is_no_reply(address: str) -> bool:
    """Whether the address says that nobody reads what is sent to it."""
    return _NO_REPLY.fullmatch(_local(address)) is not None


def _local(address: str) -> str:
    return address.strip().rpartition("@")[0].lower()
