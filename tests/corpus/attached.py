"""Judges what is attached. Every source counts attachments its own way; the ways are translated here, openly.

Ours is RFC 8621 section 4.1.4: every leaf that is not shown as text, pictures within the HTML included.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from typing import Any

from postroom_ingest.parse import Attachment
from postroom_ingest.parse.reader import safe_name
from tests.corpus.reading import Leaf, Reading, ours

Answer = tuple[bool, object]
_INVENTED = re.compile(r"noname\d*|message\.html|.*\.unknown|undefined")
"""Names that sources make up for what has none."""


def _named(entry: dict[str, Any]) -> str:
    name = (entry.get("filename") or entry.get("name") or "").strip()
    return "" if _INVENTED.fullmatch(name) else name


def _same(entry: dict[str, Any], got: Attachment, leaf: Leaf | None, source: str) -> bool:
    """Whether all that is expected of an attachment is true of this one."""
    name = safe_name(_named(entry))
    wanted_type = (entry.get("content_type") or entry.get("mime-type") or "").partition(";")[0].strip().lower()
    sha256 = entry.get("sha256") or entry.get("content_sha256") or (entry.get("content") or {}).get("sha256")
    content = leaf.content if leaf else b""
    crlf = content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return (
        # a folder in the name: some sources join it to the name, we drop it
        (not name or name == got.name or name.endswith(got.name) and source in _JOIN_FOLDERS)
        and (not wanted_type or wanted_type == got.content_type)
        and (entry.get("size") is None or entry["size"] in _sizes(got, leaf, source))
        # IMAP servers hand messages out with CRLF
        and (sha256 is None or sha256 in (got.sha256, hashlib.sha256(crlf).hexdigest()))
    )


_JOIN_FOLDERS = ("Webklex/php-imap", "php-mime-mail-parser/php-mime-mail-parser", "freescout-help-desk/freescout")


def _sizes(got: Attachment, leaf: Leaf | None, source: str) -> tuple[int, ...]:
    """What a source may call the size of this attachment."""
    if leaf and source in ("Webklex/php-imap", "freescout-help-desk/freescout"):  # as IMAP counts: still encoded
        return (got.size, leaf.encoded, leaf.encoded + 2)
    if leaf and source == "mikel/mail":  # with LF line ends
        return (got.size, len(leaf.content.replace(b"\r\n", b"\n")))
    return (got.size,)


def _pairs(reading: Reading, source: str) -> Iterator[tuple[Attachment, Leaf | None]]:
    """Our attachments as the source would list them."""
    for attachment in reading.mail.attachments:
        leaf = reading.leaves[attachment.part] if attachment.part < len(reading.leaves) else None
        yield attachment, leaf
        if source == "mikel/mail" and leaf and leaf.type == "message/rfc822":  # lists what is in it as well
            yield from _pairs(ours(leaf.content), source)


def _all_there(wanted: Any, reading: Reading, source: str) -> Answer:
    """Each expected one is one of ours; an empty list means that there is none."""
    left = list(_pairs(reading, source))
    right = bool(wanted) or not left
    for entry in wanted:
        found = next((pair for pair in left if _same(entry, *pair, source)), None)
        right &= found is not None or ("zammad" in source and entry.get("filename") == "message.html")
        if found:
            left.remove(found)
    return right, [(a.name, a.content_type, a.size, a.sha256[:8]) for a in reading.mail.attachments]


def _number(wanted: Any, reading: Reading, source: str) -> Answer:
    listed = list(_pairs(reading, source))
    got = len(listed)
    if "zammad" in source and reading.mail.html is not None:
        got += 1  # its HTML body is an attachment too
    elif source == "jhillyerd/enmime":  # inline parts are counted apart
        got = sum(1 for a, leaf in listed if leaf and (leaf.disposition != "inline" or a.content_type.endswith("stream")))
    elif source == "KDE/mimetreeparser":  # an invitation that is an alternative is shown, not listed
        got = sum(1 for a, _ in listed if a.content_type != "text/calendar" or a.name == "invite.ics")
    elif source == "redmine/redmine":  # empty files are dropped
        got = sum(1 for a, _ in listed if a.size)
    return got == int(wanted), (got, [(a.name, a.content_type) for a in reading.mail.attachments])


def _inlines(wanted: Any, reading: Reading, source: str) -> Answer:
    got = sum(1 for _, leaf in _pairs(reading, source) if leaf and leaf.disposition == "inline")
    return got == wanted, got


ATTACHED: dict[str, Callable[[Any, Reading, str], Answer]] = {
    "attachments": _all_there,
    "attachments_include": _all_there,
    "inlines": _all_there,
    "n_attachments_rfc8621": lambda w, r, s: (len(r.mail.attachments) == w, len(r.mail.attachments)),
    "n_attachments": _number,
    "n_inlines": _inlines,
}
