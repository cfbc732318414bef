"""Addresses as clients print them in a forward's fields, in all the ways HTML has been turned into text."""

import re
from typing import Final

from postroom_ingest.parse.addresses import addresses
from postroom_ingest.parse.model import Address

_LONGEST: Final = 32 * 1024
_MOST_NAMES: Final = 100
_PRINTED_TWICE = re.compile(r"(?<=[^\s<\[(])<mailto:[^<>]{0,320}>")
_IN_BRACKETS = re.compile(r"[<\[(](?:mailto:)?([^\s<>()\[\]@]{1,64}@[^\s<>()\[\]@]{1,255})[>\])]")


def read_mailboxes(value: str) -> tuple[Address, ...]:
    """The mailboxes of one printed field. A field without any address gives its names, with empty addresses."""
    value = value[:_LONGEST].strip(" \t;,")
    if not value:
        return ()
    if "@" in value:
        text = _IN_BRACKETS.sub(r"<\1>", without_links(value))  # `[mailto:a@b]`, `(a@b)`
        found = addresses(text.encode("utf-8", "replace"), [])
        if kept := tuple(Address(_name(one.name), _address(one.address)) for one in found if "@" in one.address):
            return kept
    return tuple(Address(name, "") for piece in value.split(";")[:_MOST_NAMES] if (name := _name(piece)))


def without_links(text: str) -> str:
    """The text without the address that is printed again for its link: `a@b<mailto:a@b>`."""
    return _PRINTED_TWICE.sub("", text) if "<mailto:" in text else text


def _address(text: str) -> str:
    return text.removeprefix("mailto:").strip("<>.'")


def _name(text: str) -> str:
    return text.strip(" \t\"'«»„“”*").strip()
