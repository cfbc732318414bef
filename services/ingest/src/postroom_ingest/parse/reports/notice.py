"""The text an MTA wrote, apart from the mail it returns below it."""

import html
import re
from typing import Final, NamedTuple

from postroom_ingest.parse.charsets import decode
from postroom_ingest.parse.reports.model import MAX_NOTICE_CHARS
from postroom_ingest.parse.reports.original import is_returned
from postroom_ingest.parse.reports.phrases import any_of
from postroom_ingest.parse.structure import Part

_MOST_PARTS: Final = 6
_BREAK = re.compile(r"<(?:br|/p|/div|/tr|/td|/li|/h\d)\b[^>]{0,200}>", re.IGNORECASE)
_HIDDEN = re.compile(r"<(?:style|script|title)\b[^>]{0,200}>[^<]{0,20000}", re.IGNORECASE)
_TAG = re.compile(r"<(?![^<>\s=\"]{1,300}@)/?[a-z!][^<>]{0,2000}>", re.IGNORECASE)
_RETURNED = any_of(
    r"""
    (?:below|the|this|here|enclosed|attached|attachment|included|header)\b[^\n]{0,60}\b(?:copy|headers?)\b[^\n]{0,60}
    (?:original|returned|unsent|your) (?:message|mail) +(?:follows?|below|headers?|is|text|source|info|as )[^\n]{0,40}
    (?:original|returned|unsent|your) (?:message|mail):?[ \t]{0,40}[-=_*#]{2,80}[^\n]{0,40}|original message:
    (?:returned (?:mail|message)|original (?:mail|message) as) follows[^\n]{0,40}|message headers? follows?[^\n]{0,40}
    original (?:message|mail) (?:headers?|info|details)[^\n]{0,20}|start of returned message[^\n]{0,20}
    original message as received[^\n]{0,40}|-{2,5} ?original message:?[ -]{0,60}|message text follows:?
    below (?:this|the next) line[^\n]{0,60}
    """,
    before=r"^[ \t>*#=_-]{0,80}",
    after=r"[ \t\r]*$",
)
_RECEIVED = any_of(r"received: ?(?:from|by|\()|return-path: ?<|dkim-signature: ?v=", before=r"^[ \t>]{0,8}")


class Notice(NamedTuple):
    """What the MTA says, and the bytes of the mail below it (empty where that is attached)."""

    text: str
    tail: bytes


def notice_of(raw: bytes, leaves: list[Part]) -> Notice:
    """The texts before the returned mail, joined; of two forms of one text the plain one serves."""
    texts: list[str] = []
    for part in leaves[:_MOST_PARTS]:
        if is_returned(part) or (part.type == "text/html" and texts):
            break
        if part.type.startswith(("text/", "message/")) or not part.type.partition("/")[2]:
            texts.append(text_of(raw, part))
    whole = "\n\n".join(texts)[:MAX_NOTICE_CHARS]
    cut = min((m.start() for p in (_RETURNED, _RECEIVED) if (m := p.search(whole))), default=len(whole))
    if not whole[:cut].strip():  # nothing above the mail: it stands on top, or there is none
        cut = len(whole)
    return Notice(whole[:cut], whole[cut:].encode("utf-8", "replace"))


def text_of(raw: bytes, part: Part) -> str:
    """A text part with LF line ends, HTML without its tags."""
    text = decode(part.content(raw, MAX_NOTICE_CHARS), part.params.token("charset"), []).replace("\r\n", "\n")
    if part.type == "text/html":
        text = _HIDDEN.sub("", text.replace("\n", " "))
        text = html.unescape(_TAG.sub("", _BREAK.sub("\n", text))).replace("\xa0", " ")
    return text
