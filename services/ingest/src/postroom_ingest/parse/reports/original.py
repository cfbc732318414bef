"""The mail a report returns: whole, only its head, or as text below the notice."""

import re
from dataclasses import dataclass, replace
from typing import Final

from postroom_ingest.parse.headers import Headers, prepared, read_head
from postroom_ingest.parse.reports.addresses import first_address
from postroom_ingest.parse.structure import Part
from postroom_ingest.parse.threads import id_of, references_of, replied_to_of
from postroom_ingest.parse.words import decode_words

_TYPES: Final = frozenset(
    {
        "message/rfc822",
        "message/global",
        "text/rfc822-headers",
        "message/rfc822-headers",
        "message/global-headers",
        "text/rfc822-header",
        "message/partial",
    }
)
_MOST_BYTES: Final = 64 * 1024
_FIRST_FIELD = re.compile(
    rb"^[ \t>|]{0,8}(?:return-path|received|message-id|from|date|subject|to|mime-version|dkim-signature):",
    re.IGNORECASE | re.MULTILINE,
)
_MARGIN = re.compile(rb"^[ \t>|]+", re.MULTILINE)
_ID = re.compile(rb"^[ \t>]*(?:original )?message-id:\s*<([^<>\s]{3,400})>", re.IGNORECASE | re.MULTILINE)
_SUBJECT = re.compile(rb"^[ \t>]*subject:[ \t]*([^\r\n]{1,400})", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Original:
    """What is known of the returned mail."""

    message_id: str | None = None
    subject: str | None = None
    recipient: str = ""
    """The address of its To field, where that is only one."""
    complained: str = ""
    """Who complained, where the provider adds it to the returned mail (Hotmail's X-HmXmrOriginalRecipient)."""


def is_returned(part: Part) -> bool:
    """Whether this leaf holds the returned mail or its head."""
    return part.type in _TYPES


def original_of(raw: bytes, leaves: list[Part], text: str, tail: bytes, headers: Headers) -> Original:
    """The returned mail of a report: an attached one, else `tail`, what is below the `text` of the notice.

    Where neither tells, some notices list its fields in their text, and the report's own In-Reply-To and
    References may name it (Gmail, Exchange).
    """
    found = Original()
    part = next((leaf for leaf in leaves if is_returned(leaf)), None)
    if part:
        found = _described(read_head(prepared(part.content(raw, _MOST_BYTES))).headers)
    elif tail:
        found = _from_text(tail[:_MOST_BYTES])
    if found.message_id:
        return found
    listed = _ID.search(text.encode("utf-8", "replace"))
    named = (listed[1].decode("utf-8", "replace"),) if listed else replied_to_of(headers) or references_of(headers)[-1:]
    return replace(found, message_id=named[0] if named else None)


def _described(headers: Headers) -> Original:
    to = headers.value("to")
    return Original(
        message_id=id_of(headers),
        subject=decode_words(headers.value("subject"), []) or None,
        recipient=first_address(to.decode("utf-8", "replace")) if to.count(b"@") == 1 else "",
        complained=first_address(headers.value("x-hmxmroriginalrecipient").decode("ascii", "replace")),
    )


def _from_text(tail: bytes) -> Original:
    tail = tail.replace(b"\r\n", b"\n")
    start = _FIRST_FIELD.search(tail)
    found = Original()
    if start:
        margin = _MARGIN.match(tail, start.start())
        head = tail[start.start() :]
        if margin:
            head = re.sub(rb"^" + re.escape(margin[0]), b"", head, flags=re.MULTILINE)
        found = _described(read_head(head).headers)
    message_id = found.message_id or ((match := _ID.search(tail)) and match[1].decode("ascii", "replace")) or None
    subject = found.subject or ((match := _SUBJECT.search(tail)) and decode_words(match[1], [])) or None
    return Original(message_id, subject, found.recipient, found.complained)
