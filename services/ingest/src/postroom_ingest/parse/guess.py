"""Which charset bytes are in when nothing says so, or what is said is untrue.

Each candidate that can read the bytes is judged by how many of its foreign characters are everyday ones in the
languages it serves. That is crude and quick, and mail that needs it is rare.
"""

import codecs
import re
from typing import Final

_SAMPLE_BYTES: Final = 4096
_ENOUGH: Final = 0.28
"""Share of everyday characters below which no candidate is believed; running text reaches 0.4 to 1."""
_LATIN: Final = frozenset({"cp1252", "cp1250"})
_MOSTLY_FOREIGN: Final = 0.4
_NEARLY_ALL: Final = 0.6
_LETTERS_AT_LEAST: Final = 14
"""Different bytes beyond ASCII; a western language hardly has more."""
_WESTERN: Final = frozenset({"cp1252", "cp1250", "latin-1", "utf-8"})
_FEW_FOREIGN: Final = 0.15
"""Share of bytes beyond ASCII among letters: in running text accents are few, other scripts are nearly all."""

_CESU8: Final = re.compile(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]")
_MENDING: Final = "postroom-mending"
_MENDED_AT_MOST: Final = 2_000
"""Each costs a call."""

_ASCII: Final = bytes(range(0x80))
_NOT_LETTERS: Final = bytes(b for b in range(256) if not chr(b).isalpha() or b > 0x7F)

_SIMPLIFIED = (
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行"
    "学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然"
    "前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又利比或但质气第向道命此变条只没结解问意建月公无"
    "系军很情者最立代想已通并提直题党程展五果料员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见"
    "计别她手角期根论运农指几九区强放决西被干做必战先回则任取据处理订单付款谢请帮您好邮箱附公司，。：？！、“”"
)
_TRADITIONAL = (
    "的一是在不了有和人這中大為上個國我以要他時來用們生到作地於出就分對成會可主發年動同工也能下過子說產種面而方後多定行"
    "學法所得經十三之進著等部度家電力裡如水化高自二理起小物現實加量都兩體制機當使點從業本去把性好應開它合還因由其些然"
    "前外天四日那事相全表間樣與關各重新線內數正心你明看原又但質氣第向道此變條只沒結解問意建月公無系很情者最立代想已通"
    "並提直題程果料員位入常文總次品式活設及管特件長求頭資邊路級少圖統接知將組見計別她手期請訂單謝您郵箱附司協助，。：？！、「」"
)
_KANA = "".join(map(chr, range(0x3041, 0x30FF))) + "、。「」日本人年月大中出行見分後時生間会社上下今注文番号件送"
_HANGUL = (
    "이다는에의을를가은고하지로한사기도정리안녕세요니까습해주시감합서어아자그나라있없것수들과와대제부문요일년월전화번호원"
    "내오만인보장상신원회스구마여우면저게러무때더연소동성선학생국조경비관계현재용주십님입.,?!"
)
_CYRILLIC = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэёіїєґў"
_CANDIDATES: Final[tuple[tuple[str, frozenset[str]], ...]] = tuple(
    (codec, frozenset(everyday))
    for codec, everyday in (
        ("cp1252", "éèêëàâäöüßñçíóúôîïåøæÄÖÜÉÀÅØÇãõáìòù’‘“”–—…€°§£©®\xa0«»´·•"),
        ("gb18030", _SIMPLIFIED),
        ("big5", _TRADITIONAL),
        ("cp949", _HANGUL),
        ("cp932", _KANA),
        ("euc_jp", _KANA),
        ("cp1251", _CYRILLIC + "«»—№"),
        ("koi8_r", _CYRILLIC),
        ("cp1256", "اليمنوترهبدسعفكحقجشطصخزضغءئذثظأإآىةؤپچژگ،؟ًٌ"),
        ("cp1255", "יוהלאתמרבשנםדקעחפצגכסטזןךףץ"),
        ("cp1253", "αοιετσνηυρπκμλςωδγχθφβξζψόάίέήύώϊ"),
        ("cp874", "านรอกเงมยลวดทสตะปบคหแจพชขใไโผศซถฟธณฉฐัิ่ีา้ื็ุู์ำ"),
        ("cp1250", "ěščřžýáíéóúůťďňąćęłńśźżőűăâîşţđäöüŚŠŽČ–„”"),
    )
)


