"""The PROXY header, by which a load balancer says whose connection it hands on, versions 1 and 2. Pure.

https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt
"""

from ipaddress import IPv4Address, IPv6Address
from typing import Final

_ONE: Final = b"PROXY "
_TWO: Final = b"\r\n\r\n\0\r\nQUIT\n"
_FIXED: Final = 16
"""Bytes of version 2 that are always there: signature, version and command, family, length (section 2.2)."""
_LOCAL, _PROXY = 0x20, 0x21
_ADDRESS_BYTES: Final = {0x11: 4, 0x21: 16}
"""By family, TCP over IPv4 and over IPv6: how long one address is."""
LONGEST_ONE: Final = 107
"""Bytes of version 1, CR LF included (section 2.1)."""
LONGEST_TWO: Final = 4096
"""Bytes of version 2: room for more than the fields in use, which nobody here reads."""


class BadHeaderError(Exception):
    """This is no PROXY header."""


def missing(header: bytes) -> int:
    """How many bytes may be read at once without one of what comes behind the header; 0 when it is whole.

    Raises:
        BadHeaderError: it cannot become one any more.
    """
    if _ONE.startswith(header[: len(_ONE)]):
        return _missing_of_line(header)
    if not _TWO.startswith(header[: len(_TWO)]):
        raise BadHeaderError
    if len(header) < _FIXED:
        return _FIXED - len(header)
    whole = _FIXED + int.from_bytes(header[14:16], "big")
    if whole > LONGEST_TWO:
        raise BadHeaderError
    return whole - len(header)


def _missing_of_line(header: bytes) -> int:
    if len(header) < len(_ONE):
        return len(_ONE) - len(header)
    if header.endswith(b"\r\n"):
        return 0
    if len(header) >= LONGEST_ONE:
        raise BadHeaderError
    return 1 if header.endswith(b"\r") or len(header) == LONGEST_ONE - 1 else 2


def client(header: bytes) -> str | None:
    """The client's address in a whole header; None where the connection is the load balancer's own, or of another kind.

    Raises:
        BadHeaderError: it says nothing that can be understood.
    """
    try:
        return _of_line(header) if header.startswith(_ONE) else _of_bytes(header)
    except ValueError:  # of addresses and numbers, UnicodeDecodeError too
        raise BadHeaderError from None


def _of_line(header: bytes) -> str | None:
    kind, *said = header[len(_ONE) : -2].decode("ascii").split(" ")
    if kind == "UNKNOWN":  # the rest of the line is to be ignored
        return None
    address = {"TCP4": IPv4Address, "TCP6": IPv6Address}.get(kind)
    if address is None or len(said) != 4 or not all(_is_port(port) for port in said[2:]):
        raise BadHeaderError
    address(said[1])
    return str(address(said[0]))


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65_535


def _of_bytes(header: bytes) -> str | None:
    command, family = header[12], header[13]
    if command not in (_LOCAL, _PROXY):
        raise BadHeaderError
    if command == _LOCAL or family == 0:
        return None
    size = _ADDRESS_BYTES.get(family)
    if size is None or len(header) < _FIXED + 2 * size + 4:
        raise BadHeaderError
    packed = header[_FIXED : _FIXED + size]
    return str(IPv4Address(packed) if size == 4 else IPv6Address(packed))
