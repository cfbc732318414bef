"""winmail.dat and files within texts: opened, numbered, and never more work than there are bytes."""

import binascii
import struct
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_ingest.parse import attachment_bytes, parse
from postroom_ingest.parse.rtf import MAX_RTF_BYTES, decompressed, plain_text
from postroom_ingest.parse.tnef import MAX_FILES, SIGNATURE, read_tnef

BODY, DATA, TITLE, RENDERING, PROPERTIES, ATTACHMENT = 0x800C, 0x800F, 0x8010, 0x9002, 0x9003, 0x9005


def attribute(name: int, value: bytes, level: int = 1) -> bytes:
    return struct.pack("<BHHI", level, name, 6, len(value)) + value + struct.pack("<H", sum(value) % 65536)


def properties(*found: tuple[int, int, bytes]) -> bytes:
    out = struct.pack("<I", len(found))
    for kind, name, value in found:
        out += struct.pack("<HHII", kind, name, 1, len(value)) + value + bytes(-len(value) % 4)
    return out


def tnef(*attributes: bytes) -> bytes:
    return SIGNATURE + b"\x01\x00" + b"".join(attributes)


def file(title: bytes, content: bytes, *more: tuple[int, int, bytes]) -> bytes:
    parts = [attribute(RENDERING, bytes(14)), attribute(TITLE, title + b"\x00"), attribute(DATA, content)]
    return b"".join([*parts, attribute(ATTACHMENT, properties(*more))] if more else parts)


def mail(content: bytes, text: bytes = b"") -> bytes:
    return (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + text + b"\r\n--b\r\n"
        b"Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + binascii.b2a_base64(content)
        + b"\r\n--b--\r\n"
    )


LONG_NAME = (0x1F, 0x3707, "größe.pdf\0".encode("utf-16-le"))
WINMAIL = tnef(
    attribute(BODY, b"my words\x00"),
    file(b"GR~1.PDF", b"%PDF", LONG_NAME),
    file(b"b.txt", b"two", (0x1E, 0x370E, b"text/css\0")),
)


def test_the_files_of_a_winmail_become_attachments() -> None:
    raw = mail(WINMAIL, b"hello")
    read = parse(raw)
    assert read.text.strip() == "hello"  # the mail has a text of its own
    assert [(a.name, a.content_type, a.size) for a in read.attachments] == [
        ("größe.pdf", "application/pdf", 4),
        ("b.txt", "text/css", 3),
    ]
    for attachment, content in zip(read.attachments, (b"%PDF", b"two"), strict=True):
        assert attachment_bytes(raw, attachment.part) == (attachment, content)


def test_its_text_is_shown_where_the_mail_has_none() -> None:
    assert "my words" in parse(mail(WINMAIL)).text
    html = properties((0x102, 0x1013, b"<p>my <b>words</b></p>"))
    assert "<b>words</b>" in (parse(mail(tnef(attribute(PROPERTIES, html)))).html or "")
    assert "my words" in parse(mail(tnef(attribute(PROPERTIES, properties((0x102, 0x1009, RTF)))))).text


def test_what_is_no_tnef_stays_an_attachment() -> None:
    for content in (b"", b"anything", SIGNATURE, tnef()):
        assert [a.name for a in parse(mail(content)).attachments] == ["winmail.dat"]


def test_a_message_within_gives_its_files() -> None:
    inner = tnef(file(b"deep.txt", b"deep"), attribute(BODY, b"inner words"))
    outer = tnef(attribute(RENDERING, bytes(14)), attribute(ATTACHMENT, properties((0xD, 0x3701, bytes(16) + inner))))
    found = read_tnef(outer)
    assert found is not None
    assert {("deep.txt", b"deep"), ("message.txt", b"inner words")} <= {(f.name, f.content) for f in found.files}


RTF_SOURCE = rb"{\rtf1\ansi{\fonttbl{\f0 Arial;}}\f0 my w\'f6rds \u8364?\par next}"
RTF = struct.pack("<II4sI", len(RTF_SOURCE) + 12, len(RTF_SOURCE), b"MELA", 0) + rb"{\rtf1 my words}".ljust(
    len(RTF_SOURCE)
)
PACKED = bytes.fromhex(  # the example of MS-OXRTFCP section 3.1
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
)


def test_packed_rtf_is_unpacked() -> None:
    assert decompressed(PACKED) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"


