"""Ids, thread roots and fingerprints: the same mail and the same conversation are known again."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom_ingest.parse import fingerprint, message_id, parse, synthetic_message_id, thread_root

ROOTS = {
    "references": ("References: <a@x> <b@x>\nIn-Reply-To: <c@x>\nMessage-ID: <d@x>", "a@x"),
    "references folded within an id": ("References: <a\n @x> <b@x>\nMessage-ID: <d@x>", "a@x"),
    "empty references": ("References:\nIn-Reply-To: <c@x>\nMessage-ID: <d@x>", "c@x"),
    "words in In-Reply-To": ('In-Reply-To: Your message of "Monday" <c@x>\nMessage-ID: <d@x>', "c@x"),
    "own id": ("Message-ID: <d@x>", "d@x"),
    "own id without brackets": ("Message-ID: d@x", "d@x"),
    "own id without a host": ("Message-ID: <d>", "d"),
    "names in any case": ("REFERENCES: <a@x>\nmessage-id: <d@x>", "a@x"),
    "bare references": ("References: a@x b@x", "a@x"),
}


@pytest.mark.parametrize(("head", "root"), ROOTS.values(), ids=ROOTS.keys())
@pytest.mark.parametrize("rest", ["", "\n\nbody\nReferences: <z@x>"], ids=["head only", "whole mail"])
def test_thread_root(head: str, root: str, rest: str) -> None:
    raw = (head + rest).encode()
    assert thread_root(raw) == parse(raw).thread_root == root


def test_ids_are_read_in_order_and_once() -> None:
    read = parse(b"References: <a@x> <b@x>\r\n <a@x>\r\nIn-Reply-To: <b@x>\r\nMessage-ID: <c@x>\r\n\r\n")
    assert (read.references, read.in_reply_to, read.message_id) == (("a@x", "b@x"), ("b@x",), "c@x")
    assert message_id(b"Message-ID: <c@x>\r\n") == "c@x"


def test_a_long_thread_keeps_its_root_and_its_newest_ids() -> None:
    ids = [f"{n}@x" for n in range(1000)]
    read = parse(("References: " + "\n ".join(f"<{i}>" for i in ids) + "\n\n").encode())
    assert read.references == (ids[0], *ids[-199:])


def test_without_an_id_the_root_outlives_the_way_the_mail_took() -> None:
    sent = b"From: a@x\nDate: Mon, 23 Nov 2026 10:00:00 +0000\nSubject: hi\n\nbody"
    root = thread_root(sent)
    assert root.endswith("@synthetic.invalid")
    assert thread_root(b"Return-Path: <a@x>\nReceived: from y\n" + sent) == root
    assert thread_root(sent.replace(b"hi", b"ho")) != root


def test_texts_without_a_head_do_not_share_a_root() -> None:
    assert thread_root(b"one text\nof mine") != thread_root(b"another text\nof mine")


SENT = (
    b"From: Ann <ann@x>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\nSubject: caf=E9\r\nMessage-ID: <1@x>\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n\r\nThe caf\xc3\xa9 is closed.\r\n"
)


@pytest.mark.parametrize(
    "again",
    [
        pytest.param(b"Received: from y\r\nDKIM-Signature: z\r\n" + SENT, id="more transport fields"),
        pytest.param(
            SENT.replace(b"+0000", b"GMT").replace(b"10:00:00 GMT", b"13:30:00 +0330"), id="same time, other zone"
        ),
        pytest.param(SENT.replace(b"\r\n", b"\n"), id="line ends"),
        pytest.param(
            SENT.replace(b"utf-8\r\n", b"utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n").replace(
                b"\xc3\xa9", b"=C3=A9"
            ),
            id="transfer encoding",
        ),
        pytest.param(SENT.replace(b"is closed", b"is\r\nclosed"), id="wrapped anew"),
    ],
)
def test_the_same_mail_by_another_way_has_the_same_fingerprint(again: bytes) -> None:
    assert fingerprint(parse(again)) == fingerprint(parse(SENT))


@pytest.mark.parametrize(
    "other",
    [
        SENT.replace(b"closed", b"open"),
        SENT.replace(b"ann@x", b"bob@x"),
        SENT.replace(b"caf=E9", b"tea"),
        SENT.replace(b"10:00:00", b"10:00:01"),
        SENT.replace(b"text/plain; charset=utf-8", b"application/pdf"),
    ],
    ids=["text", "sender", "subject", "date", "attachment"],
)
def test_another_mail_with_the_same_id_has_another_fingerprint(other: bytes) -> None:
    assert fingerprint(parse(other)) != fingerprint(parse(SENT))


def test_a_synthetic_id_is_stable_and_is_an_id() -> None:
    made = synthetic_message_id(parse(SENT))
    assert made == synthetic_message_id(parse(SENT))
    assert message_id(f"Message-ID: <{made}>\n".encode()) == made


@settings(deadline=None)  # the first reading loads the language model
@given(st.binary(max_size=300), st.binary(max_size=300))
def test_thread_root_needs_the_head_only(head: bytes, body: bytes) -> None:
    head = b"Subject: x\r\n" + head.replace(b"\n", b"\r\nX: ") + b"\r\n\r\n"
    if head.count(b"\r\n\r\n") == 1 and b"\n\n" not in head:
        assert thread_root(head) == thread_root(head + body) == parse(head + body).thread_root
