import io
import mailbox
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_local.mbox import is_from_line, split_mbox

LIMIT = 10_000
FROM = b"From ana@example.com Mon Jan  5 10:00:00 2026"

LINES = st.lists(
    st.sampled_from([b"", b"word", b"From here", b">From there", b">>From ", b"From: a@example.com", b"\xff\x00", b">"])
    | st.binary(max_size=20).map(lambda text: text.replace(b"\n", b"").replace(b"\r", b"")),
    max_size=8,
)


def split(content: bytes, limit: int = LIMIT) -> list[bytes | None]:
    return [mail.raw for mail in split_mbox(io.BytesIO(content), limit)]


def quoted(mail: bytes) -> bytes:
    return re.sub(rb"(?m)^(>*From )", rb">\1", mail)


@given(st.lists(LINES, max_size=5), st.sampled_from([b"\n", b"\r\n"]))
def test_mails_come_out_of_an_mboxrd_as_they_went_in(bodies: list[list[bytes]], end: bytes) -> None:
    mails = [end.join([b"Subject: one", b"", *body]) + end for body in bodies]

    content = b"".join(FROM + end + quoted(mail) + end for mail in mails)

    assert split(content) == mails


@given(st.binary(max_size=300) | LINES.map(b"\n".join), st.integers(1, 200))
def test_any_bytes_give_mails_within_the_limit(content: bytes, limit: int) -> None:
    for mail in split_mbox(io.BytesIO(content), limit):
        assert (mail.raw is None) == (mail.size > limit)
        assert mail.raw is None or len(mail.raw) == mail.size > 0


@given(st.lists(LINES, min_size=1, max_size=5))
def test_reading_goes_on_where_a_mail_ends(bodies: list[list[bytes]]) -> None:
    mails = [b"\n".join([b"Subject: one", b"", *body]) + b"\n" for body in bodies]
    content = b"".join(FROM + b"\n" + quoted(mail) + b"\n" for mail in mails)
    for number, mail in enumerate(split_mbox(io.BytesIO(content), LIMIT), 1):
        file = io.BytesIO(content)
        file.seek(mail.end)
        assert [one.raw for one in split_mbox(file, LIMIT)] == mails[number:]


def test_what_pythons_mailbox_writes_is_read_back(tmp_path: Path) -> None:
    mails = [b"Subject: %d\n\nFrom here on\n\nFrom me: hello\n" % number for number in range(3)]
    box = mailbox.mbox(tmp_path / "box")
    for mail in mails:
        box.add(mail)
    box.close()

    assert split((tmp_path / "box").read_bytes()) == mails


@pytest.mark.parametrize(
    "line",
    [
        b"From - Mon Jan  5 10:00:00 2026\n",
        b"From ana at example.com  Mon Jan  5 10:00:00 2026\n",
        b"From 17@xxx Mon Jan 05 10:00:00 +0000 2026\r\n",
        b"From MAILER-DAEMON Mon, 5 Jan 2026 10:00:00 +0000\n",
    ],
    ids=["thunderbird", "pipermail", "takeout", "rfc-822-date"],
)
def test_a_dated_from_line_needs_no_blank_line_before(line: bytes) -> None:
    assert is_from_line(line, b"not a field\n", after_blank=False)


@pytest.mark.parametrize(
    ("line", "following", "after_blank", "expected"),
    [
        (b"From ana@example.com\n", b"Subject: x\n", True, True),
        (b"From ana@example.com\n", b"Subject: x\n", False, False),
        (b"From here on it rains\n", b"and rains\n", True, False),
        (b"From Monday on it rains\n", b"\n", True, False),
        (b"from ana@example.com\n", b"Subject: x\n", True, False),
        (b"From: ana@example.com\n", b"Subject: x\n", True, False),
        (b"From " + b"Mon " * 200 + b"10:00:00 2026\n", b"Subject: x\n", True, False),
    ],
    ids=["undated", "undated-in-text", "text", "weekday", "lower-case", "field", "very-long"],
)
def test_a_from_line_is_told_from_text(line: bytes, following: bytes, after_blank: bool, expected: bool) -> None:
    assert is_from_line(line, following, after_blank=after_blank) == expected


def test_unquoted_text_does_not_split_a_mail() -> None:
    mail = b"Subject: one\n\nFrom here on it rains\nall day\n"

    assert split(FROM + b"\n" + mail) == [mail]


def test_a_mail_too_large_is_counted_and_the_next_one_is_read() -> None:
    large = b"Subject: large\n\n" + b"x" * LIMIT + b"\n"
    content = FROM + b"\n" + large + b"\n" + FROM + b"\nSubject: two\n\nx\n"

    first, second = split_mbox(io.BytesIO(content), LIMIT)

    assert first.raw is None
    assert first.size >= len(large)
    assert second.raw == b"Subject: two\n\nx\n"


def test_a_line_longer_than_a_piece_is_one_line() -> None:
    mail = b"Subject: one\n\n" + b"x" * 65_530 + FROM + b"\n"

    assert split(FROM + b"\n" + mail, limit=100_000) == [mail]