def guess(data: bytes) -> tuple[str, str]:
    """The most likely text of `data` and the codec's name; Windows' western set when nothing fits."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return data.decode(name, "replace"), name
    try:
        return data.decode(), "utf-8"
    except UnicodeDecodeError:
        if (text := mostly_utf8(data)) is not None:
            return text, "utf-8"
    scores = [(_likeness(data, codec, everyday), codec) for codec, everyday in _CANDIDATES]
    best, name = max(scores, key=lambda score: score[0])  # the first of equals, so the order above matters
    if best < _ENOUGH:
        name = "cp1252"
    if name == "cp1252" and any(b in data for b in (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d")):
        name = "latin-1"  # five bytes have no meaning in cp1252
    return data.decode(name, "replace"), name


def _share_beyond_ascii(data: bytes) -> float:
    """Share of bytes beyond ASCII among those and ASCII's letters."""
    high = len(data.translate(None, delete=_ASCII))
    return high / max(1, high + len(data.translate(None, delete=_NOT_LETTERS)))


def not_western(data: bytes) -> str | None:
    """The text of bytes that a western label cannot be true of: hardly any ASCII letter, and they make sense in
    another script. Old programs in Russia, Greece and China name iso-8859-1 whatever they write.
    """
    sample = data[:_SAMPLE_BYTES]
    if sample.isascii() or _share_beyond_ascii(sample) < _NEARLY_ALL:
        return None
    foreign = sample.translate(None, delete=_ASCII)
    letters = len(set(foreign))
    if letters < _LETTERS_AT_LEAST or len(foreign) < 1.5 * letters:  # no running text: accents, rules, an alphabet
        return None
    text, name = guess(data)
    return None if name in _WESTERN else text


def mostly_utf8(data: bytes) -> str | None:
    """The text if `data` is UTF-8 but for some bytes, since it is hardly ever right by chance.

    A byte alone among ASCII is the letter it is in Windows' western set (a quoted text often keeps its charset);
    other damage becomes U+FFFD. Pairs of surrogates, as old Java programs write them (CESU-8, Unicode TR 26), count
    as good.
    """
    if b"\xed" in data:
        data = _CESU8.sub(_without_surrogates, data)
    text = data.decode("utf-8", "replace")
    bad = text.count("\ufffd") - data.count(b"\xef\xbf\xbd")
    good = len(text) - len(text.encode("ascii", "ignore")) - bad
    if good <= bad:
        return None
    return data.decode("utf-8", _MENDING) if bad < _MENDED_AT_MOST else text


def _without_surrogates(pair: re.Match[bytes]) -> bytes:
    text = pair[0].decode("utf-8", "surrogatepass")
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def _mended(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    alone = error.end - error.start == 1 and error.end < len(error.object)
    if alone and error.object[max(0, error.start - 1) : error.start].isascii() and error.object[error.end] < 0x80:
        return error.object[error.start : error.end].decode("cp1252", "replace"), error.end
    return "\ufffd", error.end


codecs.register_error(_MENDING, _mended)


def _likeness(data: bytes, codec: str, everyday: frozenset[str]) -> float:
    data = data[:_SAMPLE_BYTES]
    sample = data.decode(codec, "replace")
    foreign = [c for c in sample if c > "\x7f"]
    bad = foreign.count("�")
    if not foreign or bad > 1 + len(foreign) // 20:  # one for a character cut at the sample's end
        return 0.0
    hits = sum(1 for c in foreign if c in everyday)
    share = _share_beyond_ascii(data)
    unusual = share > _MOSTLY_FOREIGN if codec in _LATIN else share < _FEW_FOREIGN
    return (hits - 2 * bad) / len(foreign) * (0.5 if unusual else 1.0)
