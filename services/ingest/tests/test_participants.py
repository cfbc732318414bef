"""Who takes part in a ticket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_contracts.config import Mailbox
from postroom_ingest.flood import Caps
from postroom_ingest.known import rules_from
from postroom_ingest.participants import MOST, domain_of, joined, takes_part
from postroom_ingest.public_domains import PUBLIC_DOMAINS

AGENTS = frozenset({"mina@our.example"})
OURS = AGENTS | {"support@our.example"}
PEOPLE = frozenset({"bob@partner.example"})


@pytest.mark.parametrize(
    ("address", "customer", "part"),
    [
        ("ann@firm.example", "ann@firm.example", True),
        ("li@firm.example", "ann@firm.example", True),
        ("li@mail.firm.example", "ann@firm.example", False),
        ("li@notfirm.example", "ann@firm.example", False),
        ("bob@partner.example", "ann@firm.example", True),
        ("eve@partner.example", "ann@firm.example", False),
        ("mina@our.example", "ann@firm.example", True),
        ("support@our.example", "ann@firm.example", False),
        ("eve@our.example", "ann@firm.example", False),
        ("eve@gmail.com", "ann@gmail.com", False),
        ("ann@gmail.com", "ann@gmail.com", True),
        ("eve@163.com", "ann@163.com", False),
        ("", "ann@firm.example", False),
        ("", "", False),
        ("nobody", "somebody", False),
        ("eve@", "ann@", False),
    ],
)
def test_who_takes_part(address: str, customer: str, part: bool) -> None:
    assert takes_part(address, PEOPLE, customer, AGENTS) == part


def test_the_public_domains_are_domains() -> None:
    assert len(PUBLIC_DOMAINS) > 250
    assert all(one == one.lower() and "." in one and "@" not in one for one in PUBLIC_DOMAINS)
    assert {"gmail.com", "outlook.com", "qq.com", "chmail.ir", "mail.ru", "web.de"} <= PUBLIC_DOMAINS


@given(st.frozensets(st.sampled_from("abcdef")), st.lists(st.sampled_from(["", *"abcdefgh", "support@our.example"])))
def test_newcomers_join_once_and_ours_need_not(before: frozenset[str], newcomers: list[str]) -> None:
    after = joined(before, newcomers, OURS)
    assert after == before | set(newcomers) - OURS - {""}
    assert joined(after, newcomers, OURS) is after, "nothing new costs nothing"


def test_a_mail_to_a_thousand_people_does_not_invite_them_all() -> None:
    after = joined(frozenset({"ann@x"}), [f"{n}@x" for n in range(1000)], OURS)
    assert len(after) == MOST
    assert {"ann@x", "0@x"} <= after
    assert "999@x" not in after


@given(st.text(max_size=50))
def test_any_text_has_a_domain_or_none(text: str) -> None:
    assert "@" not in domain_of(text)


def test_an_international_mailbox_is_ours_however_a_mail_spells_it() -> None:
    rules = rules_from({"m": Mailbox(address="hilfe@bücher.example", name="M")}, ["mina@our.example"], Caps())
    assert rules.ours == {"hilfe@bücher.example", "hilfe@xn--bcher-kva.example", "mina@our.example"}
