"""The forms of delivery services, without a door."""

from urllib.parse import quote_from_bytes, quote_plus

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_ingest.receive.doors.forms import (
    ADDRESS_CHARS,
    MAX_FIELDS,
    MAX_RECIPIENTS,
    mailgun_mail,
    posted,
    read_form,
    sendgrid_mail,
)
from postroom_plumbing.problems import Problem

URLENCODED = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
ANY_BYTE = bytes(range(256))


class TestUrlencoded:
    @given(st.binary(), st.booleans())
    async def test_gives_the_bytes_that_were_sent(self, raw: bytes, plus: bool) -> None:
        escaped = quote_plus(raw) if plus else quote_from_bytes(raw, safe="")
        assert await read_form(URLENCODED, f"a=1&body-mime={escaped}".encode()) == {"a": b"1", "body-mime": raw}

    async def test_a_large_mail_is_read(self) -> None:
        raw = b"x" * 2_000_000 + ANY_BYTE
        assert (await read_form(URLENCODED, b"m=" + quote_plus(raw).encode()))["m"] == raw

    async def test_too_many_fields_are_refused(self) -> None:
        assert len(await read_form(URLENCODED, b"&".join(b"%d=" % n for n in range(MAX_FIELDS)))) == MAX_FIELDS
        with pytest.raises(Problem) as refused:
            await read_form(URLENCODED, b"a=&" * MAX_FIELDS)
        assert refused.value.status_code == 422


class TestMultipart:
    @pytest.mark.parametrize("file", [True, False])
    async def test_gives_the_bytes_that_were_sent(self, file: bool) -> None:
        head = b'Content-Disposition: form-data; name="email"' + (b'; filename="m.eml"' if file else b"")
        raw = b"Subject: \xd0\r\n\r\n" + ANY_BYTE * 8_000
        body = b"--b1\r\n" + head + b"\r\n\r\n" + raw + b"\r\n--b1--\r\n"
        assert await read_form({"content-type": "multipart/form-data; boundary=b1"}, body) == {"email": raw}

    async def test_the_charset_named_changes_nothing(self) -> None:
        made = httpx.Request("POST", "http://x", files={"a": (None, "Grüße".encode())})
        kind = made.headers["content-type"] + "; charset=utf-7"
        assert await read_form({"content-type": kind}, made.read()) == {"a": "Grüße".encode()}

    @pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=\xff"])
    async def test_without_a_boundary_is_refused(self, kind: str) -> None:
        with pytest.raises(Problem) as refused:
            await read_form({"content-type": kind}, b"--b\r\n\r\n")
        assert refused.value.status_code == 422


class TestEnvelope:
    def test_what_no_event_can_hold_is_left_out(self) -> None:
        long = "x" * ADDRESS_CHARS + "@example.com"
        found = posted(b"", long, ["a@x", "", long, "\ud800@x", *(f"{n}@x" for n in range(MAX_RECIPIENTS))])
        assert found.envelope_from == ""
        assert found.envelope_to[:3] == ("a@x", "?@x", "0@x")
        assert len(found.envelope_to) == MAX_RECIPIENTS

    def test_nesting_without_end_is_no_envelope(self) -> None:
        assert sendgrid_mail({"email": b"x", "envelope": b"[" * 100_000}).envelope_to == ()

    def test_mailgun_names_what_it_signed(self) -> None:
        found = mailgun_mail({"body-mime": b"x", "token": b"t", "recipient": b"a@x, b@x", "sender": b"c@x"})
        assert (found.once, found.envelope_to, found.envelope_from) == ("t", ("a@x", "b@x"), "c@x")
