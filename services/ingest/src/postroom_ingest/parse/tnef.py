"""winmail.dat opened: Microsoft's Transport Neutral Encapsulation Format (MS-OXTNEF), as far as its texts and files.

A reader of our own: the sizes it believes are bounded by the bytes that are there, and each byte is looked at once.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from postroom_ingest.parse.rtf import decompressed

SIGNATURE: Final = b"\x78\x9f\x3e\x22"
MAX_FILES: Final = 200
_MAX_ATTRIBUTES: Final = 10_000
_MAX_PROPERTIES: Final = 5_000
_MAX_DEPTH: Final = 3
"""Messages in messages; each level reads its bytes once more."""

_BODY, _ATTACH_DATA, _ATTACH_TITLE = 0x800C, 0x800F, 0x8010
_ATTACH_RENDER_DATA, _MAPI_PROPERTIES, _ATTACHMENT, _CODEPAGE = 0x9002, 0x9003, 0x9005, 0x9007
_PR_BODY, _PR_RTF, _PR_HTML, _PR_CODEPAGE = 0x1000, 0x1009, 0x1013, 0x3FDE
_PR_DATA, _PR_SHORT_NAME, _PR_LONG_NAME, _PR_MIME, _PR_CONTENT_ID = 0x3701, 0x3704, 0x3707, 0x370E, 0x3712
_PR_DISPLAY_NAME = 0x3001
_FIXED: Final = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 0xA: 4, 0xB: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_VARIABLE: Final = frozenset({0xD, 0x1E, 0x1F, 0x102})
_STRING, _UNICODE, _OBJECT = 0x1E, 0x1F, 0xD
_MULTIPLE = 0x1000
_OBJECT_ID_BYTES = 16


@dataclass(slots=True)
class TnefFile:
    """A file of a TNEF message; texts are empty where it gives none."""

    name: str = ""
    content: bytes = b""
    content_type: str = ""
    content_id: str = ""


@dataclass(slots=True)
class Tnef:
    """What a TNEF message holds: its text (bytes in `codepage`), HTML, RTF (unpacked) and files."""

    text: bytes = b""
    html: bytes = b""
    rtf: bytes = b""
    codepage: str = "cp1252"
    files: list[TnefFile] = field(default_factory=list)


def read_tnef(data: bytes) -> Tnef | None:
    """What is in a winmail.dat, or None where it is none. What is damaged is left out."""
    return _read(data, 0)


def _read(data: bytes, depth: int) -> Tnef | None:
    if not data.startswith(SIGNATURE) or depth > _MAX_DEPTH:
        return None
    found = Tnef()
    for attribute, value in _attributes(data):
        if attribute == _CODEPAGE and len(value) >= 4:
            found.codepage = f"cp{int.from_bytes(value[:4], 'little')}"
        elif attribute == _BODY:
            found.text = value.rstrip(b"\x00")
        elif attribute == _MAPI_PROPERTIES:
            _message_properties(value, found)
        elif attribute == _ATTACH_RENDER_DATA:
            if len(found.files) >= MAX_FILES:
                break
            found.files.append(TnefFile())
        elif found.files:
            _add_to_file(found, attribute, value, depth)
    return found


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Attributes by the low half of their id (MS-OXTNEF section 2.1.3), until the bytes end."""
    at = 6
    for _ in range(_MAX_ATTRIBUTES):
        if at + 9 > len(data):
            return
        attribute, _, length = struct.unpack_from("<HHI", data, at + 1)
        at += 9
        if length > len(data) - at:
            yield attribute, data[at:]  # cut off in transit: what is there may do
            return
        yield attribute, data[at : at + length]
        at += length + 2  # and a checksum


def _add_to_file(found: Tnef, attribute: int, value: bytes, depth: int) -> None:
    file = found.files[-1]
    if attribute == _ATTACH_TITLE:
        file.name = file.name or _string(value, found.codepage)
    elif attribute == _ATTACH_DATA:
        file.content = value
    elif attribute == _ATTACHMENT:
        _file_properties(value, found, file, depth)


def _message_properties(value: bytes, found: Tnef) -> None:
    for kind, name, content in _properties(value):
        if name == _PR_CODEPAGE and kind == 3:
            found.codepage = f"cp{int.from_bytes(content, 'little')}"
        elif name == _PR_BODY and kind == _STRING:
            found.text = found.text or content.rstrip(b"\x00")
        elif name == _PR_BODY and kind == _UNICODE:
            found.text, found.codepage = _string(content, "utf-16-le").encode(), "utf-8"
        elif name == _PR_HTML:
            found.html = content.rstrip(b"\x00")
        elif name == _PR_RTF:
            found.rtf = decompressed(content)


def _file_properties(value: bytes, found: Tnef, file: TnefFile, depth: int) -> None:
    for kind, name, content in _properties(value):
        codepage = "utf-16-le" if kind == _UNICODE else found.codepage
        if name == _PR_LONG_NAME:
            file.name = _string(content, codepage) or file.name
        elif name in (_PR_SHORT_NAME, _PR_DISPLAY_NAME):
            file.name = file.name or _string(content, codepage)
        elif name == _PR_MIME:
            file.content_type = _string(content, codepage).lower()
        elif name == _PR_CONTENT_ID:
            file.content_id = _string(content, codepage)
        elif name == _PR_DATA:
            file.content = content[_OBJECT_ID_BYTES:] if kind == _OBJECT else content
            if kind == _OBJECT and (inner := _read(file.content, depth + 1)):
                _take_over(inner, found)


def _take_over(inner: Tnef, found: Tnef) -> None:
    """The files of a message within come to the outer one's, its text as a file."""
    room = MAX_FILES - len(found.files)
    found.files += inner.files[: max(0, room)]
    if inner.html or inner.text:
        kind = "text/html" if inner.html else "text/plain"
        found.files.append(TnefFile("message.html" if inner.html else "message.txt", inner.html or inner.text, kind))


def _properties(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Type, id and value of MAPI properties (MS-OXTNEF section 2.1.3.4); of several values the first."""
    if len(data) < 4:
        return
    at = 4
    for _ in range(min(int.from_bytes(data[:4], "little"), _MAX_PROPERTIES)):
        if at + 4 > len(data):
            return
        kind, name = struct.unpack_from("<HH", data, at)
        at = _after_name(data, at + 4) if name >= 0x8000 else at + 4
        several, kind = kind & _MULTIPLE, kind & ~_MULTIPLE
        count = 1
        if several or kind in _VARIABLE:
            count, at = _number(data, at), at + 4
        for number in range(min(count, _MAX_PROPERTIES)):
            size = _number(data, at) if kind in _VARIABLE else _FIXED.get(kind, -1)
            at += 4 if kind in _VARIABLE else 0
            if size < 0 or size > len(data) - at:
                return
            if number == 0:
                yield kind, name, data[at : at + size]
            at += size + (-size % 4)


def _after_name(data: bytes, at: int) -> int:
    """Past the GUID and the number or name of a named property."""
    if _number(data, at + 16) == 0:
        return at + 24
    length = _number(data, at + 20)
    return at + 24 + length + (-length % 4)


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def _string(value: bytes, codepage: str) -> str:
    try:
        return value.decode(codepage, "replace").partition("\x00")[0]
    except LookupError:
        return value.decode("cp1252", "replace").partition("\x00")[0]
