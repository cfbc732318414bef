"""Values with parameters: Content-Type and Content-Disposition (RFC 2045, RFC 2183, RFC 2231)."""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from postroom_ingest.parse.charsets import decode
from postroom_ingest.parse.words import decode_words

_PARAM = re.compile(rb';\s*([^\s=;"]{1,80})\s*=\s*("(?:[^"\\]|\\.)*"?|[^;]*)', re.DOTALL)
_QUOTED_PAIR = re.compile(rb'\\(["\\])')
_SECTION = re.compile(r"^([^*]+)\*(?:(\d{1,4})(\*)?)?$")
_NO_SEMICOLON = re.compile(rb"\s*([^\s;,=]+)[\s,]+([\w*-]+\s*=.*)", re.DOTALL)
_SLASH = re.compile(r"\s*/\s*")
_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+")


class Parametrised(NamedTuple):
    """A lower-case value and its parameters, still as bytes, by lower-case name."""

    value: str
    params: Mapping[str, bytes]

    def text(self, name: str, defects: list[str], hint: str = "") -> str:
        """A parameter decoded: RFC 2231 sections, encoded words (seen everywhere, allowed nowhere), raw bytes."""
        extended = _extended(name, self.params, defects)
        return extended if extended is not None else decode_words(self.params.get(name, b""), defects, hint)

    def token(self, name: str) -> str:
        """A parameter that is plain ASCII, such as a charset's name."""
        extended = _extended(name, self.params, [])
        return extended or self.params.get(name, b"").decode("ascii", "replace").strip()


@lru_cache(maxsize=256)  # most mails have the same few
def parametrised(field: bytes) -> Parametrised:
    """Split a field value; what cannot be understood is left out."""
    value, _, rest = field.partition(b";")
    if b"=" in value and (parted := _NO_SEMICOLON.match(field)):
        value, rest = parted[1], parted[2]
    params: dict[str, bytes] = {}
    for match in _PARAM.finditer(b";" + rest) if rest else ():
        quoted = match[2].strip()
        if quoted.startswith(b'"'):
            quoted = _QUOTED_PAIR.sub(rb"\1", quoted[1:].removesuffix(b'"'))
        params.setdefault(match[1].decode("ascii", "replace").lower(), quoted)
    return Parametrised(value.decode("ascii", "replace").strip().lower(), MappingProxyType(params))


def content_type(field: bytes, default: str) -> Parametrised:
    """The media type; one that cannot be read counts as `default` (RFC 2045 section 5.2)."""
    found = parametrised(field)
    match = _TYPE.match(found.value) or _TYPE.match(_SLASH.sub("/", found.value))
    value = match[0] if match else default
    if found.value in ("multipart", "multipart/"):
        value = "multipart/mixed"
    return found if value == found.value else found._replace(value=value)


def _extended(name: str, params: Mapping[str, bytes], defects: list[str]) -> str | None:
    """The value of name*, name*0, name*0*, name*1 ... joined and decoded, or None if there is none."""
    prefix = f"{name}*"
    for key in params:  # asked often, true seldom: a loop is quicker than any()
        if key.startswith(prefix):
            break
    else:
        return None
    sections: list[tuple[int, bool, bytes]] = []
    for key, value in params.items():
        match = _SECTION.match(key)
        if match and match[1] == name:
            sections.append((int(match[2] or 0), match[2] is None or bool(match[3]), value))
    sections.sort(key=lambda section: section[0])
    charset = ""
    joined = b""
    for position, (_, encoded, section) in enumerate(sections):
        value = section
        if encoded and position == 0 and section.count(b"'") >= 2:
            label, _, value = section.split(b"'", 2)
            charset = label.decode("ascii", "replace")
        joined += unquote_to_bytes(value) if encoded else value
    if not charset and b"=?" in joined:
        return decode_words(joined, defects)
    return decode(joined, charset or "utf-8", defects)
