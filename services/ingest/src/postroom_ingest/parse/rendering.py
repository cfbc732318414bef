"""The words of a mail, as plain text and as safe HTML; each leaf is decoded and cleaned once."""

import re
from typing import Final

from postroom_ingest.parse import html as markup
from postroom_ingest.parse.bodies import Bodies
from postroom_ingest.parse.charsets import decode
from postroom_ingest.parse.flowed import reflowed
from postroom_ingest.parse.labels import codecs_for
from postroom_ingest.parse.limits import MAX_HTML_CHARS, MAX_TEXT_CHARS
from postroom_ingest.parse.structure import Part

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([\w.:-]{2,40})", re.IGNORECASE)
_SEARCHED_FOR_META: Final = 2048
_NOT_TELLING: Final = ((), ("utf-8",))
"""Codecs of labels that may be a gateway's; the HTML itself knows better."""
_BYTES_PER_CHAR: Final = 12
"""The most encoded bytes a character may take: four bytes of UTF-8 in quoted-printable."""


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


class Rendering:
    """Text and HTML of the leaves that are body; `raw` is the message they lie in."""

    def __init__(self, raw: bytes, bodies: Bodies, defects: list[str]) -> None:
        self._raw = raw
        self._bodies = bodies
        self._defects = defects
        self._sources: dict[int, str] = {}
        self._clean: dict[int, str | None] = {}
        self._has_html = any(part.type == "text/html" for part in bodies.html)

    def html(self) -> str | None:
        """The mail as safe HTML, or None where it has none (or none that may be parsed)."""
        if not self._has_html:
            return None
        pieces = [self._html_of(part) for part in self._bodies.html]
        return "\n".join(piece for piece in pieces if piece is not None) if None not in pieces else None

    def text(self) -> str:
        """The mail as plain text; where its text parts are blank, its HTML counts."""
        text = "\n".join(self._text_of(part) for part in self._bodies.text)
        if text.strip() or not self._has_html:
            return text
        return "\n".join(self._text_of(part) for part in self._bodies.html)

    def shows(self, content_id: str) -> bool:
        """Whether the HTML points to the part with this Content-ID."""
        return self._has_html and any(f"cid:{content_id}" in self._source(part) for part in self._bodies.html)

    def _source(self, part: Part) -> str:
        if part.index not in self._sources:
            self._sources[part.index] = self._decoded(part)
        return self._sources[part.index]

    def _decoded(self, part: Part) -> str:
        """A text leaf decoded, cut at its cap, with LF line ends."""
        html = part.type == "text/html"
        limit = MAX_HTML_CHARS if html else MAX_TEXT_CHARS
        data = part.content(self._raw, limit * _BYTES_PER_CHAR)
        label = part.params.token("charset")
        if html and codecs_for(label) in _NOT_TELLING and (meta := _META_CHARSET.search(data, 0, _SEARCHED_FOR_META)):
            own = meta[1].decode("ascii", "replace")
            if not codecs_for(label) or (codecs_for(own) not in _NOT_TELLING and not _is_utf8(data)):
                label = own
        text = decode(data, label, self._defects)
        if len(text) > limit:
            self._defects.append("html-cut" if html else "text-cut")
            text = text[:limit]
        text = text.replace("\r\n", "\n")
        if "\r" in text:  # bare ones, and line ends that were converted twice
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        if not html and part.params.params.get("format", b"").lower() == b"flowed":
            return reflowed(text, delete_space=part.params.token("delsp").lower() == "yes")
        return text

    def _html_of(self, part: Part) -> str | None:
        if part.type != "text/html":
            return markup.from_text(self._source(part))
        if part.index not in self._clean:
            source = self._source(part)
            deep = markup.nested_too_deep(source)
            if deep:
                self._defects.append("html-too-nested")
            self._clean[part.index] = None if deep else markup.sanitised(source)
        return self._clean[part.index]

    def _text_of(self, part: Part) -> str:
        if part.type != "text/html":
            return self._source(part)
        clean = self._html_of(part)
        return markup.as_text_crudely(self._source(part)) if clean is None else markup.as_text(clean)
