"""Bytes to text: the charset a mail names, what its senders really meant, and what to do when it is untrue."""

import re

from postroom_ingest.parse.guess import guess, mostly_utf8, not_western
from postroom_ingest.parse.labels import cleaned, codecs_for

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_UNNAMED = re.compile(r"[^a-z0-9._:+-]")
_LONG_NUMBER = re.compile(r"\d{7,}")
_JIS_RUN = re.compile(rb"\x1b(\$[@B]|\$\(D|\([BJIH])([^\x1b]*)")
_LINE_ENDS = re.compile(rb"([\r\n]+)")
_HIGH_BIT = bytes(i | 0x80 for i in range(256))
_JIS = ("iso2022_jp", "iso2022_jp_ext")
_ESCAPING = ("iso2022", "utf-16", "utf-32")
"""Codecs in whose text an escape may stand."""
_TWO_BYTES = frozenset({"gb18030", "big5", "cp949", "cp932", "euc_jp"})
_FEW_BYTES = 20
_TOLERATED_DAMAGE = 0.02
"""Share of unreadable characters up to which the named charset is believed all the same."""


def _named(label: str) -> str:
    """A label in the name of a defect: nothing but what names of charsets are made of, and no long numbers."""
    return _LONG_NUMBER.sub("?", _UNNAMED.sub("?", cleaned(label)[:40]))


def decode(data: bytes, label: str, defects: list[str]) -> str:
    """Text of `data`, whatever `label` says; never raises. NUL and lone surrogates are taken out.

    A label that is unknown or untrue adds a defect and gives way to the best guess.
    """
    text = _decode(data, label, defects)
    if "\x00" in text:
        text = text.replace("\x00", "")
    if text.isascii():
        return text
    try:
        text.encode()  # tells as much as looking for them, in a tenth of the time
    except UnicodeEncodeError:
        return _LONE_SURROGATE.sub("\ufffd", text)
    return text


def _decode(data: bytes, label: str, defects: list[str]) -> str:
    names = codecs_for(label) if label else ("utf-8",)
    if not names:
        defects.append(f"charset-unknown:{_named(label)}")
    escaped = b"\x1b" in data and b"\x1b$" in data  # looking for one byte is many times as fast as for two
    if data.isascii():
        if escaped and not (names and names[0].startswith(_ESCAPING)):
            names = _JIS  # no text has such an escape by chance
        elif not escaped and (not names or names[0] == "utf-8"):
            return data.decode("ascii")
    if names and names[0].startswith("iso2022_jp"):
        if escaped or data.isascii():
            return _decode_jis(data, names)
        names = ()  # eight bits and no escape: whatever it is, it is not this
    if names and names[0] != "utf-8" and (text := _utf8_in_disguise(data, names[0])) is not None:
        defects.append(f"charset-untrue:{_named(label)}")
        return text
    if names and names[0] == "cp1252" and (text := not_western(data)) is not None:
        defects.append(f"charset-untrue:{_named(label)}")
        return text
    for name in names:
        try:
            return data.decode(name)
        except UnicodeDecodeError:
            continue
    return _damaged_or_guessed(data, names, defects)


def _damaged_or_guessed(data: bytes, names: tuple[str, ...], defects: list[str]) -> str:
    text = None
    if names[:1] == ("utf-8",):
        text = mostly_utf8(data)
    elif names:
        damaged = data.decode(names[0], "replace")
        foreign = sum(1 for c in damaged if c > "\x7f")
        bad = damaged.count("�")
        # A few bad bytes among many good characters are damage; mostly bad ones mean another charset.
        text = damaged if bad * 5 < foreign and bad <= len(damaged) * _TOLERATED_DAMAGE else None
    if text is not None:
        defects.append(f"charset-damaged:{names[0]}")
        return text
    text, name = guess(data)
    defects.append(f"charset-guessed:{name}")
    return text


def _utf8_in_disguise(data: bytes, name: str) -> str | None:
    """The text if `data` can only be UTF-8 although the mail names another charset."""
    wide = name.startswith(("utf-16", "utf-32"))
    if wide and (b"\x00" in data or len(data) < _FEW_BYTES):  # each line end of theirs has a NUL
        return None
    if not wide and (name.startswith(("utf", "iso2022", "hz")) or data.isascii()):
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    if name in _TWO_BYTES:  # these can look like UTF-8 by chance
        foreign = [c for c in text if c > "\x7f"]
        return text if len(foreign) >= 4 or sum(1 for c in foreign if c >= "\u0800") >= 3 else None
    return text


def _decode_jis(data: bytes, names: tuple[str, ...]) -> str:
    """ISO-2022-JP as it is sent: with Microsoft's and NEC's extra characters, which its standard lacks."""
    for name in names:
        try:
            return data.decode(name)
        except UnicodeDecodeError:
            continue
    return _JIS_RUN.sub(_jis_to_euc, data).decode("euc_jis_2004", "replace")


def _jis_to_euc(match: re.Match[bytes]) -> bytes:
    mode, text = match[1], match[2]
    if mode == b"(I":
        return b"".join(b"\x8e" + bytes([c | 0x80]) for c in text)
    if not mode.startswith(b"$"):
        return text
    lines = _LINE_ENDS.split(text)  # a line end also ends the two-byte mode (RFC 1468)
    return b"".join(line if line[:1] in (b"\r", b"\n") else _euc(line[: len(line) & ~1], mode) for line in lines)


def _euc(pairs: bytes, mode: bytes) -> bytes:
    if mode == b"$(D":
        pairs = b"".join(b"\x8f" + pairs[i : i + 2] for i in range(0, len(pairs), 2))
    return pairs.translate(_HIGH_BIT)
