"""Files that lie within other parts: in a winmail.dat (TNEF), or encoded in the midst of a text (uuencode, yEnc).

They become parts like any other, numbered after those that lie in the message itself.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from postroom_ingest.parse.bodies import is_file
from postroom_ingest.parse.headers import Headers
from postroom_ingest.parse.limits import MAX_PARTS
from postroom_ingest.parse.params import Parametrised
from postroom_ingest.parse.rtf import plain_text
from postroom_ingest.parse.structure import Part
from postroom_ingest.parse.tnef import SIGNATURE, Tnef, TnefFile, read_tnef
from postroom_ingest.parse.transfer import decode_uu

_TNEF_TYPES: Final = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_GUESSABLE: Final = {
    "txt": "text/plain",
    "htm": "text/html",
    "html": "text/html",
    "ics": "text/calendar",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "pdf": "application/pdf",
    "eml": "message/rfc822",
}
_TYPE = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,80}")
_BEGIN = re.compile(
    rb"^(?:begin [0-7]{3,4} ([^\r\n]{0,250})\r?\n|=ybegin [^\r\n]{0,250}? ?name=([^\r\n]{1,250})\r?\n)", re.MULTILINE
)
_UU_END = re.compile(rb"^end[ \t]*\r?(?:\n|$)", re.MULTILINE)
_YENC_END = re.compile(rb"^=yend[^\r\n]*(?:\r?\n|$)", re.MULTILINE)
_UU_LINE = re.compile(rb"[ -`]{1,80}\r?\n")
_MAX_BEGINS: Final = 500
"""Each may search for its end through the whole text."""
_YENC_META = re.compile(rb"^=y[^\n]*\n", re.MULTILINE)
_YENC_ESCAPE = re.compile(rb"=(.)", re.DOTALL)
_LESS_42 = bytes((i - 42) % 256 for i in range(256))
_LEFT_OUT = b"\r\n"


def with_inner_parts(root: Part, raw: bytes) -> Part:
    """The tree with such files in it; the same tree where there are none."""
    if any(_may_be_tnef(leaf) or _may_hold_files(leaf, raw) for leaf in root.leaves()):
        return _Opener(root, raw).opened(root)
    return root


def _may_be_tnef(leaf: Part) -> bool:
    names = (leaf.disposition.params.get("filename", b""), leaf.params.params.get("name", b""))
    return leaf.type in _TNEF_TYPES or any(name.lower() == b"winmail.dat" for name in names)


def _may_hold_files(leaf: Part, raw: bytes) -> bool:
    return leaf.type == "text/plain" and raw.find(b"egin ", leaf.start, leaf.end) >= 0 and not is_file(leaf)


class _Opener:
    def __init__(self, root: Part, raw: bytes) -> None:
        self._raw = raw
        leaves = list(root.leaves())
        self._next = len(leaves)
        self._has_text = any(
            leaf.type in ("text/plain", "text/html") and not is_file(leaf) and leaf.content(raw, 4_000).strip()
            for leaf in leaves
        )

    def opened(self, part: Part) -> Part:
        if part.children:
            part.children = [self.opened(child) for child in part.children]
            return part
        parts: list[Part] = []
        if _may_be_tnef(part):
            parts = list(self._of_tnef(part))
        elif _may_hold_files(part, self._raw):
            parts = list(self._of_text(part))
        return _mixed(part, parts) if parts else part

    def _of_tnef(self, part: Part) -> Iterator[Part]:
        content = part.content(self._raw)
        found = read_tnef(content) if content.startswith(SIGNATURE) else None
        if found is None:
            return
        if not self._has_text:
            yield from (self._leaf(kind, {"charset": charset}, data) for kind, charset, data in _bodies(found))
        for file in found.files:
            if self._next < MAX_PARTS:
                yield self._file(file)

    def _of_text(self, part: Part) -> Iterator[Part]:
        data = part.content(self._raw)
        files: list[Part] = []
        words: list[bytes] = []
        at = 0
        for begin in islice(_BEGIN.finditer(data), _MAX_BEGINS):
            is_uu = begin[2] is None
            if begin.start() < at or self._next >= MAX_PARTS or (is_uu and not _UU_LINE.match(data, begin.end())):
                continue
            end = (_UU_END if is_uu else _YENC_END).search(data, begin.end())
            if end is None:
                break
            content = _decoded(data, begin, end)
            if content is None:
                continue
            words.append(data[at : begin.start()])
            at = end.end()
            files.append(
                self._file(TnefFile((begin[1] or begin[2] or b"").decode("utf-8", "replace").strip(), content))
            )
        if files:
            text = b"".join([*words, data[at:]])
            yield Part(part.type, part.params, part.disposition, part.headers, 0, 0, part.index, data=text)
            yield from files

    def _file(self, file: TnefFile) -> Part:
        kind = file.content_type if _TYPE.fullmatch(file.content_type) else ""
        kind = kind or _GUESSABLE.get(file.name.rpartition(".")[2].lower(), "application/octet-stream")
        part = self._leaf(kind, {}, file.content)
        part.disposition = Parametrised("attachment", {"filename": file.name.encode("utf-8", "replace")})
        if file.content_id:
            part.headers = Headers({"content-id": [file.content_id.encode("utf-8", "replace")]})
        return part

    def _leaf(self, kind: str, params: dict[str, bytes], data: bytes) -> Part:
        part = Part(kind, Parametrised(kind, params), Parametrised("", {}), Headers({}), 0, 0, self._next, data=data)
        self._next += 1
        return part


def _mixed(part: Part, children: list[Part]) -> Part:
    """What stands in place of a leaf that was opened."""
    kind = "multipart/mixed"
    return Part(kind, Parametrised(kind, {}), part.disposition, part.headers, part.start, part.end, children=children)


def _bodies(found: Tnef) -> Iterator[tuple[str, bytes, bytes]]:
    """The text of a TNEF message in its best form."""
    charset = found.codepage.encode()
    if found.html.strip():
        yield "text/html", charset, found.html
    elif found.text.strip():
        yield "text/plain", charset, found.text
    elif text := plain_text(found.rtf, found.codepage):
        yield "text/plain", b"utf-8", text.encode("utf-8", "replace")


def _decoded(data: bytes, begin: re.Match[bytes], end: re.Match[bytes]) -> bytes | None:
    """The file between the two, or None where this only looks like one."""
    if begin[2] is None:
        block = data[begin.start() : end.end()]
        content = decode_uu(block)
        return content if content is not block and content != block else None
    coded = _YENC_META.sub(b"", data[begin.end() : end.start()]).translate(None, _LEFT_OUT)
    return _YENC_ESCAPE.sub(lambda m: bytes([(m[1][0] - 64) % 256]), coded).translate(_LESS_42)
