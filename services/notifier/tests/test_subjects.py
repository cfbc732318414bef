"""The subject of an answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_notifier.subjects import answered


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Printer", "Re: Printer [#7]"),
        ("Re: Printer", "Re: Printer [#7]"),
        ("RE: AW: re[2]: Printer", "Re: Printer [#7]"),
        ("回复：打印机", "Re: 打印机 [#7]"),
        ("پاسخ: چاپگر", "Re: چاپگر [#7]"),
        ("Re: Printer [#7]", "Re: Printer [#7]"),
        ("Re: Printer [#77]", "Re: Printer [#77] [#7]"),
        ("Reprint: please", "Re: Reprint: please [#7]"),
        ("Fwd: Printer", "Re: Fwd: Printer [#7]"),
        ("", "Re: [#7]"),
        (" Re: ", "Re: [#7]"),
        ("a\r\nBcc: x@y", "Re: a Bcc: x@y [#7]"),
    ],
)
def test_answered(subject: str, expected: str) -> None:
    assert answered(subject, 7) == expected


@given(st.text(), st.integers(1, 10**9))
def test_the_ticket_is_named_once_and_answering_again_changes_nothing(subject: str, number: int) -> None:
    once = answered(subject, number)
    assert once.count(f"[#{number}]") == 1
    assert once.startswith("Re: ")
    assert answered(once, number) == once
