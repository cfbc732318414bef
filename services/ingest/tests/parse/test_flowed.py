"""format=flowed (RFC 3676)."""

import pytest

from postroom_ingest.parse import parse
from postroom_ingest.parse.flowed import reflowed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("one \ntwo \nthree\nfour", "one two three\nfour", id="a paragraph"),
        pytest.param("one \n\ntwo", "one \n\ntwo", id="a blank line ends it"),
        pytest.param("one \n-- \nAnn \nBo", "one \n-- \nAnn Bo", id="a signature is not joined to it"),
        pytest.param(" From here\n  in", "From here\n in", id="space-stuffed"),
        pytest.param("one \n> two \n> three\nfour", "one \n> two \n> three\nfour", id="quoted lines stay"),
        pytest.param(" >no quote", " >no quote", id="and what is none does not become one"),
        pytest.param("one\ntwo", "one\ntwo", id="nothing to do"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_paragraphs_flow(text: str, expected: str) -> None:
    assert reflowed(text, delete_space=False) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("one  \ntwo  \nhttp://x.org/ \npath", "one two http://x.org/path", id="one of two is deleted"),
        pytest.param("商品が \n届いて", "商品が届いて", id="a script without spaces"),
        pytest.param("there is \na word", "there is a word", id="promised, not done"),
    ],
)
def test_the_space_is_deleted_on_demand(text: str, expected: str) -> None:
    assert reflowed(text, delete_space=True) == expected


def test_only_what_says_so_flows() -> None:
    assert parse(b"Content-Type: text/plain; format=Flowed; DelSp=Yes\r\n\r\none  \r\ntwo").text == "one two"
    assert parse(b"Content-Type: text/plain\r\n\r\none \r\ntwo").text == "one \ntwo"


def test_a_long_paragraph_takes_little_time() -> None:
    assert reflowed("word \n" * 100_000, delete_space=False).count("\n") == 1
