"""What is asked of the network about a mail."""

from typing import Any

import pytest

from postroom_ingest.origin import Origins, _verifiable

from .making import mail, received

SIGNED = mail(more="DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s1; h=from; bh=eA==; b=eA==")
OUTSIDE = {"peer": "8.8.8.8", "helo": "mx.example.com"}


@pytest.mark.parametrize(
    ("raw", "fields", "asked"),
    [
        (SIGNED, {}, True),
        (mail(), OUTSIDE, True),
        (mail(), {"peer": "10.1.2.3"}, False),
        (mail(), {}, False),
        (SIGNED, {"imported": True}, False),
        (SIGNED, {"door": "import"}, False),
        (SIGNED, {"imported": True, **OUTSIDE}, False),
    ],
)
def test_what_can_be_verified(raw: bytes, fields: dict[str, Any], asked: bool) -> None:
    assert _verifiable(received(raw, **fields).event, raw) is asked


async def test_an_import_asks_nothing_of_the_network() -> None:
    event = received(SIGNED, imported=True, **OUTSIDE).event
    assert await Origins(verify=True).judge([(event, SIGNED)]) == {}
