"""Verification here, against a DNS server of our own and mails signed in the test."""

import asyncio
import base64
import subprocess
import time
from functools import cache

import dkim
import dns.resolver
import pytest

from postroom_ingest.authentication import Arrival, Authenticator, Names
from postroom_ingest.authentication.dmarc import aligned, organisational, policy_of
from postroom_ingest.authentication.verify import shown_domain, verify

from .conftest import Zone

MAIL = b"From: Ann <ann@shop.example.com>\r\nTo: help@desk.example\r\nSubject: Where is it?\r\n\r\nOrder 17.\r\n"
ARRIVAL = Arrival(ip="192.0.2.7", helo="mx.example.com", mail_from="ann@shop.example.com")


@cache
def key(bits: int) -> tuple[bytes, str]:
    """A private key (PEM) and the public one as a key record holds it."""
    private = subprocess.run(["openssl", "genrsa", "-traditional", str(bits)], capture_output=True, check=True).stdout
    command = ["openssl", "rsa", "-pubout", "-outform", "DER"]
    public = subprocess.run(command, input=private, capture_output=True, check=True).stdout
    return private, base64.b64encode(public).decode()


def signed(zone: Zone, domain: str, mail: bytes = MAIL, *, bits: int = 2048, publish: bool = True) -> bytes:
    private, public = key(bits)
    if publish:
        zone.text(f"s1._domainkey.{domain}", f"v=DKIM1; k=rsa; p={public}")
    header: bytes = dkim.sign(mail, b"s1", domain.encode(), private, include_headers=[b"from", b"to", b"subject"])
    return header + mail


class TestDkim:
    def test_a_signed_mail_passes(self, zone: Zone, names: Names) -> None:
        found = verify(signed(zone, "example.com"), names)
        assert (found.dkim, found.dkim_domains, found.by) == ("pass", ("example.com",), "postroom")

    def test_line_ends_do_not_matter(self, zone: Zone, names: Names) -> None:
        assert verify(signed(zone, "example.com").replace(b"\r\n", b"\n"), names).dkim == "pass"

    @pytest.mark.parametrize(("before", "after"), [(b"Order 17", b"Order 18"), (b"Where is", b"Where as")])
    def test_a_changed_byte_fails(self, zone: Zone, names: Names, before: bytes, after: bytes) -> None:
        mail = signed(zone, "example.com")
        assert before in mail
        found = verify(mail.replace(before, after), names)
        assert (found.dkim, found.dkim_domains) == ("fail", ())

    def test_a_second_from_field_fails(self, zone: Zone, names: Names) -> None:
        assert verify(b"From: boss@desk.example\r\n" + signed(zone, "example.com"), names).dkim == "fail"

    def test_without_a_key_or_a_signature_nothing_passes(self, zone: Zone, names: Names) -> None:
        assert verify(signed(zone, "example.com", publish=False), names).dkim == "permerror"
        assert verify(MAIL, names).dkim == "none"
        assert verify(b"DKIM-Signature: v=1; a=\r\n" + MAIL, names).dkim == "permerror"

    def test_a_weak_key_does_not_pass(self, zone: Zone, names: Names) -> None:
        assert verify(signed(zone, "example.com", bits=768), names).dkim == "permerror"

    def test_a_dns_that_fails_is_a_passing_trouble(self, zone: Zone, names: Names) -> None:
        mail = signed(zone, "example.com")
        zone.broken.add("s1._domainkey.example.com")
        assert verify(mail, names).dkim == "temperror"

    def test_one_good_signature_is_enough(self, zone: Zone, names: Names) -> None:
        mail = signed(zone, "list.example", signed(zone, "example.com").replace(b"Order 17", b"Order 18"))
        found = verify(mail, names)
        assert (found.dkim, found.dkim_domains) == ("pass", ("list.example",))

    def test_a_hundred_signatures_cost_no_more_than_a_few(self, zone: Zone, names: Names) -> None:
        lines = [f"DKIM-Signature: v=1; a=rsa-sha256; d=d{n}.example; s=s; h=from; bh=eA==; b=eA==" for n in range(100)]
        verify("\r\n".join(lines).encode() + b"\r\n" + MAIL, names)
        assert sum(count for name, count in zone.asked.items() if "_domainkey" in name) <= 5


