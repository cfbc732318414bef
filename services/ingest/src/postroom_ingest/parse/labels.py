"""Names of charsets as mail really has them, and the Python codecs that read what their senders mean.

Aliases follow the WHATWG Encoding Standard, which browsers and mail programs write for: a label such as
`gb2312` or `iso-8859-1` means the larger set that contains it.
"""

import codecs
import re
from functools import lru_cache
from typing import Final

_LARGER: Final[dict[str, tuple[str, ...]]] = {
    "ascii": ("utf-8",),
    "iso8859-1": ("cp1252", "latin-1"),
    "cp1252": ("cp1252", "latin-1"),
    "iso8859-9": ("cp1254", "iso8859-9"),
    "iso8859-11": ("cp874",),
    "tis-620": ("cp874",),
    "gb2312": ("gb18030",),
    "gbk": ("gb18030",),
    "euc_kr": ("cp949",),
    "big5": ("big5", "cp950", "big5hkscs"),
    "shift_jis": ("cp932", "shift_jis_2004"),
    "euc_jp": ("euc_jp", "euc_jis_2004"),
    "iso2022_jp": ("iso2022_jp", "iso2022_jp_ext"),
}
"""By Python's name of the smaller set."""
_OTHER_NAMES: Final = {
    name: codec
    for codec, names in (
        ("utf-8", "unicode11utf8 unicode20utf8 unicode-1-1-utf-8"),
        ("utf-7", "unicode-1-1-utf-7 unicode11utf7"),
        ("utf-16", "unicode unicodefeff iso-10646-ucs-2 ucs-2 cp1200"),
        ("utf-16-be", "unicodefffe cp1201"),
        ("ascii", "us ascii-us usascii cp20127 7bit"),
        ("iso8859-1", "isolatin1 ansi roman"),
        ("iso8859-2", "isolatin2"),
        ("iso8859-3", "isolatin3"),
        ("iso8859-4", "isolatin4"),
        ("iso8859-5", "isolatincyrillic"),
        ("iso8859-6", "isolatinarabic iso88596e iso88596i"),
        ("iso8859-7", "isolatingreek sun-eu-greek"),
        ("iso8859-8", "isolatinhebrew iso88598e iso88598i visual logical"),
        ("iso8859-9", "isolatin5"),
        ("iso8859-10", "isolatin6"),
        ("iso8859-15", "isolatin9 latin-9"),
        ("koi8-r", "koi koi8 koi8r cp20866"),
        ("koi8-u", "koi8-ru koi8u cp21866"),
        ("gb18030", "chinese gb-2312 gb-2312-80 iso58gb231280 gb-18030 gb13000 cp54936"),
        ("big5", "cn-big5 x-big5 big-5 big5-hkscs"),
        ("cp949", "ks-c-5601 ksc56011987 iso-ir-149 ksc-5601 cp51949"),
        ("euc_jp", "eucpkdfmtjapanese eucjp-ms eucjpms cp51932"),
        ("shift_jis", "sjis windows-31j cp31j ms-kanji mac-japanese"),
        ("iso2022_jp", "iso2022-jp-ms cp50220 cp50221 cp50222"),
        ("mac_roman", "mac macintosh cp10000"),
        ("mac_cyrillic", "mac-ukrainian"),
        ("mac_latin2", "mac-ce mac-centraleurope mac-centraleurroman"),
        ("mac_iceland", "mac-icelandic"),
    )
    for name in names.split()
}
# Python also offers codecs that are no charsets (idna, punycode, unicode_escape): slow or surprising on hostile
# bytes, so only these are used.
_KNOWN = re.compile(
    r"utf-(?:7|8|16|32)(?:-[bl]e|-sig)?|iso8859-\d+|iso2022_\w+|cp\d+|koi8-\w|mac[-_]\w+|gb18030|hz|big5\w*|cp949|johab"
    r"|euc_\w+|shift_jis\w*|tis-620|kz1048|ptcp154|hp-roman8"
)
_QUOTES: Final = " \t\"'"
_END = re.compile(r"[\s;,\"']")
_MARK = re.compile(r"^(?:x-|cs)+(?!user)")
_UTF8 = re.compile(r"^utf-?8(?!\d).*")  # utf8mb4, utf-8-mac
_ISO = re.compile(r"^iso-?8859-?(\d{1,2})(?!\d).*")  # iso8859-1:1987, iso-8859-15-windows
_CODE_PAGE = re.compile(r"^(?:windows|win|cp|ansi|ibm|dos|ms)-?(\d{3,5})(?!\d).*")
_MICROSOFTS_ISO = re.compile(r"^cp28(?:59|60)(\d)$")
_KOREAN = re.compile(r"^(ks-?c-?5601)-?19\d\d$")


def cleaned(label: str) -> str:
    """A label without what mailers put around it, in the spelling of the tables here."""
    name = label.strip(_QUOTES).lower().replace("_", "-").removeprefix("charset=")
    name = _MARK.sub("", _END.split(name, maxsplit=1)[0]).replace("iso-", "iso", 1)
    return _KOREAN.sub(r"\1", name)


@lru_cache(maxsize=512)
def codecs_for(label: str) -> tuple[str, ...]:
    """Python codecs to try for a charset label, best first; empty when it names no charset."""
    name = cleaned(label)
    for spelling in (name, name.replace("iso", "iso-", 1), _unified(name)):
        try:
            codec = codecs.lookup(_OTHER_NAMES.get(spelling, spelling)).name
        except (LookupError, ValueError):  # ValueError: a NUL in the name
            continue
        if found := _LARGER.get(codec):
            return found
        if _KNOWN.fullmatch(codec):
            return (codec,)
    return ()


def _unified(name: str) -> str:
    """The many ways to write one name as one."""
    name = _CODE_PAGE.sub(r"cp\1", _ISO.sub(r"iso8859-\1", _UTF8.sub("utf-8", name)))
    name = _MICROSOFTS_ISO.sub(r"iso8859-\1", name)
    return _OTHER_NAMES.get(name, name)
