"""The end of a mail on the wire, however the bytes arrive."""

import smtplib
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom_ingest.receive.smtp.data import DataReader

from .running import stuffed

AFTER = b"QUIT\r\n.\r\nMAIL"
"""What a pipelining client sends right behind the mail."""
PIECE = st.sampled_from(
    [
        b"\r\n",
        b"\r",
        b"\n",
        b".",
        b"..",
        b"a",
        b"\r\n.",
        b"\n.\n",
        b"\r\n\r\n",
        b".\r",
        b"\n.\r\n",
        b"\xff\x00",
        b"word",
    ]
)


def read_from(pieces: Sequence[bytes], limit: int = 1_000_000_000) -> tuple[bytes | None, bytes]:
    """What is made of bytes that arrive in pieces, and what is left to be read."""
    reader = DataReader(limit)
    buffer = bytearray()
    whole = False
    for piece in pieces:
        buffer += piece
        whole = whole or reader.take(buffer)
    assert whole
    return reader.mail(), bytes(buffer)


def cut(data: bytes, at: Sequence[int]) -> list[bytes]:
    places = [0, *sorted(place % (len(data) + 1) for place in at), len(data)]
    return [data[start:end] for start, end in pairwise(places)]


def meant(raw: bytes) -> bytes:
    """A mail as it can be meant: it ends with the end of a line."""
    return raw if raw.endswith(b"\r\n") or not raw else raw + b"\r\n"


@settings(deadline=None, max_examples=600)
@given(st.lists(PIECE, max_size=30).map(b"".join), st.lists(st.integers(0, 200), max_size=12))
def test_exactly_the_mail_is_read_and_nothing_behind_it(raw: bytes, at: list[int]) -> None:
    assert read_from(cut(stuffed(raw) + AFTER, at)) == (meant(raw), AFTER)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from([b"\r\n", b".", b"a", b"..", b"\r\n."]), max_size=20).map(b"".join))
def test_what_pythons_own_client_sends_is_read_back(raw: bytes) -> None:
    quoted: bytes = smtplib._quote_periods(raw)  # type: ignore[attr-defined]
    sent = (quoted if quoted.endswith(b"\r\n") or not quoted else quoted + b"\r\n") + b".\r\n"
    assert read_from([sent, AFTER]) == (meant(raw), AFTER)


@pytest.mark.parametrize("raw", [b"", b".\r\n", b"a\r\n", b"\r\n", b"..\r\n.\r\n", b"Subject: x\r\n\r\n.\r\na."])
def test_bytes_one_by_one(raw: bytes) -> None:
    sent = stuffed(raw) + AFTER
    assert read_from([bytes([one]) for one in sent]) == (meant(raw), AFTER)
    for place in range(len(sent)):
        assert read_from([sent[:place], sent[place:]]) == (meant(raw), AFTER)


@pytest.mark.parametrize(
    "raw", [b"a\n.\nb\r\n", b"a\r.\rb\r\n", b"a\n.\r\nb\r\n", b"a\r\n.\nb\r\n", b"a\n\n.\n\n\r\n", b"a\r\r\n.\rb\r\n"]
)
def test_only_a_dot_alone_between_proper_line_ends_ends_a_mail(raw: bytes) -> None:
    """Else one mail could be made to look like two (SMTP smuggling)."""
    content, rest = read_from([stuffed(raw), AFTER])
    assert (content, rest) == (raw, AFTER)


def test_a_dot_that_was_not_doubled_is_taken_away_all_the_same() -> None:
    """RFC 5321 section 4.5.2: the first character is deleted if there are others on the line."""
    assert read_from([b".a\r\n.b.\r\n.\r\n"]) == (b"a\r\nb.\r\n", b"")


@settings(deadline=None, max_examples=300)
@given(st.lists(PIECE, max_size=30).map(b"".join), st.integers(1, 60), st.lists(st.integers(0, 200), max_size=12))
def test_a_mail_is_too_large_by_its_own_size(raw: bytes, limit: int, at: list[int]) -> None:
    """RFC 1870 section 3: neither the last dot nor doubled dots count."""
    content, rest = read_from(cut(stuffed(raw) + AFTER, at), limit)
    assert content == (meant(raw) if len(meant(raw)) <= limit else None)
    assert rest == AFTER, "the rest of a mail that is too large is not taken for commands"


def test_a_line_of_a_megabyte_is_a_line() -> None:
    raw = b"Subject: x\r\n\r\n" + b"y" * 1_000_000 + b"\r\n.z\r\n"
    sent = stuffed(raw)
    content, rest = read_from([sent[i : i + 50_000] for i in range(0, len(sent), 50_000)])
    assert (content == raw, rest) == (True, b"")


@pytest.mark.parametrize("sent", [b"", b".", b".\r", b"a\r\n.\r", b"a" * 70_000])
def test_a_mail_that_breaks_off_is_no_mail(sent: bytes) -> None:
    assert not DataReader(1_000_000).take(bytearray(sent))


def test_what_exceeds_the_limit_is_not_kept() -> None:
    reader = DataReader(1_000)
    for _ in range(100):
        assert not reader.take(bytearray(b"x" * 1_000))
    assert len(reader._kept) < 2_000
    assert reader.take(bytearray(b"\r\n.\r\n"))
    assert reader.mail() is None