class TestSpf:
    @pytest.mark.parametrize(
        ("record", "result"),
        [
            ("v=spf1 ip4:192.0.2.0/24 -all", "pass"),
            ("v=spf1 a:mail.example.com -all", "pass"),
            ("v=spf1 mx -all", "pass"),
            ("v=spf1 include:other.example -all", "pass"),
            ("v=spf1 ip4:198.51.100.1 -all", "fail"),
            ("v=spf1 ~all", "softfail"),
            ("v=spf1 ?all", "neutral"),
            ("v=spf1 nonsense -all", "permerror"),
            ("v=spf1 include:nobody.example -all", "permerror"),
            ("nothing about spf", "none"),
        ],
    )
    def test_results(self, zone: Zone, names: Names, record: str, result: str) -> None:
        zone.text("shop.example.com", record)
        zone.text("other.example", "v=spf1 ip4:192.0.2.7 -all")
        zone.records["mail.example.com", "A"] = ["192.0.2.7"]
        zone.records["shop.example.com", "MX"] = ["10 mail.example.com."]
        found = verify(MAIL, names, ARRIVAL)
        assert (found.spf, found.spf_domain) == (result, "shop.example.com")

    def test_the_null_sender_is_judged_by_helo(self, zone: Zone, names: Names) -> None:
        zone.text("mx.example.com", "v=spf1 ip4:192.0.2.7 -all")
        found = verify(MAIL, names, Arrival("192.0.2.7", "mx.example.com", ""))
        assert (found.spf, found.spf_domain) == ("pass", "mx.example.com")

    def test_ipv6_and_mapped_addresses(self, zone: Zone, names: Names) -> None:
        zone.text("shop.example.com", "v=spf1 ip4:192.0.2.7 ip6:2001:db8::/32 -all")
        for ip, result in {"2001:db8::5": "pass", "::ffff:192.0.2.7": "pass", "2001:db9::5": "fail"}.items():
            assert verify(MAIL, names, Arrival(ip, "mx.example.com", "ann@shop.example.com")).spf == result

    def test_a_dns_that_fails_is_a_passing_trouble(self, zone: Zone, names: Names) -> None:
        zone.broken.add("shop.example.com")
        assert verify(MAIL, names, ARRIVAL).spf == "temperror"

    def test_without_an_arrival_it_says_nothing(self, zone: Zone, names: Names) -> None:
        zone.text("shop.example.com", "v=spf1 -all")
        assert verify(MAIL, names).spf == "none"


