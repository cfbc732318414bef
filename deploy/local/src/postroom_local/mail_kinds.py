"""Telling by its first bytes whether a file is mail."""

import re

from postroom_local.mbox import is_from_line

HEAD_BYTES = 65_536
"""How much of a file tells what it is."""
GZIP = b"\x1f\x8b"
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_FIELD = re.compile(
    rb"(?im)^(?:From|To|Cc|Bcc|Date|Subject|Sender|Reply-To|In-Reply-To|References|Message-ID|Received|Return-Path"
    rb"|Delivered-To|Authentication-Results|DKIM-Signature|MIME-Version"
    rb"|(?:Content|X|ARC|List|Resent)-[a-z-]+)[ \t]*:"
)
_APPLE_DOUBLE = b"\x00\x05\x16\x07"
_ELSE = (
    (b"\xd0\xcf\x11\xe0", "of Outlook's own form, not mail as it is sent: save it as .eml"),
    (b"!BDN", "of Outlook's own form, not mail as it is sent: save it as mbox or .eml"),
    (b"7z\xbc\xaf", "packed in a way not known here: unpack it"),
    (b"Rar!", "packed in a way not known here: unpack it"),
    (b"BZh", "packed in a way not known here: unpack it"),
    (b"\xfd7zXZ", "packed in a way not known here: unpack it"),
    (b"\x28\xb5\x2f\xfd", "packed in a way not known here: unpack it"),
)
_TAR = (257, b"ustar")


def is_mbox(head: bytes) -> bool:
    """Whether what begins with `head` is an mbox: a From line and mail behind it."""
    first, _, rest = head.lstrip(b"\r\n").partition(b"\n")
    return is_from_line(first, rest, after_blank=True)


def looks_like_mail(head: bytes) -> bool:
    """Whether a known header field stands before the first blank line."""
    fields = re.split(rb"\r?\n\r?\n", head.lstrip(b"\r\n"), maxsplit=1)[0]
    return b"\0" not in fields and bool(_FIELD.search(fields))


def is_litter(head: bytes) -> bool:
    """Whether it is what macOS leaves beside files, under their names."""
    return head.startswith(_APPLE_DOUBLE)


def what_else(head: bytes) -> str | None:
    """What a file is that may hold mail, but in a form not read here; None of any other."""
    at, mark = _TAR
    if head[at : at + len(mark)] == mark:
        return "packed in a way not known here: unpack it"
    return next((what for magic, what in _ELSE if head.startswith(magic)), None)
