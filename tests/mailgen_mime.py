"""Writing mail by hand: many times faster than the standard library's, and able to write raw 8-bit text."""

import binascii
from collections.abc import Sequence
from urllib.parse import quote

Header = tuple[str, str]


def words(value: str, charset: str = "utf-8") -> str:
    """An unstructured header value, as encoded-words (RFC 2047) where it is not ASCII.

    Every word holds whole characters (section 5) and stays within 75 octets (section 2).
    """
    if value.isascii():
        return value
    encoded, chunk = [], ""
    for letter in value:
        if len((chunk + letter).encode(charset)) > 36:
            encoded.append(_word(chunk, charset))
            chunk = ""
        chunk += letter
    return "\r\n ".join((*encoded, _word(chunk, charset)))


def _word(chunk: str, charset: str) -> str:
    return f"=?{charset}?B?{_base64(chunk.encode(charset))}?="


def mailbox(name: str, address: str) -> str:
    """A name (of letters and spaces, so that it needs no quotes) and an address."""
    return f"{name} <{address}>" if name.isascii() else f"{words(name)}\r\n <{address}>"


def text_part(body: str, subtype: str, charset: str, encoding: str) -> tuple[list[Header], bytes]:
    """A text part; `encoding` is 7bit, 8bit, quoted-printable or base64. Lines of `body` end in LF."""
    data = body.replace("\n", "\r\n").encode(charset)
    if encoding == "quoted-printable":
        data = binascii.b2a_qp(data, istext=True)
    elif encoding == "base64":
        data = _base64_lines(data)
    content_type = ("Content-Type", f'text/{subtype}; charset="{charset}"')
    return [content_type, ("Content-Transfer-Encoding", encoding)], data


def file_part(name: str, content_type: str, data: bytes) -> tuple[list[Header], bytes]:
    """An attachment, its name after RFC 2231 where it is not ASCII."""
    parameter = f'filename="{name}"' if name.isascii() else f"filename*=utf-8''{quote(name)}"
    head = [
        ("Content-Type", content_type),
        ("Content-Transfer-Encoding", "base64"),
        ("Content-Disposition", f"attachment;\r\n {parameter}"),
    ]
    return head, _base64_lines(data)


def single(head: Sequence[Header], part: tuple[list[Header], bytes]) -> bytes:
    """A mail of one part."""
    own, data = part
    return b"%b\r\n%b" % (_lines((*head, ("MIME-Version", "1.0"), *own)), data)


def multipart(
    head: Sequence[Header], subtype: str, boundary: str, parts: Sequence[tuple[list[Header], bytes]]
) -> bytes:
    """A mail of several parts."""
    content_type = ("Content-Type", f'multipart/{subtype}; boundary="{boundary}"')
    delimiter = b"\r\n--" + boundary.encode()
    pieces = [_lines((*head, ("MIME-Version", "1.0"), content_type))]
    for own, data in parts:
        pieces += [delimiter, b"\r\n", _lines(own), b"\r\n", data]
    return b"".join((*pieces, delimiter, b"--\r\n"))


def _lines(head: Sequence[Header]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in head).encode("ascii")


def _base64(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def _base64_lines(data: bytes) -> bytes:
    return b"".join(binascii.b2a_base64(data[at : at + 57], newline=False) + b"\r\n" for at in range(0, len(data), 57))
