"""Mail addresses that are one, however they are written."""

import pytest

from postroom_plumbing.addresses import canonical, spellings


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Support@Example.COM", "support@example.com"),
        ("hilfe@bücher.example", "hilfe@xn--bcher-kva.example"),
        ("Hilfe@BÜCHER.example", "hilfe@XN--BCHER-KVA.Example"),
        ("hilfe@bu\u0308cher.example", "hilfe@bücher.example"),
        ("büro@x.example", "bu\u0308ro@X.example"),
        ("x@faß.example", "x@xn--fa-hia.example"),
        ("x@例え。テスト", "x@xn--r8jz45g.xn--zckzah"),
        ("x@ＥＸＡＭＰＬＥ.com", "x@example.com"),
    ],
)
def test_spellings_of_one_address(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("x@faß.example", "x@fass.example"), ("büro@x.example", "buro@x.example"), ("a@x.example", "a@y.example")],
)
def test_other_addresses_stay_others(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize(
    "strange", ["", "postmaster", "@", "x@ü..example", "x@☃.example", f"x@{'ü' * 64}.example", "x@ü\ud800", "x@xn--"]
)
def test_what_is_no_domain_stays_as_it_is(strange: str) -> None:
    assert canonical(strange) == strange
    assert spellings(strange) == {strange}


def test_an_endless_domain_is_no_work() -> None:
    domain = "ü." * 5_000_000
    assert canonical(f"x@{domain}") == f"x@{domain}"


@pytest.mark.parametrize("address", ["büro@bücher.example", "büro@xn--bcher-kva.example"])
def test_an_address_as_mails_may_name_it(address: str) -> None:
    assert spellings(address) == {"büro@bücher.example", "büro@xn--bcher-kva.example"}
