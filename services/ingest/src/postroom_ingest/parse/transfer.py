"""Content-Transfer-Encoding undone (RFC 2045 section 6), keeping whatever can be kept of damaged data."""

import binascii
import re

import pybase64

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_WORDS = re.compile(rb"\s*[^\s=]+(?: [^\s=]+){2}")
_PADDED = re.compile(rb"([^=]*)(=*)")
_SOFT_BREAK = re.compile(rb"=[ \t]+\r?\n")
_UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} [^\n]*\n", re.MULTILINE)
_UU_END = re.compile(rb"^(?:`|end)", re.MULTILINE)


def decode_transfer(data: bytes, encoding: str) -> bytes:
    """The bytes of a part; an encoding nobody knows leaves them as they are."""
    match encoding:
        case "base64" | "base-64":
            return decode_base64(data)
        case "quoted-printable" | "quotedprintable" | "quoted printable":
            return decode_quoted_printable(data)
        case "x-uuencode" | "uuencode" | "x-uue" | "uue":
            return decode_uu(data)
        case _:
            return data


def decode_quoted_printable(data: bytes) -> bytes:
    """Soft line breaks with the space some gateways add (RFC 2045 section 6.7 rule 3), and lines that end in CR."""
    if b"= \r\n" in data or b"= \n" in data:
        data = _SOFT_BREAK.sub(b"=\n", data)
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")  # else the decoder would drop all that follows a soft break
    return binascii.a2b_qp(data)


def decode_base64(data: bytes) -> bytes:
    """Base64 with stray characters passed over, padding in the middle and a lost end accepted.

    What is plain text in spite of its label stays as it is.
    """
    if _WORDS.match(data):  # three words on a line: base64 has no spaces
        return data
    try:
        decoded = pybase64.b64decode(data)  # eight times as fast as binascii's, and as lenient
    except binascii.Error:
        return _patched(data)
    padding = data.find(b"=")
    return decoded if padding < 0 or not data[padding:].strip(b"=\r\n \t") else _patched(data)


def _patched(data: bytes) -> bytes:
    out = bytearray()
    for number, piece in enumerate(_PADDED.finditer(data)):
        clean = _NOT_BASE64.sub(b"", piece[1])
        if number and ((len(clean) + len(piece[2])) % 4 or len(clean) < len(b"".join(piece[1].split()))):
            break  # behind the padding comes a footer, not another encoded piece
        if len(clean) % 4 == 1:
            clean = clean[:-1]
        out += binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))
    return bytes(out)


def decode_uu(data: bytes) -> bytes:
    """The file between `begin` and `end`; what is not uuencoded stays as it is."""
    begin = _UU_BEGIN.search(data)
    end = _UU_END.search(data, begin.end()) if begin else None
    if not begin or not end:
        return data
    out = bytearray()
    for line in data[begin.end() : end.start()].splitlines():
        try:
            out += binascii.a2b_uu(line)
        except binascii.Error:  # some encoders pad the line: take as many groups as its length asks for
            groups = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                out += binascii.a2b_uu(line[:groups])
            except binascii.Error:
                return data
    return bytes(out)
