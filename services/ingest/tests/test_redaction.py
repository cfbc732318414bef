"""Card numbers go, whatever they look like; other numbers stay."""

import re
import sys
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from postroom_contracts.config import Redaction
from postroom_ingest import redaction
from postroom_ingest.parse.html import sanitised
from postroom_ingest.redaction import MASK, Redactor, is_card

VISA = "4111111111111111"
SHOWN = "411111" + MASK * 6 + "1111"
CARDS = {
    "Visa": VISA,
    "Visa of 13": "4222222222222",
    "Visa of 19": "4000000000000000006",
    "Mastercard": "5555555555554444",
    "Mastercard, second range": "2223003122003222",
    "American Express": "378282246310005",
    "Diners Club": "30569309025904",
    "Discover": "6011111111111117",
    "JCB": "3530111333300000",
    "UnionPay": "6200000000000005",
    "Maestro of 12": "676770002001",
    "Mir": "2200000000000004",
    "Iranian bank": "6037991234567893",
}
redactor = Redactor()


@pytest.mark.parametrize("number", CARDS.values(), ids=CARDS.keys())
def test_every_issuers_numbers_keep_six_and_four_digits(number: str) -> None:
    redacted = redactor.text(f"My card is {number}, thanks.")
    hidden = MASK * (len(number) - 10)
    assert redacted.text == f"My card is {number[:6]}{hidden}{number[-4:]}, thanks."
    assert redacted.found == 1


@pytest.mark.parametrize(
    "written",
    [
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4111.1111.1111.1111",
        "4111\u00a01111\u00a01111\u00a01111",
        "4111–1111–1111–1111",
        "4111  -  1111 1111_1111",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "41 11 11 11 11 11 11 11",
        "4111\u200b1111\u200b1111\u200b1111",
        "４１１１　１１１１　１１１１　１１１１",
        "۴۱۱۱ ۱۱۱۱ ۱۱۱۱ ۱۱۱۱",
        "٤١١١-١١١١-١١١١-١١١١",
        "四一一一 一一一一 一一一一 一一一一",
        "4111 1111\n1111 1111",
        "4111 1111 1111\n> 1111",
    ],
)
def test_separators_and_scripts_hide_nothing(written: str) -> None:
    redacted = redactor.text(f"Karte: {written} bis 12/27")
    assert redacted.found == 1
    assert redacted.text.count(MASK) == 6
    assert re.sub(f"[^{MASK}]", "", redacted.text) == MASK * 6
    assert redacted.text.startswith(f"Karte: {written[0]}")
    assert redacted.text.endswith(f"{written[-4:]} bis 12/27")


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",  # wrong check digit
        "+4111111111111111",  # a telephone number
        "+41 (1111) 1111 1111 11",
        "1111111111111117",  # no issuer
        "41111111111111111111111",  # too long
        "Order 20261123041917, parcel 00340434161094042557",
        "2026-11-23 04:19:17 2026-11-24 05:20:18",
        "IBAN DE89 3704 0044 0532 0130 00",
        "On Mon, Nov 23, 2026 at 4:11 PM",
        "ISBN 978-3-16-148410-0",
        "https://example.com/a/3f723fc6e303fc74d71c2e54cdd24901",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    assert redactor.text(text).text == text


def test_a_number_beside_others_is_found() -> None:
    redacted = redactor.text(f"Ref 2024 4111 1111 1111 1111 123 and {VISA} {VISA}")
    assert redacted.found == 3
    assert VISA not in redacted.text
    assert redacted.text.startswith("Ref 2024 4111 11")


@pytest.mark.parametrize(
    "source",
    [
        f"<p>{VISA}</p>",
        "<p>4111<b>1111</b><i>1111</i>1111</p>",
        "<p>4111&nbsp;1111&nbsp;1111&nbsp;1111</p>",
        "<p>&#52;&#x31;111111<span>11111</span>111</p>",
        "<table><tr><td>4111</td><td>1111</td><td>1111</td><td>1111</td></tr></table>",
        "<p>4111 1111<br>1111 1111</p>",
        f'<a href="https://example.com/?pan={VISA}">look</a>',
        f'<img alt="{VISA}" src="cid:x">',
        f'<p title="{VISA}">x</p>',
    ],
)
def test_html_is_redacted_across_tags_and_in_attributes(source: str) -> None:
    redacted = redactor.html(sanitised(source))
    assert redacted.found == 1
    assert redacted.text.count(MASK) == 6
    text = re.sub(r"<[^>]*>|&[^;]*;", "", redacted.text)
    assert VISA not in redacted.text
    assert VISA not in text
    assert sanitised(redacted.text) == redacted.text, "still well-formed"


