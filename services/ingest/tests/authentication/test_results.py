"""Authentication-Results fields as servers really write them, and as nobody should be able to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_ingest.authentication import trusted_results

US = ("mx.desk.example", "mx2.desk.example")
GMAIL = (
    "mx.desk.example;\r\n       dkim=pass header.i=@example.com header.s=s1;\r\n       spf=pass (desk.example:"
    " ann@example.com designates 192.0.2.1 as permitted sender) smtp.mailfrom=ann@example.com;\r\n"
    "       dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=example.com"
)
FORMS = {
    "Gmail": (
        GMAIL,
        ("pass", "pass", "pass", ("example.com",), "example.com"),
    ),
    "version and reason": (
        'mx.desk.example 1; dkim=fail reason="bad; signature=pass" header.d=a.example; spf=softfail smtp.mailfrom=a@b',
        ("softfail", "fail", "none", (), "b"),
    ),
    "old names": (
        "MX.desk.example; spf=hardfail smtp.mfrom=a@example.com; dkim=neutral (no sig)",
        ("fail", "neutral", "none", (), "example.com"),
    ),
    "Yahoo leaves the semicolon out": (
        "mx.desk.example  from=example.com; domainkeys=neutral (no sig);  from=example.com; dkim=pass (ok)",
        ("none", "pass", "none", (), ""),
    ),
    "no semicolon at all": (
        "mx.desk.example spf=pass smtp.helo=mx.a.example",
        ("pass", "none", "none", (), "mx.a.example"),
    ),
    "two signatures": (
        "mx.desk.example; dkim=fail header.d=list.example; dkim=pass header.d=A.example; dkim=pass header.d=b.example",
        ("none", "pass", "none", ("a.example", "b.example"), ""),
    ),
    "method with version": (
        "mx.desk.example; spf/1 = pass smtp.mailfrom=b.example",
        ("pass", "none", "none", (), "b.example"),
    ),
    "nested comments hide nothing": (
        "mx.desk.example (our (very) own); dmarc=fail (said; (dmarc=pass)) header.from=a.example",
        ("none", "none", "fail", (), ""),
    ),
    "unknown words": ("mx.desk.example; dmarc=bestguesspass; spf=banana; x-ptr=pass", ("none", "none", "none", (), "")),
}


def head(*fields: str) -> bytes:
    return (
        "".join(f"{field}\r\n" for field in fields).encode()
        + b"From: a@example.com\r\n\r\nAuthentication-Results: x\r\n"
    )


@pytest.mark.parametrize(("value", "wanted"), FORMS.values(), ids=FORMS.keys())
def test_forms(value: str, wanted: tuple[object, ...]) -> None:
    found = trusted_results(head(f"Authentication-Results: {value}"), US)
    assert found is not None
    assert (found.spf, found.dkim, found.dmarc, found.dkim_domains, found.spf_domain) == wanted
    assert found.by == "mx.desk.example"


@pytest.mark.parametrize(
    "fields",
    [
        (),
        ("Authentication-Results: mx.evil.example; dkim=pass",),
        ("Authentication-Results: mx.desk.example.evil.example; dkim=pass",),
        ("Authentication-Results: dkim=pass; spf=pass",),
        ("Authentication-Results: mx.desk.example; none",),
        ("Authentication-Results: (mx.desk.example) mx.evil.example; dkim=pass",),
        ("ARC-Authentication-Results: i=1; mx.desk.example; dkim=pass",),
        ("X-Original-Authentication-Results: mx.desk.example; dkim=pass",),
        ("Authentication-Results-Original: mx.desk.example; dkim=pass",),
        ("Authentication-Results: mx.evil.example; spf=none", "Authentication-Results: mx.desk.example; dkim=pass"),
    ],
)
def test_nobody_else_is_believed(fields: tuple[str, ...]) -> None:
    assert trusted_results(head(*fields), US) is None


def test_one_field_for_each_method() -> None:
    found = trusted_results(
        head(
            "Received: from mx2 by store; now",
            "Authentication-Results: mx.desk.example; dmarc=pass header.from=a.example",
            "DKIM-Filter: x",
            "authentication-results: mx2.desk.example; dkim=pass header.d=a.example",
        ),
        US,
    )
    assert found is not None
    assert (found.dmarc, found.dkim, found.by) == ("pass", "pass", "mx.desk.example")


def test_what_came_with_the_mail_does_not_count() -> None:
    ours = "Authentication-Results: mx.desk.example; dkim=fail; spf=fail"
    forged = "Authentication-Results: mx.desk.example; dkim=pass header.d=bank.example; dmarc=pass"
    below = trusted_results(head(ours, "Received: from evil by mx.desk.example; now", forged), US)
    assert below is not None
    assert (below.dkim, below.dmarc) == ("fail", "none")
    beside = trusted_results(head(ours, forged), US)
    assert beside is not None
    assert (beside.dkim, beside.dkim_domains) == ("fail", ())


def test_fields_without_a_name_count_where_the_settings_say_so() -> None:
    raw = head(
        "Authentication-Results: spf=pass (sender IP is 192.0.2.1)\r\n smtp.mailfrom=a.example; dkim=none; dmarc=fail"
    )
    assert trusted_results(raw, US) is None
    found = trusted_results(raw, ("",))
    assert found is not None
    assert (found.spf, found.dkim, found.dmarc, found.spf_domain) == ("pass", "none", "fail", "a.example")


def test_nobody_trusted_is_nobody_read() -> None:
    assert trusted_results(head("Authentication-Results: mx.desk.example; dkim=pass"), ()) is None


@given(st.text(st.sampled_from('abc.;=()"\\ \t@/passdkimspf\r\n\x00é'), max_size=200))
def test_no_bytes_break_it(value: str) -> None:
    trusted_results(f"Authentication-Results: mx.desk.example;{value}\r\n\r\n".encode(), US)
