"""Who may use the internal routes, and the doors that ask for a token."""

import pytest

from postroom_plumbing.internal import bearer_fits

TOKEN = "s\u00e9same, voil\u00e0"  # its last byte is that of a space without a break in Latin-1


def sent(text: str) -> str:
    """As a server hands on what was sent as UTF-8."""
    return text.encode().decode("latin-1")


@pytest.mark.parametrize("shown", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"BEARER   {TOKEN}  "])
def test_a_token_is_known(shown: str) -> None:
    assert bearer_fits(sent(shown), "another", TOKEN)


@pytest.mark.parametrize(
    "shown", ["", "Bearer", "Bearer ", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN}x", f"Bearer \t{TOKEN}", "Bearer voil"]
)
def test_others_are_not(shown: str) -> None:
    assert not bearer_fits(sent(shown), "another", TOKEN)


def test_without_tokens_nobody_comes_in() -> None:
    assert not bearer_fits("Bearer ")
