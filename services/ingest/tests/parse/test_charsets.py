"""Bytes whose charset is named oddly, falsely or only half truly."""

from base64 import b64encode

import pytest

from postroom_ingest.parse import parse
from postroom_ingest.parse.charsets import decode
from postroom_ingest.parse.labels import codecs_for
from postroom_ingest.parse.words import decode_words

JAPANESE = "お世話になっております。"
RUSSIAN = "Здравствуйте, мой заказ до сих пор не пришёл. Проверьте, пожалуйста."
CHINESE = "您好，我的订单还没有到，请帮我查一下。"
GERMAN = "Grüße, schöne Aussicht, Öl"


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("csISOLatin2", "iso8859-2"),
        ("iso88592", "iso8859-2"),
        ("iso-8859-6-e", "iso8859-6"),
        ("sun_eu_greek", "iso8859-7"),
        ("logical", "iso8859-8"),
        ("koi8-ru", "koi8-u"),
        ("x-mac-ukrainian", "mac-cyrillic"),
        ("dos-874", "cp874"),
        ("unicode-1-1-utf-8", "utf-8"),
        ("x-unicode20utf8", "utf-8"),
        ("gb_2312-80", "gb18030"),
        ("cn-big5", "big5"),
        ("big5-hkscs", "big5"),
        ("csEUCPkdFmtJapanese", "euc_jp"),
        ("iso-ir-149", "cp949"),
        ("ks_c_5601-1987", "cp949"),
        ("win-1251", "cp1251"),
        ("windows1252", "cp1252"),
        ("windows-28592", "iso8859-2"),
        ("iso-8859-15-windows", "iso8859-15"),
        ("utf8mb4", "utf-8"),
        ("charset=utf-8", "utf-8"),
        ("cp50220", "iso2022_jp"),
    ],
)
def test_charsets_have_many_names(label: str, codec: str) -> None:
    assert codecs_for(label)[:1] == (codec,)


@pytest.mark.parametrize("label", ["unknown-8bit", "x-user-defined", "utf-8859-1", "iso-8859-12", "idna", ""])
def test_what_names_no_charset_has_no_codec(label: str) -> None:
    assert codecs_for(label) == ()


@pytest.mark.parametrize(
    ("data", "label", "text"),
    [
        pytest.param(b"caf\xe9, caf\xc3\xa9, M\xc3\xbcnchen", "utf-8", "café, café, München", id="two charsets"),
        pytest.param(b"caf\xe9, caf\xc3\xa9, M\xc3\xbcnchen", "", "café, café, München", id="two charsets, unnamed"),
        pytest.param("Grüße –".encode()[:-1], "utf-8", "Grüße \ufffd", id="cut within a character"),
        pytest.param(b"hi \xed\xa0\xbd\xed\xb8\x80", "utf-8", "hi 😀", id="surrogates of UTF-16"),
        pytest.param(JAPANESE.encode(), "iso-2022-jp", JAPANESE, id="iso-2022-jp in name only"),
        pytest.param(JAPANESE.encode("cp932"), "iso-2022-jp", JAPANESE, id="iso-2022-jp for Shift-JIS"),
        pytest.param(JAPANESE.encode("iso2022_jp"), "windows-1252", JAPANESE, id="escapes under another name"),
        pytest.param(b"plain words, a line of them\r\n", "utf-16", "plain words, a line of them\r\n", id="not UTF-16"),
        pytest.param("Grüße".encode("utf-16"), "utf-16", "Grüße", id="UTF-16"),
        pytest.param(GERMAN.encode(), "gb2312", GERMAN, id="UTF-8 as gb2312"),
        pytest.param("联通".encode("gbk"), "gb2312", "联通", id="GBK that could be UTF-8"),
        pytest.param(RUSSIAN.encode("cp1251") * 2, "iso-8859-1", RUSSIAN * 2, id="Cyrillic as western"),
        pytest.param(CHINESE.encode("gbk") * 2, "windows-1252", CHINESE * 2, id="Chinese as western"),
        pytest.param(GERMAN.encode("cp1252"), "iso-8859-1", GERMAN, id="western as western"),
        pytest.param("ÄäÖöÜü".encode("cp1252") * 9, "iso-8859-1", "ÄäÖöÜü" * 9, id="accents as western"),
        pytest.param(b"\xb7" * 40, "iso-8859-1", "·" * 40, id="a ruled line as western"),
        pytest.param(RUSSIAN.encode("koi8-r"), "utf-8", RUSSIAN, id="not at all UTF-8"),
    ],
)
def test_untrue_charsets_give_way(data: bytes, label: str, text: str) -> None:
    assert decode(data, label, []) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("=?utf-8?B?R3LD vMOf ZQ==?=", "Grüße", id="spaces within base64"),
        pytest.param("=?utf-8?Q?one=0D=0Atwo?=", "one two", id="an encoded line end"),
        pytest.param(f"=?utf-8?B?{b64encode('Grüße 😀'.encode()[:-1]).decode()}?=", "Grüße \ufffd", id="cut short"),
        pytest.param("Юникод".encode() + b"\xd1", "Юникод\ufffd", id="raw and cut short"),
    ],
)
def test_damaged_words_keep_what_can_be_kept(value: str | bytes, text: str) -> None:
    assert decode_words(value, [], "windows-874") == text


@pytest.mark.parametrize("label", ["us-ascii", "utf-8", "x-unknown"])
def test_the_html_knows_its_charset(label: str) -> None:
    source = '<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-2"><p>Łódź'
    mail = parse(f"Content-Type: text/html; charset={label}\n\n".encode() + source.encode("iso-8859-2"))
    assert mail.text == "Łódź"
