"""Bytes to text: the charset a mail names, what its senders really meant, and what to do when it is untrue.

Aliases follow the WHATWG Encoding Standard, which browsers and mail programs write for: a label such as
`gb2312` or `iso-8859-1` means the larger set that contains it.
"""

import codecs
import re
from functools import lru_cache
from typing import Final

from postroom_ingest.parse.guess import guess

_ALIASES: Final[dict[str, tuple[str, ...]]] = {
    "ascii": ("utf-8",),
    "utf-8": ("utf-8",),
    "utf8": ("utf-8",),
    "iso8859-1": ("cp1252", "latin-1"),
    "cp1252": ("cp1252", "latin-1"),
    "iso8859-9": ("cp1254", "iso8859-9"),
    "iso8859-11": ("cp874",),
    "tis-620": ("cp874",),
    "gb2312": ("gb18030",),
    "gbk": ("gb18030",),
    "euc-kr": ("cp949",),
    "ks-c-5601": ("cp949",),
    "windows-949": ("cp949",),
    "big5": ("big5", "cp950", "big5hkscs"),
    "shift-jis": ("cp932", "shift_jis_2004"),
    "sjis": ("cp932", "shift_jis_2004"),
    "windows-31j": ("cp932", "shift_jis_2004"),
    "ms-kanji": ("cp932", "shift_jis_2004"),
    "euc-jp": ("euc_jp", "euc_jis_2004"),
    "iso2022-jp": ("iso2022_jp", "iso2022_jp_ext"),
    "macintosh": ("mac_roman",),
    "iso8859-8-i": ("iso8859-8",),
    "iso8859-8-e": ("iso8859-8",),
    "iso8859-6-i": ("iso8859-6",),
    "unicode-1-1-utf-7": ("utf-7",),
    "unicode-1-1-utf-8": ("utf-8",),
}
_ALIASES_BY_CODEC: Final = {
    "iso8859-1": "iso8859-1",
    "iso8859-9": "iso8859-9",
    "iso8859-11": "iso8859-11",
    "gb2312": "gb2312",
    "gbk": "gbk",
    "euc_kr": "euc-kr",
    "big5": "big5",
    "shift_jis": "shift-jis",
    "euc_jp": "euc-jp",
    "iso2022_jp": "iso2022-jp",
    "ascii": "ascii",
    "cp1252": "cp1252",
}
# Python also offers codecs that are no charsets (idna, punycode, unicode_escape): slow or surprising on hostile
# bytes, so only these are used.
_KNOWN = re.compile(
    r"utf-(?:7|8|16|32)(?:-[bl]e|-sig)?|iso8859-\d+|iso2022_\w+|cp\d+|koi8-\w|mac[-_]\w+|gb18030|hz|big5\w*|cp949|johab"
    r"|euc_\w+|shift_jis\w*|tis-620|kz1048|ptcp154|hp-roman8"
)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_UNNAMED = re.compile(r"[^a-z0-9._:+-]")
_LONG_NUMBER = re.compile(r"\d{7,}")
_JIS = re.compile(rb"\x1b(\$[@B]|\$\(D|\([BJIH])([^\x1b]*)")
_LINE_ENDS = re.compile(rb"([\r\n]+)")
_HIGH_BIT = bytes(i | 0x80 for i in range(256))
_TOLERATED_DAMAGE = 0.02
"""Share of unreadable characters up to which the named charset is believed all the same."""


def _cleaned(label: str) -> str:
    label = label.strip().strip("\"'").strip().lower().replace("_", "-").replace("iso-", "iso", 1)
    label = re.split(r"[\s;,]", label, maxsplit=1)[0]
    return re.sub(r"^(?:x-|cs)(?!user)", "", re.sub(r"^(ks-c-5601)-19\d\d$", r"\1", label))


def _named(label: str) -> str:
    """A label in the name of a defect: nothing but what names of charsets are made of, and no long numbers."""
    return _LONG_NUMBER.sub("?", _UNNAMED.sub("?", _cleaned(label)[:40]))


@lru_cache(maxsize=512)
def codecs_for(label: str) -> tuple[str, ...]:
    """Python codecs to try for a charset label, best first; empty when it names no charset."""
    cleaned = _cleaned(label)
    if found := _ALIASES.get(cleaned):
        return found
    for name in (cleaned, cleaned.replace("iso", "iso-", 1), cleaned.replace("windows-", "cp").replace("cp-", "cp")):
        try:
            codec = codecs.lookup(name).name
        except (LookupError, ValueError):  # ValueError: a NUL in the name
            continue
        if _KNOWN.fullmatch(codec) or codec == "ascii" or codec in _ALIASES_BY_CODEC:
            return _ALIASES.get(_ALIASES_BY_CODEC.get(codec, ""), (codec,))
    return ()


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
    if data.isascii() and b"\x1b" not in data and (not names or names[0] == "utf-8"):
        return data.decode("ascii")
    if names and names[0].startswith("iso2022_jp"):
        return _decode_jis(data, names)
    if b"\x1b$" in data and names in ((), ("utf-8",)):
        return _decode_jis(data, ("iso2022_jp", "iso2022_jp_ext"))
    if names and names[0] != "utf-8" and (text := _utf8_in_disguise(data, names[0])) is not None:
        defects.append(f"charset-untrue:{_named(label)}")
        return text
    for name in names:
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            continue
        return text
    return _damaged_or_guessed(data, names, defects)


def _damaged_or_guessed(data: bytes, names: tuple[str, ...], defects: list[str]) -> str:
    if names:
        text = data.decode(names[0], "replace")
        foreign = sum(1 for c in text if c > "\x7f")
        bad = text.count("�")
        # A few bad bytes among many good characters are damage; mostly bad ones mean another charset. UTF-8 is
        # hardly ever right by chance, so there the good ones prove more.
        if bad * 5 < foreign and (names[0] == "utf-8" or bad <= len(text) * _TOLERATED_DAMAGE):
            defects.append(f"charset-damaged:{names[0]}")
            return text
    text, name = guess(data)
    defects.append(f"charset-guessed:{name}")
    return text


def _utf8_in_disguise(data: bytes, name: str) -> str | None:
    """The text if `data` can only be UTF-8 although the mail names another charset."""
    if name.startswith(("utf", "iso2022", "hz")) or data.isascii():
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    if name in {"gb18030", "big5", "cp949", "cp932", "euc_jp"}:  # two-byte sets can look like UTF-8 by chance
        return text if sum(1 for c in text if c >= "ࠀ") >= 3 else None
    return text


def _decode_jis(data: bytes, names: tuple[str, ...]) -> str:
    """ISO-2022-JP as it is sent: with Microsoft's and NEC's extra characters, which its standard lacks."""
    for name in names:
        try:
            return data.decode(name)
        except UnicodeDecodeError:
            continue
    return _JIS.sub(_jis_to_euc, data).decode("euc_jis_2004", "replace")


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
