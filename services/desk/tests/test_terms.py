"""Words to find a text by, in every script."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom_desk.tickets.terms import INDEX_TERMS, QUERY_TERMS, TERM_CHARS, index_terms, query_terms

LATIN = st.text(alphabet="abcdeäöüßçéñøŁžABCÄÉ0123456789", min_size=1, max_size=8)
PERSIAN = st.text(alphabet="آابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهیئأؤۀيكىة۰۱۲\u200cًّ", min_size=1, max_size=8)
CHINESE = st.text(alphabet="发票退款错误密码我们的客户服务订单号码", min_size=1, max_size=4)
JAPANESE = st.text(alphabet="請求書が届きませんでしたカタカナーパスワード", min_size=1, max_size=4)
MIXED = st.text(alphabet="ab1中文カ-@._+ #([ ی\u200cé", min_size=1, max_size=6)
WORD = st.one_of(LATIN, PERSIAN, CHINESE, JAPANESE, MIXED)


def found(text: str, query: str) -> bool:
    return set(query_terms(query)) <= set(index_terms(text))


@settings(max_examples=500)
@given(st.lists(WORD, max_size=14).map(" ".join))
def test_every_word_of_a_text_finds_it(text: str) -> None:
    for word in text.split():
        assert found(text, word)
        assert query_terms(word) or not any(character.isalnum() for character in word)


@settings(max_examples=500)
@given(st.text(max_size=40))
def test_every_word_of_any_text_finds_it(text: str) -> None:
    for word in text.split():
        assert found(text, word), word


@given(st.text(alphabet="发票退款错误密码請求書が届きませんカタナー", min_size=2, max_size=12), st.data())
def test_every_part_of_unspaced_writing_finds_it(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    assert found(f"前 {text}。", text[start:end])


@settings(max_examples=200)
@given(st.text(max_size=3000), st.text(max_size=3000))
def test_terms_are_bounded(first: str, second: str) -> None:
    terms = index_terms(first, second)
    assert len(terms) <= INDEX_TERMS
    assert len(set(terms)) == len(terms)
    assert all(0 < len(term) <= TERM_CHARS for term in terms)
    assert len(query_terms(first)) <= QUERY_TERMS


@pytest.mark.parametrize(
    ("text", "query"),
    [
        pytest.param("INVOICE 4711", "invoice", id="case"),
        pytest.param("Größe", "grösse", id="sharp s"),
        pytest.param("café", "CAFE\u0301", id="composed and decomposed"),
        pytest.param("résumé", "resume", id="accents"),
        pytest.param("ticket #4711", "#4711", id="number sign"),
        pytest.param("write to ann.lee@example.com now", "ann.lee@example.com", id="address"),
        pytest.param("write to ann.lee@example.com now", "example", id="part of an address"),
        pytest.param("version 2.0-rc1.", "2.0-rc1", id="joined by punctuation"),
        pytest.param("ＡＢＣ１２３", "abc123", id="full width"),
        pytest.param("كتاب علي", "کتاب علی", id="Arabic keyboard, Persian query"),
        pytest.param("کتاب علی", "كتاب علي", id="Persian keyboard, Arabic query"),
        pytest.param("می\u200cخواهم", "می خواهم", id="the joiner separates"),
        pytest.param("ســـلام", "سلام", id="tatweel"),
        pytest.param("سَلامٌ", "سلام", id="vowel marks"),
        pytest.param("خانۀ ما", "خانه", id="heh with a yeh above"),
        pytest.param("مسئله", "مسیله", id="yeh with a hamza, however it is written"),
        pytest.param("مسئله", "مسي\u0654له", id="the same, decomposed"),
        pytest.param("请把发票寄给我", "发票", id="Chinese word inside a sentence"),
        pytest.param("请把发票寄给我", "票", id="one Chinese character"),
        pytest.param("ﾊﾟｽﾜｰﾄﾞを忘れた", "パスワード", id="half-width katakana"),
        pytest.param("订单ABC-12已发货", "abc-12", id="Latin inside Chinese"),
        pytest.param("ลืมรหัสผ่าน", "รหัส", id="Thai"),
    ],
)
def test_found(text: str, query: str) -> None:
    assert query_terms(query)
    assert found(text, query)


@pytest.mark.parametrize(
    ("text", "query"),
    [("invoice", "voice"), ("发票", "票发"), ("请把发票", "把票"), ("hello world", "hello there"), ("", "x")],
)
def test_not_found(text: str, query: str) -> None:
    assert not found(text, query)


@pytest.mark.parametrize("query", ["", "   ", "...", "@", "«»", "\u200c"])
def test_a_query_without_words_has_no_terms(query: str) -> None:
    assert query_terms(query) == []
