from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_portal.answers import BODY_BYTES, COMMENT_CHARACTERS, Answer, decide, read_form, read_rating
from postroom_portal.errors import VisitorError

ratings = st.integers(1, 5)
comments = st.none() | st.sampled_from(["", "fine", "not fine"])


@pytest.mark.parametrize(
    ("known", "rating", "comment", "expected"),
    [
        pytest.param(None, 4, None, Answer(4, "", 1), id="first click"),
        pytest.param(None, 4, "Thanks", Answer(4, "Thanks", 1), id="first with words"),
        pytest.param(Answer(4, "", 1), 4, None, None, id="same click again"),
        pytest.param(Answer(4, "Thanks", 2), 5, None, Answer(5, "Thanks", 3), id="another click keeps the words"),
        pytest.param(Answer(4, "Thanks", 2), 4, "", Answer(4, "", 3), id="words taken back"),
        pytest.param(Answer(4, "Thanks", 2), 4, "Thanks", None, id="same form again"),
    ],
)
def test_what_becomes_of_an_answer(
    known: Answer | None, rating: int, comment: str | None, expected: Answer | None
) -> None:
    assert decide(known, rating, comment) == expected


@given(st.lists(st.tuples(ratings, comments), min_size=1))
def test_numbers_have_no_gap_and_saying_it_again_changes_nothing(said: list[tuple[int, str | None]]) -> None:
    known: Answer | None = None
    for rating, comment in said:
        number = 0 if known is None else known.number
        after = decide(known, rating, comment)
        if after is not None:
            assert after.number == number + 1
            known = after
        assert known is not None
        assert known.rating == rating
        assert comment is None or known.comment == comment
        assert decide(known, rating, comment) is None


@pytest.mark.parametrize("values", [["0"], ["6"], ["-1"], [""], ["4.0"], ["４"], ["۴"], ["44"], ["4", "5"], ["x"]])
def test_other_ratings_do_not_exist(values: list[str]) -> None:
    with pytest.raises(VisitorError) as caught:
        read_rating(values)
    assert (caught.value.trouble, caught.value.status) == ("bad_rating", 422)


@given(ratings, st.text(max_size=COMMENT_CHARACTERS))
def test_a_form_says_what_was_typed(rating: int, typed: str) -> None:
    body = urlencode({"rating": rating, "comment": typed}).encode()
    assert len(body) <= BODY_BYTES
    read, comment = read_form(body)
    assert read == rating
    assert comment is not None
    visible = "".join(typed.split())
    assert "".join(comment.split()) == "".join(letter for letter in visible if letter >= " " and letter != "\x7f")


@given(st.binary(max_size=300))
def test_any_other_body_is_refused_or_read_but_never_fails(body: bytes) -> None:
    try:
        rating, comment = read_form(body)
    except VisitorError as error:
        assert error.status == 422  # noqa: PT017 - either outcome is right
    else:
        assert 1 <= rating <= 5
        assert comment is None or len(comment) <= COMMENT_CHARACTERS


def test_a_comment_may_be_4000_characters_and_no_more() -> None:
    longest = "م" * COMMENT_CHARACTERS
    assert read_form(urlencode({"rating": 1, "comment": longest}).encode()) == (1, longest)
    with pytest.raises(VisitorError) as caught:
        read_form(urlencode({"rating": 1, "comment": longest + "م"}).encode())
    assert (caught.value.trouble, caught.value.field) == ("too_long", "comment")


def test_line_ends_are_ours_and_controls_are_dropped() -> None:
    assert read_form(b"rating=3&comment=+a%0D%0Ab%0Dc%00%1B%09d%0A") == (3, "a\nb\nc\td")


def test_a_form_without_a_comment_leaves_it_alone() -> None:
    assert read_form(b"rating=2") == (2, None)
