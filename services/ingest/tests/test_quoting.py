"""Who quotes a line of a message has seen it."""

from hypothesis import given
from hypothesis import strategies as st

from postroom_ingest.quoting import KEPT, marks_in, marks_of

TEXT = "Hi,\n\nthe lamp on the second floor is broken.\nPlease send somebody who can mend it soon.\n\nThanks\n"


def test_quoted_lines_are_known_however_they_are_marked() -> None:
    for answer in (
        "Me too.\n> the lamp on the second floor is broken.\n",
        "Me too.\n> > |  the lamp  on the second floor is broken.   \n",
        "the lamp on the second floor is broken.",
    ):
        assert marks_of(TEXT) & marks_in(answer)


def test_greetings_and_other_words_prove_nothing() -> None:
    for answer in ("Hi,\n\nThanks\n", "> Hi,\n> Thanks", "The lamp on the third floor is broken.", ""):
        assert not marks_of(TEXT) & marks_in(answer)


def test_scripts_that_write_densely_need_fewer_characters() -> None:
    text = "二楼的灯坏了，请派人来修理。"
    assert marks_of(text) & marks_in(f"> {text}")


@given(st.text(max_size=500))
def test_whatever_is_quoted_whole_is_known_if_it_has_a_line_worth_it(text: str) -> None:
    kept = marks_of(text)
    assert len(kept) <= KEPT
    assert kept <= marks_in("\n".join(f"> {line}" for line in text.split("\n")))
