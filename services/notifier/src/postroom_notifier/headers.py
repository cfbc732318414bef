"""Header fields of a mail as bytes: cleaned, encoded (RFC 2047) and folded (RFC 5322 section 2.2.3)."""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator

from postroom_contracts.values import Party

_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~ ]+")
_MESSAGE_ID = re.compile(r"[!-;=?-~]{1,900}")
_SUBJECT_CHARS = 500
_NAME_CHARS = 200
_LINE = 76
_WORD_BYTES = 39
"""Encoded this is a word of 64 characters: with a field name before it within the 76 of RFC 2047 section 2."""
_MOST_REFERENCES = 500
"""Keeps the header section within the 100 kB that mail servers commonly take."""


def clean(text: str) -> str:
    """`text` on one line: control characters, line ends and lone surrogates become spaces, runs of spaces one."""
    return " ".join(part for part in _UNFIT.sub(" ", text).split(" ") if part)


def subject_text(text: str) -> str:
    """A subject as it goes out, before it is encoded."""
    return clean(text)[:_SUBJECT_CHARS]


def subject(text: str) -> bytes:
    """The Subject field."""
    line = subject_text(text)
    words = line.split(" ")
    if _plain(line) and max(map(len, words)) < _LINE - len("Subject: "):
        return _folded("Subject:", words)
    return b"Subject: " + _encoded(line)


def addresses(name: str, parties: Iterable[Party]) -> bytes:
    """An address field such as To; the addresses must be usable already."""
    lines = [_mailbox(party) for party in parties]
    return name.encode() + b": " + b",\r\n ".join(lines)


def message_ids(name: str, ids: Iterable[str]) -> bytes | None:
    """A field of Message-IDs, one on a line; None when there is none that can be written."""
    good = [found for one in ids if (found := message_id(one)) is not None]
    if not good:
        return None
    if len(good) > _MOST_REFERENCES:
        good = [good[0], *good[-_MOST_REFERENCES + 1 :]]
    return f"{name}: ".encode() + b"\r\n ".join(f"<{one}>".encode() for one in good)


def message_id(text: str) -> str | None:
    """A Message-ID without brackets as it can be quoted, or None: printable ASCII without spaces and brackets only."""
    bare = text.strip().removeprefix("<").removesuffix(">")
    return bare if _MESSAGE_ID.fullmatch(bare) else None


def _mailbox(party: Party) -> bytes:
    address = f"<{party.address}>".encode()
    name = clean(party.name)[:_NAME_CHARS]
    if not name:
        return address
    phrase = _phrase(name)
    gap = b" " if len(phrase) + len(address) < _LINE - len("Reply-To: ") else b"\r\n "
    return phrase + gap + address


def _phrase(name: str) -> bytes:
    """A display name: atoms, a quoted string, or encoded words (RFC 5322 section 3.2.5, RFC 2047 section 5)."""
    if not _plain(name) or len(name) > _LINE - len("Reply-To: ") - 2:
        return _encoded(name)
    if _ATOMS.fullmatch(name):
        return name.encode()
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'.encode()


def _plain(text: str) -> bool:
    return text.isascii() and "=?" not in text


def _folded(name: str, words: list[str]) -> bytes:
    lines: list[str] = []
    line = name
    for word in words:
        if len(line) + 1 + len(word) > _LINE and line != name:
            lines.append(line)
            line = ""
        line += " " + word
    return "\r\n".join([*lines, line]).encode()


def _encoded(text: str) -> bytes:
    return b"\r\n ".join(b"=?utf-8?b?" + b64encode(chunk) + b"?=" for chunk in _chunks(text))


def _chunks(text: str) -> Iterator[bytes]:
    """`text` in UTF-8, cut between characters (RFC 2047 section 5 forbids to cut within one)."""
    data = text.encode()
    while len(data) > _WORD_BYTES:
        end = _WORD_BYTES
        while data[end] & 0xC0 == 0x80:
            end -= 1
        yield data[:end]
        data = data[end:]
    yield data
