"""Compressed RTF, as Outlook wraps a mail's text (MS-OXRTFCP), unpacked within bounds; and its words."""

import re
from typing import Final

MAX_RTF_BYTES: Final = 1024 * 1024
_PRELOADED: Final = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor "
    b"MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20"
    b"\\b\\i\\u\\tab\\tx"
)
_WINDOW: Final = 4096
_HEADER: Final = 16
_COMPRESSED, _PLAIN = b"LZFu", b"MELA"
_RTF = re.compile(rb"\\([a-z]{1,32})(-?\d{1,10})? ?|\\([^a-z'])|((?:\\'[0-9a-fA-F]{2})+)|([{}])|([^\\{}]+)")
_SILENT: Final = frozenset({b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"object", b"header", b"footer"})
_SIGNS: Final = {
    b"par": "\n",
    b"line": "\n",
    b"tab": "\t",
    b"emdash": "\u2014",
    b"endash": "\u2013",
    b"bullet": "\u2022",
    b"lquote": "\u2018",
    b"rquote": "\u2019",
    b"ldblquote": "\u201c",
    b"rdblquote": "\u201d",
}


def decompressed(data: bytes) -> bytes:
    """The RTF in `data`, at most MAX_RTF_BYTES of it; empty where it is none."""
    if len(data) < _HEADER:
        return b""
    size = min(int.from_bytes(data[4:8], "little"), MAX_RTF_BYTES)
    if data[8:12] == _PLAIN:
        return data[_HEADER : _HEADER + size]
    return _unpacked(data, size) if data[8:12] == _COMPRESSED else b""


def _unpacked(data: bytes, size: int) -> bytes:
    """LZ77 over a window of 4 KB that begins with the words RTF begins with (MS-OXRTFCP section 2.2)."""
    window = bytearray(_PRELOADED.ljust(_WINDOW, b"\x00"))
    write = len(_PRELOADED)
    out = bytearray()
    at = _HEADER
    while at < len(data) and len(out) < size:
        flags = data[at]
        at += 1
        for bit in range(8):
            if flags >> bit & 1:
                if at + 2 > len(data):
                    return bytes(out[:size])
                token = int.from_bytes(data[at : at + 2], "big")
                at += 2
                read, length = token >> 4, (token & 15) + 2
                if read == write % _WINDOW:  # the end is told by a reference to here
                    return bytes(out[:size])
                for step in range(length):
                    byte = window[(read + step) % _WINDOW]
                    out.append(byte)
                    window[write % _WINDOW] = byte
                    write += 1
            elif at < len(data):
                out.append(data[at])
                window[write % _WINDOW] = data[at]
                write += 1
                at += 1
    return bytes(out[:size])


def plain_text(rtf: bytes, codepage: str) -> str:
    """The words of an RTF text, its formatting and everything meant for programs left out.

    RTF that wraps HTML (MS-OXRTFEX) carries its tags in such groups too, so its words come out the same way.
    """
    out: list[str] = []
    silent = [False]
    hidden = False
    skip = 0
    for match in _RTF.finditer(rtf):
        word, number, symbol, hexed, brace, text = match.groups()
        if brace == b"{":
            silent.append(silent[-1])
            continue
        if brace:
            silent = silent[:-1] or [False]
            continue
        if word == b"htmlrtf":
            hidden = number != b"0"
        elif symbol == b"*" or word in _SILENT:
            silent[-1] = True
        elif silent[-1] or hidden:
            continue
        elif word == b"u" and number:
            out.append(chr(int(number) % 0x10000))
            skip = 1  # the character for readers that know no Unicode
        elif word in _SIGNS:
            out.append(_SIGNS[word])
        elif skip and (hexed or text):
            out.append(_readable(text[skip:], codepage) if text else "")
            skip = 0
        elif hexed:
            out.append(_readable(bytes(int(hexed[i + 2 : i + 4], 16) for i in range(0, len(hexed), 4)), codepage))
        elif text or symbol:
            out.append(_readable((text or symbol).replace(b"\r", b"").replace(b"\n", b""), codepage))
    return "".join(out).encode("utf-16", "surrogatepass").decode("utf-16", "replace").strip("\n")


def _readable(data: bytes, codepage: str) -> str:
    try:
        return data.decode(codepage, "replace")
    except LookupError:
        return data.decode("cp1252", "replace")
