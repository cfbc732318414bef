"""Judges what is attached. Every source counts attachments its own way; the ways are translated here, openly.

Ours is RFC 8621 section 4.1.4: every leaf that is not shown as text, pictures within the HTML included.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from typing import Any

from corpus.reading import Leaf, Reading, ours
from postroom_ingest.parse import Attachment, parse
from postroom_ingest.parse.reader import safe_name

Answer = tuple[bool, object]
_INVENTED = re.compile(r"noname\d*|message\.html|.*\.unknown|undefined|[0-9a-f]{8}")
"""Names that sources make up for what has none."""


def _named(entry: dict[str, Any]) -> str:
    """Its name; Webklex gives a made-up `filename` where there is only a `name`."""
    name = (entry.get("filename") or "").strip()
    if not name or _INVENTED.fullmatch(name):
        name = (entry.get("name") or "").strip()
    if "filename_sha256" in entry:  # not the name that is given in clear
        return ""
    return "" if _INVENTED.fullmatch(name) else name


def _same(entry: dict[str, Any], got: Attachment, leaf: Leaf | None, source: str) -> bool:
    """Whether all that is expected of an attachment is true of this one."""
    name = safe_name(_named(entry))
    wanted_type = (entry.get("content_type") or entry.get("mime-type") or "").partition(";")[0].strip().lower()
    sha256 = entry.get("sha256") or entry.get("content_sha256") or (entry.get("content") or {}).get("sha256")
    forms = _forms(got, leaf, source)
    return (
        # a folder in the name: some sources join it to the name, we drop it
        (not name or _like(name, got.name) or (name.endswith(got.name) and source in _JOIN_FOLDERS))
        and (not wanted_type or wanted_type == got.content_type)
        and (entry.get("size") is None or entry["size"] in {size for size, _ in forms})
        and (sha256 is None or sha256 in {digest for _, digest in forms})
    )


def _like(name: str, got: str) -> bool:
    """The same, but for what the source could not read (U+FFFD)."""
    return re.fullmatch(re.escape(name).replace("\ufffd", ".{1,3}"), got) is not None


_JOIN_FOLDERS = ("Webklex/php-imap", "php-mime-mail-parser/php-mime-mail-parser", "freescout-help-desk/freescout")


def _forms(got: Attachment, leaf: Leaf | None, source: str) -> list[tuple[int, str]]:
    """Size and digest of the attachment, and as the source counts it."""
    other: list[bytes] = []
    if leaf and source in ("Webklex/php-imap", "freescout-help-desk/freescout"):
        # as IMAP servers hand it out: still encoded, with CRLF
        other = [_crlf(leaf.encoded), _crlf(leaf.encoded.strip()), _crlf(leaf.content)]
    elif leaf and source in ("mikel/mail", "stalwartlabs/mail-parser"):  # with LF; the latter decodes no uuencode
        other = [_lf(leaf.content), _lf(leaf.encoded)]
    return [(got.size, got.sha256), *((len(form), hashlib.sha256(form).hexdigest()) for form in other)]


def _lf(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n")


def _crlf(content: bytes) -> bytes:
    return _lf(content).replace(b"\n", b"\r\n")


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


def swallows(reading: Reading, source: str) -> bool:
    """stalwart lets a multipart that is not closed swallow all that follows it, against RFC 2046 section 5.1.2."""
    if source != "stalwartlabs/mail-parser":
        return False
    inner = (parse(leaf.content).defects for leaf in reading.leaves if leaf.type == "message/rfc822")
    unclosed = {"multipart-not-closed", "broken-multipart"}
    return any(not unclosed.isdisjoint(defects) for defects in (reading.mail.defects, *inner))


def _rfc8621(wanted: Any, reading: Reading, source: str) -> Answer:
    got = len(reading.mail.attachments)
    return got == wanted or (got > wanted and swallows(reading, source)), got


def _number(wanted: Any, reading: Reading, source: str) -> Answer:
    listed = list(_pairs(reading, source))
    got = len(listed)
    if "zammad" in source and reading.mail.html is not None:
        got += 1  # its HTML body is an attachment too
    elif source == "jhillyerd/enmime":  # inline parts are counted apart
        got = sum(
            1 for a, leaf in listed if leaf and (leaf.disposition != "inline" or a.content_type.endswith("stream"))
        )
    elif source == "KDE/mimetreeparser":  # an invitation that is an alternative is shown, not listed
        got = sum(1 for a, _ in listed if a.content_type != "text/calendar" or a.name == "invite.ics")
    elif source == "zbateson/mail-mime-parser":  # texts that are not called attachments are content
        got = sum(1 for a, leaf in listed if not leaf or a.content_type != "text/plain" or leaf.disposition != "inline")
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
    "n_attachments_rfc8621": _rfc8621,
    "n_attachments": _number,
    "n_inlines": _inlines,
}
