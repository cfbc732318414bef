"""The direction of subjects, and what they are as HTML."""

import pytest

from postroom_desk.web.subjects import direction, marked


@pytest.mark.parametrize(
    ("subject", "wanted"),
    [
        pytest.param("Re: لغو سفارش [#10]", "rtl", id="an answer"),
        pytest.param("RE: Fwd: AW[2]: WG : لغو سفارش", "rtl", id="many answers"),
        pytest.param("FW：ביטול הזמנה", "rtl", id="a wide colon"),
        pytest.param("[#10] لغو سفارش", "rtl", id="the number first"),
        pytest.param("پاسخ: Order 10", "ltr", id="a Persian program's answer"),
        pytest.param("Re: Order لغو [#10]", "ltr", id="English words"),
        pytest.param("Research: لغو", "ltr", id="a word that begins like a prefix"),
        pytest.param("لغو Re: order", "rtl", id="not at the beginning"),
        pytest.param("取消订单", "ltr", id="Chinese"),
        pytest.param("Re: ", "ltr", id="nothing else"),
        pytest.param("", "ltr", id="nothing"),
        pytest.param("Re:" * 5000 + "لغو", "rtl", id="very many"),
    ],
)
def test_a_subject_has_the_direction_of_its_words(subject: str, wanted: str) -> None:
    assert direction(subject) == wanted


def test_a_ticket_number_is_one_piece_and_nothing_else_becomes_html() -> None:
    assert marked("Re: لغو <b>[#10]</b> &#39;") == ('Re: لغو &lt;b&gt;<bdi dir="ltr">[#10]</bdi>&lt;/b&gt; &amp;#39;')
