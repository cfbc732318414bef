"""Header text: encoded words (RFC 2047) and bytes that were sent as they are."""

import binascii
import re

from postroom_ingest.parse.charsets import decode
from postroom_ingest.parse.guess import mostly_utf8
from postroom_ingest.parse.labels import codecs_for
from postroom_ingest.parse.transfer import decode_base64

# Real mailers put spaces and question marks inside, and a language after the charset (RFC 2231 section 5).
_WORD = re.compile(r"=\?([^?*\s]{1,60})(?:\*[^?]{0,40})?\?([bBqQ])\?(.*?)\?=", re.DOTALL)
_LINE_ENDS = re.compile(r"[\r\n]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_UNTELLING = ((), ("utf-8",), ("cp1252",), ("latin-1",), ("iso8859-1",))


def tells_charset(hint: str) -> bool:
    """Whether a charset named elsewhere tells something of the head; a western one, which reads anything, does not."""
    return codecs_for(hint)[:1] not in _UNTELLING


def raw_text(value: bytes, defects: list[str], hint: str = "") -> str:
    """The bytes of a field as text, encoded words untouched; `hint` is the charset the body names."""
    if value.isascii() and b"\x1b$" not in value:
        return value.decode("ascii")
    if not value.isascii():
        try:
            return value.decode()  # RFC 6532 allows UTF-8
        except UnicodeDecodeError:
            defects.append("raw-8bit-header")
        if (text := mostly_utf8(value)) is not None:
            return text
    return decode(value, hint if tells_charset(hint) else "", [])


def decode_words(value: bytes | str, defects: list[str], hint: str = "") -> str:
    """A field's text for people: encoded words decoded, control characters gone, outer space stripped."""
    text = raw_text(value, defects, hint) if isinstance(value, bytes) else value
    if "=?" in text:
        text = _LINE_ENDS.sub(" ", _decoded(text, defects))
    return _CONTROL.sub("", text).strip()


def _decoded(text: str, defects: list[str]) -> str:
    out: list[str] = []
    pending: tuple[str, bytes] | None = None
    last = 0
    # Nothing behind the last closer can be a word; stopping there keeps the search linear.
    for match in _WORD.finditer(text, 0, text.rfind("?=") + 2):
        gap = text[last : match.start()]
        last = match.end()
        charset, payload = match[1].lower(), _payload(match[2], match[3])
        if pending and not gap.strip():  # space between two words is not shown (RFC 2047 section 6.2)
            if pending[0] == charset:  # and a character may have been cut in two between them
                pending = (charset, pending[1] + payload)
                continue
            gap = ""
        out += [decode(pending[1], pending[0], defects) if pending else "", gap]
        pending = (charset, payload)
    if pending:
        out.append(decode(pending[1], pending[0], defects))
    return "".join([*out, text[last:]])


def _payload(encoding: str, text: str) -> bytes:
    if encoding in "bB":
        return decode_base64("".join(text.split()).encode("utf-8", "replace"))
    return binascii.a2b_qp(text.encode("utf-8", "replace"), header=True)