def test_more_patterns_can_be_configured() -> None:
    patterns = {"ssn": Redaction(name="SSN", pattern=r"\b\d{3}-\d{2}-\d{4}\b", shown_as="<ssn>")}
    both = Redactor(patterns)
    assert both.text(f"078-05-1120 and {VISA}").text == f"<ssn> and {SHOWN}"
    assert both.html("<p>078-<b>05</b>-1120</p>").text == "<p>&lt;ssn&gt;<b></b></p>"


def test_a_pattern_that_could_run_for_ever_is_refused() -> None:
    with pytest.raises(ValueError, match="RE2"):
        Redaction(name="x", pattern=r"(a)\1")


@given(st.text(alphabet="0123456789 -.\n>+a۴４一", max_size=300))
def test_redacting_again_changes_nothing_and_no_card_is_left(text: str) -> None:
    once = redactor.text(text).text
    assert len(once) == len(text)
    assert redactor.text(once).text == once
    assert not any(
        is_card(run) for run in re.findall(r"(?<![\d+۴４一])[0-9]+(?![\d۴４一])", once) if f"+{run}" not in once
    )


@given(st.text(alphabet='<>&;#="/abp0123456789 ', max_size=200))
def test_html_never_fails(source: str) -> None:
    redactor.html(sanitised(source))


@pytest.mark.parametrize("piece", ["4", "4 ", "4\n", "4111 ", "<b>4</b>", "&#52;", "一", "4    ", "4." * 3])
def test_hostile_texts_take_no_time(piece: str) -> None:
    text = piece * (400_000 // len(piece))
    began = time.process_time()
    redactor.text(text)
    redactor.html(text)
    assert time.process_time() - began < 10


def _without_gate() -> Redactor:
    """A redactor that looks at everything: its one pattern matches nothing."""
    return Redactor({"never": Redaction(name="never", pattern=r"\A\z.", shown_as="")})


_DIGITS = (VISA, "4111", "1111", "411", "1", "４", "۱", "一", "₁", "²")
_BETWEEN = (*"\t\xa0\u2003\u3000\x1c\x85\u2028\u200b\xad >-.|–•", "  ", "\r\n", "\n> ")
_OTHER = ("a", "é", "+", "\x00", "<", "&", ";", "&#", "&1;", "&amp;", "&copy2;")
_TAGS = ("<b>", "</b>", "<br>", "</td><td>", f'<a title="{VISA}">', '<i lang="4111-1111 1111">', '<p style="1', '1">')
_ENTITIES = ("&nbsp;", "&gt;", "&shy;", "&#52;", "&#x31;", "&#8203;", "&ndash;", "&nbsp1;")
_PIECES = st.lists(st.sampled_from(_DIGITS + _BETWEEN + _OTHER + _TAGS + _ENTITIES), max_size=40).map("".join)


@settings(max_examples=1_000)
@example("41111111&#49;1111111")
@example("42222222222&nbsp22;")
@given(_PIECES | st.builds("".join, st.lists(st.sampled_from(["4111 ", "1111", "\xa0", "<b>", "&nbsp;"]), max_size=12)))
def test_what_is_passed_over_at_a_glance_has_nothing_to_redact(text: str) -> None:
    assert redactor.text(text) == _without_gate().text(text)
    assert redactor.html(text) == _without_gate().html(text)
    clean = sanitised(text)
    assert redactor.html(clean) == _without_gate().html(clean)


def test_the_glance_knows_every_digit_and_every_separator() -> None:
    known = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
    digits = [one for one in known if redaction._RUN.fullmatch(one * 12)]
    separators = [one for one in known if redaction._RUN.fullmatch(one.join("411111111111"))]
    assert len(digits) > 600
    assert len(separators) > 60
    assert not any(map(redactor.leaves, (one * 12 for one in digits)))
    assert not any(map(redactor.leaves, (one.join("411111111111") for one in separators)))
