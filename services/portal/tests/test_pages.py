import re
from dataclasses import fields
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_contracts.config import Mailbox
from postroom_plumbing.languages import LANGUAGES, choose
from postroom_portal.answers import Answer
from postroom_portal.pages import Pages
from postroom_portal.texts import ENGLISH, PERSIAN, TEXTS, Texts

PAGES = Pages()
languages = pytest.mark.parametrize("texts", TEXTS.values(), ids=TEXTS)


class Outline(HTMLParser):
    """What a browser would see of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-CH,en;q=0.5", "de"),
        ("fr, zh-Hans-CN;q=0.8, en;q=0.7", "zh"),
        ("en;q=0.3,fa;q=0.9", "fa"),
        ("fa,en", "fa"),
        ("en,fa", "en"),
        ("fr", "en"),
        ("*", "en"),
        ("en;q=0, *;q=0.1", "de"),
        ("en;q=0", "en"),
        ("FA-ir ; q=1.0", "fa"),
        ("de;q=2, zh;q=x, fa;q=0.1", "fa"),
        (";;,,=", "en"),
    ],
)
def test_the_visitors_language(header: str, expected: str) -> None:
    assert choose(header) == expected


@given(st.text(max_size=200))
def test_any_header_gives_a_language_we_have(header: str) -> None:
    assert choose(header) in LANGUAGES


def test_the_site_speaks_every_language() -> None:
    assert tuple(TEXTS) == LANGUAGES


@languages
def test_nothing_is_left_untranslated(texts: Texts) -> None:
    same = {field.name for field in fields(Texts)} - {"language"}
    for name in same if texts is not ENGLISH else ():
        assert getattr(texts, name) != getattr(ENGLISH, name), name
    assert texts.troubles.keys() == ENGLISH.troubles.keys()


@languages
def test_pages_say_their_language_and_run_no_script_of_anyone(texts: Texts) -> None:
    box = Mailbox(address="care@example.org", name="Care")
    for page in (
        PAGES.home(texts, [box]),
        PAGES.survey(texts, "a.b.c", None),
        PAGES.survey(texts, "a.b.c", Answer(2, "x", 1)),
        PAGES.trouble(texts, "bad_link"),
    ):
        outline = Outline(page)
        assert outline.of("html") == [{"lang": texts.language, "dir": texts.direction}]
        assert outline.of("script") == outline.of("style") == []
        assert not any(re.match("on|style$", name) for _, attributes in outline.tags for name in attributes)


def test_home_names_the_mailboxes_in_order() -> None:
    boxes = [Mailbox(address="z+1@example.org", name="billing"), Mailbox(address="a@example.org", name="Care & more")]
    outline = Outline(PAGES.home(ENGLISH, reversed(boxes)))
    assert [link["href"] for link in outline.of("a")] == ["mailto:z+1@example.org", "mailto:a@example.org"]
    assert "Care & more" in outline.text


def test_home_without_mailboxes_says_so() -> None:
    outline = Outline(PAGES.home(ENGLISH, []))
    assert ENGLISH.home_empty in outline.text
    assert outline.of("a") == []


def test_what_visitors_wrote_stays_text() -> None:
    comment = "</textarea><script>alert(1)</script>\"'&amp;"
    outline = Outline(PAGES.survey(ENGLISH, "a.b.c", Answer(1, comment, 1)))
    assert outline.of("script") == []
    assert comment in outline.text


def test_a_comment_keeps_its_first_empty_line() -> None:
    """HTML drops the newline right after <textarea>; the template gives it one to drop."""
    page = PAGES.survey(ENGLISH, "a.b.c", Answer(1, "\nsecond line", 1))
    assert ">\n\nsecond line</textarea>" in page


@pytest.mark.parametrize("rating", range(1, 6))
def test_the_rating_is_shown_and_can_be_changed(rating: int) -> None:
    buttons = Outline(PAGES.survey(PERSIAN, "a.b.c", Answer(rating, "", 1))).of("button")
    scale, send = buttons[:5], buttons[5]
    assert [button["value"] for button in scale] == ["1", "2", "3", "4", "5"]
    assert [button["value"] for button in scale if button["aria-pressed"] == "true"] == [str(rating)]
    assert send["value"] == str(rating)


def test_a_survey_not_answered_yet_has_no_rating_and_no_comment() -> None:
    outline = Outline(PAGES.survey(ENGLISH, "a.b.c", None))
    assert {button["aria-pressed"] for button in outline.of("button")} == {"false"}
    assert outline.of("textarea") == []


def test_digits_are_the_readers_own() -> None:
    assert PERSIAN.number(2045) == "۲۰۴۵"
    assert "۵" in Outline(PAGES.survey(PERSIAN, "a.b.c", None)).text