def test_the_words_of_rtf() -> None:
    assert plain_text(RTF_SOURCE, "cp1252") == "my wörds €\nnext"
    wrapped = rb"{\rtf1\fromhtml1{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 hello\htmlrtf }\htmlrtf0{\*\htmltag72 </p>}}"
    assert plain_text(wrapped, "cp1252") == "hello"


def test_files_in_a_text_are_taken_out() -> None:
    encoded = b"begin 644 a b.txt\n" + binascii.b2a_uu(b"hello") + b"`\nend\n"
    yenc = b"=ybegin line=128 size=3 name=c.bin\r\n" + bytes((b + 42) % 256 for b in b"abc") + b"\r\n=yend size=3\r\n"
    raw = b"Subject: x\n\nbefore\n" + encoded + b"between\n" + yenc + b"after\n"
    read = parse(raw)
    assert read.text.split() == ["before", "between", "after"]
    assert [a.name for a in read.attachments] == ["a b.txt", "c.bin"]
    assert [attachment_bytes(raw, a.part)[1] for a in read.attachments] == [b"hello", b"abc"]


@pytest.mark.parametrize("text", [b"begin 644 x\nor do not\nend\n", b"begin 644 x\n", b"we\nbegin 100 things\n\nend\n"])
def test_words_that_look_like_a_file_stay_words(text: bytes) -> None:
    read = parse(b"Subject: x\n\n" + text)
    assert read.text == text.decode()
    assert read.attachments == ()


NUMBERS = st.sampled_from([b"\x00\x00\x00\x00", b"\x01\x00\x00\x00", b"\xff\xff\xff\xff", b"\x08\x00\x00\x00"])
ATTRIBUTES = st.builds(
    attribute, st.sampled_from([BODY, DATA, TITLE, RENDERING, PROPERTIES, ATTACHMENT, 0x9007]), st.binary(max_size=40)
)


@given(st.lists(ATTRIBUTES | st.binary(max_size=20) | NUMBERS, max_size=20).map(b"".join))
def test_any_bytes_may_claim_to_be_a_winmail(rest: bytes) -> None:
    raw = mail(SIGNATURE + b"\x01\x00" + rest)
    for attachment in parse(raw).attachments:
        assert attachment_bytes(raw, attachment.part)[0] == attachment


@given(st.binary(max_size=300))
def test_any_bytes_may_claim_to_be_rtf(data: bytes) -> None:
    assert len(decompressed(struct.pack("<II4sI", 0, 2**32 - 1, b"LZFu", 0) + data)) <= MAX_RTF_BYTES
    plain_text(data, "no such set")


def many(count: int) -> bytes:
    return struct.pack("<I", 0xFFFFFFFF) + struct.pack("<HHI", 0x1003, 0x3001, 0xFFFFFFFF) * count


HOSTILE = {
    "attributes without end": attribute(0x1234, b"") * 300_000,
    "files without end": attribute(RENDERING, b"") * 300_000,
    "properties without end": attribute(PROPERTIES, many(300_000)),
    "a length beyond the end": struct.pack("<BHHI", 1, BODY, 6, 0xFFFFFFFF) + b"x" * 3_000_000,
    "packed without end": attribute(
        PROPERTIES,
        properties((0x102, 0x1009, struct.pack("<II4sI", 0, 2**32 - 1, b"LZFu", 0) + b"\xff\x00\x0f" * 900_000)),
    ),
    "braces": attribute(
        PROPERTIES, properties((0x102, 0x1009, struct.pack("<II4sI", 0, 2**22, b"MELA", 0) + b"{" * 2**22))
    ),
}


@pytest.mark.parametrize("rest", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_winmail_takes_bounded_time_and_memory(rest: bytes) -> None:
    raw = mail(tnef(rest))
    parse(b"warm up: the language model is read once\n\nand this is long enough to ask it a question")
    start = time.process_time()
    read = parse(raw)
    assert time.process_time() - start < 3
    assert len(read.attachments) <= MAX_FILES + 1
    tracemalloc.start()
    parse(raw)
    assert tracemalloc.get_traced_memory()[1] < 200_000_000
    tracemalloc.stop()


def test_begins_without_end_take_bounded_time() -> None:
    start = time.process_time()
    parse(b"Subject: x\n\n" + b"begin 644 x\n" * 200_000 + b"end\n")
    parse(b"Subject: x\n\n" + b"begin 644 x\n#aaaa\nend\n" * 100_000)
    assert time.process_time() - start < 3
