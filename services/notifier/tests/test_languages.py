"""Which language a mail is written in, and how that is written."""

import pytest

from postroom_plumbing.languages import Language, direction, pick, with_digits


@pytest.mark.parametrize(
    ("tag", "language"),
    [(None, "en"), ("", "en"), ("en", "en"), ("de-AT", "de"), ("FA", "fa"), ("zh-Hant-TW", "zh"), ("zh_CN", "zh"),
     ("fr", "en"), ("ar", "en"), ("deu", "en")],
)  # fmt: skip
def test_pick(tag: str | None, language: Language) -> None:
    assert pick(tag) == language


@pytest.mark.parametrize(("language", "expected"), [("en", "ltr"), ("de", "ltr"), ("zh", "ltr"), ("fa", "rtl")])
def test_direction(language: Language, expected: str) -> None:
    assert direction(language) == expected


@pytest.mark.parametrize(("language", "expected"), [("en", "9:07"), ("de", "9:07"), ("zh", "9:07"), ("fa", "۹:۰۷")])
def test_digits(language: Language, expected: str) -> None:
    assert with_digits("9:07", language) == expected
