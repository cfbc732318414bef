"""Address fields (RFC 5322 section 3.4), read leniently: groups, comments, bare names and lost quotes."""

import re

from postroom_ingest.parse.limits import MAX_ADDRESSES
from postroom_ingest.parse.model import Address
from postroom_ingest.parse.words import decode_words, raw_text

_PLAIN = re.compile(r'\s*(?:("?)([^"<>,;:()@\\]*)\1\s*<([^<>\s"(),:;]+)>|([^\s<>"(),:;]+@[^\s<>"(),:;]+))\s*')
_TOKEN = re.compile(
    r'"(?:[^"\\]|\\.){0,250}"'
    r"|\((?:[^()\\]|\\.|\([^()]{0,100}\)){0,250}\)"  # comments may nest
    r"|<[^<>]*>|<[^<>,;@]*@[^<>,;\s]*"  # the second one was never closed
    r'|[,;:]|[^",;:<>()]+|.',
    re.DOTALL,
)
_MOST_PIECES = 20
"""A name in more pieces than this is no name; the bound keeps hostile fields cheap, as do those in the pattern."""
_NAME_CHARS = 2_000
"""Of a name with quotes in it: each may be looked for at each of its characters."""
_QUOTED = re.compile(r'"((?:[^"\\]|\\.){0,250})"')
_QUOTED_PAIR = re.compile(r"\\(.)")
_QUOTED_LOCAL = re.compile(r'"[^"@]{1,64}"@[^\s"]+')
_COMMENT = re.compile(r"\([^()]*\)")
_SPACE_IN_ADDRESS = re.compile(r"\s*([.@])\s*")


def addresses(field: bytes, defects: list[str], hint: str = "") -> tuple[Address, ...]:
    """The mailboxes of a field in order. A piece without any address is passed over."""
    if not field:
        return ()
    text = raw_text(field, defects, hint)
    plain = _PLAIN.fullmatch(text)
    if plain:
        return (_address(plain[2] or "", plain[3] or plain[4], defects),)
    found = _mailboxes(text, defects)
    return found or (_mailboxes(decode_words(text, defects), defects) if "=?" in text else ())


def _mailboxes(text: str, defects: list[str]) -> tuple[Address, ...]:
    found: list[Address] = []
    name: list[str] = []
    comment = angle = ""
    for match in [*_TOKEN.finditer(text), None]:
        piece = match[0] if match else ";"
        if piece in ",;":
            address = angle or _bare(name)
            if address:
                found.append(_address(("".join(name).strip() or comment) if angle else comment, address, defects))
            # `Doe, John <j@example.org>` without its quotes: keep the first half for the next piece
            held = piece == "," and not address and 0 < len(name) < _MOST_PIECES
            name = [*name, piece] if held else []
            comment = angle = ""
        elif piece == ":" and not angle and not any("@" in part for part in name[-_MOST_PIECES:]):
            name = []  # a group's name, or the word before a route
        elif piece[0] == "<" and len(piece) > 1:
            angle = piece.strip("<>")
        elif piece[0] == "(" and len(piece) > 1:
            comment = piece[1:-1]
        else:
            name.append(piece)
        if len(found) >= MAX_ADDRESSES:
            defects.append("too-many-addresses")
            break
    return tuple(found)


def _bare(name: list[str]) -> str:
    """An address that stands without angle brackets."""
    text = "".join(name)
    if "@" not in text:
        return ""
    if quoted := _QUOTED_LOCAL.search(text):
        return quoted[0]
    words = [w for w in _SPACE_IN_ADDRESS.sub(r"\1", text).split() if "@" in w]  # RFC 5322 section 4.4 allows them
    return words[-1] if words else ""


def _address(name: str, address: str, defects: list[str]) -> Address:
    if address.startswith("@") and ":" in address:
        address = address.rpartition(":")[2]  # an obsolete route (RFC 5322 section 4.4)
    address = decode_words(address, defects).removeprefix("mailto:")
    if "(" in address:
        address = _COMMENT.sub("", address)
    if not (address.startswith('"') and _QUOTED_LOCAL.fullmatch(address)):
        address = "".join(address.split()).strip("\"'")
    if '"' in name:
        name = name[:_NAME_CHARS]
        name = _QUOTED.sub(lambda quoted: _QUOTED_PAIR.sub(r"\1", quoted[1]), name).replace('"', "")
    name = " ".join(decode_words(name.replace("<>", "").strip(" \t,;:'"), defects).split()).strip("\"' ")
    return Address("" if name.lower() == address.lower() else name, address)
