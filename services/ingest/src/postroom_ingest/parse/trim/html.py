"""Which lines of a text made from HTML stood in a blockquote there."""

import re
from typing import Final

from postroom_ingest.parse.html import as_text

_OPEN: Final = "\ue000"
_CLOSE: Final = "\ue001"
_BLOCKQUOTE = re.compile(r"<(/?)blockquote(?:\s[^<>]*)?>")


def quoted_lines(lines: list[str], html: str) -> frozenset[int]:
    """The indices of `lines` that `html` (sanitised) has in a blockquote; none where the text is not made from it."""
    if "<blockquote" not in html or _OPEN in html or _CLOSE in html:
        return frozenset()
    marked = _BLOCKQUOTE.sub(lambda tag: f"{tag[0]}{_CLOSE if tag[1] else _OPEN}", html)
    depths = _depths(as_text(marked))
    places = [index for index, line in enumerate(lines) if line.strip()]
    if [line for line, _ in depths] != [lines[index].strip() for index in places]:
        return frozenset()
    return frozenset(index for index, (_, depth) in zip(places, depths, strict=True) if depth)


def _depths(text: str) -> list[tuple[str, int]]:
    """Each line that is not blank, without its marks, and how deep in blockquotes it begins."""
    found: list[tuple[str, int]] = []
    depth = 0
    for line in text.split("\n"):
        words = line.lstrip(f" {_OPEN}{_CLOSE}")
        lead = line[: len(line) - len(words)]
        depth += lead.count(_OPEN) - lead.count(_CLOSE)
        if bare := words.replace(_OPEN, "").replace(_CLOSE, "").strip():
            found.append((bare, depth))
        depth += words.count(_OPEN) - words.count(_CLOSE)
    return found