class TestDmarc:
    def test_a_signature_of_the_same_organisation_passes(self, zone: Zone, names: Names) -> None:
        zone.text("_dmarc.example.com", "v=DMARC1; p=reject")
        assert verify(signed(zone, "example.com"), names, ARRIVAL).dmarc == "pass"

    def test_spf_of_the_same_organisation_passes(self, zone: Zone, names: Names) -> None:
        zone.text("_dmarc.shop.example.com", "v=DMARC1; p=none")
        zone.text("bounce.example.com", "v=spf1 ip4:192.0.2.7 -all")
        arrival = Arrival("192.0.2.7", "mx.example.com", "b@bounce.example.com")
        assert verify(MAIL, names, arrival).dmarc == "pass"

    def test_a_strict_policy_wants_the_same_domain(self, zone: Zone, names: Names) -> None:
        zone.text("_dmarc.example.com", "v=DMARC1; p=reject; adkim=s; aspf=s")
        assert verify(signed(zone, "example.com"), names, ARRIVAL).dmarc == "fail"
        assert verify(signed(zone, "shop.example.com"), names, ARRIVAL).dmarc == "pass"

    def test_another_domain_that_passes_is_not_enough(self, zone: Zone, names: Names) -> None:
        zone.text("_dmarc.example.com", "v=DMARC1; p=reject")
        zone.text("evil.example", "v=spf1 +all")
        found = verify(signed(zone, "evil.example"), names, Arrival("192.0.2.7", "evil.example", "x@evil.example"))
        assert (found.spf, found.dkim, found.dmarc) == ("pass", "pass", "fail")

    def test_without_a_policy_or_knowledge_there_is_no_result(self, zone: Zone, names: Names) -> None:
        assert verify(signed(zone, "example.com"), names, ARRIVAL).dmarc == "none"
        zone.text("_dmarc.desk.example", "v=DMARC1; p=reject")
        assert verify(MAIL.replace(b"shop.example.com", b"desk.example"), names).dmarc == "none"

    def test_trouble_is_no_failure(self, zone: Zone, names: Names) -> None:
        zone.text("_dmarc.example.com", "v=DMARC1; p=reject")
        zone.broken.add("shop.example.com")
        assert verify(MAIL, names, ARRIVAL).dmarc == "temperror"

    def test_organisations(self) -> None:
        assert organisational("a.b.example.co.uk") == "example.co.uk"
        assert organisational("co.uk") == "co.uk"
        assert aligned("x.example.com", "example.com", strict=False)
        assert not aligned("x.example.com", "example.com", strict=True)
        assert not aligned("one.co.uk", "two.co.uk", strict=False)
        assert not aligned("one.github.io", "two.github.io", strict=False)

    def test_policies(self) -> None:
        assert policy_of([b"v=DMARC1; p=None; adkim=S", b"other"]) == {"v": "dmarc1", "p": "none", "adkim": "s"}
        assert policy_of([b"v=DMARC1; p=none", b"v=DMARC1; p=reject"]) is None
        assert policy_of([b"v=spf1 -all"]) is None

    def test_the_domain_shown(self) -> None:
        assert shown_domain(b"From: A <a@One.example>\r\n\r\n") == "one.example"
        assert shown_domain(b"From: a@one.example, b@two.example\r\n\r\n") == ""
        assert shown_domain(b"From: a@one.example\r\nFrom: b@two.example\r\n\r\n") == ""
        assert shown_domain(b"Subject: x\r\n\r\n") == ""


class TestLimits:
    def test_a_dns_that_is_silent_costs_the_time_limit_once(self, zone: Zone, resolver: dns.resolver.Resolver) -> None:
        mail = signed(zone, "example.com")
        zone.silent |= {"shop.example.com", "s1._domainkey.example.com", "_dmarc.shop.example.com"}
        began = time.monotonic()
        found = verify(mail, Names(resolver, seconds=0.4), ARRIVAL)
        assert time.monotonic() - began < 2
        assert (found.spf, found.dkim, found.dmarc) == ("temperror", "temperror", "temperror")

    def test_answers_are_remembered(self, zone: Zone, names: Names) -> None:
        mail = signed(zone, "example.com")
        for _ in range(3):
            assert verify(mail, names, ARRIVAL).dkim == "pass"
        assert set(zone.asked.values()) == {1}


class TestAuthenticator:
    async def test_a_trusted_server_is_believed_and_nothing_is_asked(self, zone: Zone, names: Names) -> None:
        mail = b"Authentication-Results: mx.desk.example; dkim=pass header.d=example.com\r\n" + MAIL
        found = await Authenticator(trusted=("mx.desk.example",), names=names).judge(mail, ARRIVAL)
        assert found is not None
        assert (found.by, found.dkim) == ("mx.desk.example", "pass")
        assert not zone.asked

    async def test_a_stranger_is_not_believed(self, names: Names) -> None:
        mail = b"Authentication-Results: mx.evil.example; dkim=pass header.d=example.com\r\n" + MAIL
        found = await Authenticator(trusted=("mx.desk.example",), names=names).judge(mail)
        assert found is not None
        assert (found.by, found.dkim) == ("postroom", "none")

    async def test_switched_off_it_asks_nobody(self) -> None:
        assert await Authenticator().judge(MAIL, ARRIVAL) is None

    async def test_many_at_once(self, zone: Zone, names: Names) -> None:
        mail = signed(zone, "example.com")
        judge = Authenticator(names=names, at_once=3).judge
        found = await asyncio.gather(*(judge(mail, ARRIVAL) for _ in range(10)))
        assert {one.dkim for one in found if one} == {"pass"}
