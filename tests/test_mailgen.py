"""The generator tells the truth about its mails, seen through the standard library's parser."""

import hashlib
import re
import time
from collections import Counter
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mailgen import GeneratedMail, generate
from mailgen_mime import words
from mailgen_text import CHARSETS

COUNT = 2000


@pytest.fixture(scope="module")
def mails() -> list[GeneratedMail]:
    return list(generate(COUNT, seed=7))


def parsed(mail: GeneratedMail) -> EmailMessage:
    message = message_from_bytes(mail.raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def texts(message: EmailMessage) -> list[str]:
    return [
        part.get_content().replace("\r\n", "\n")
        for part in message.walk()
        if part.get_content_maintype() == "text" and not part.get_filename()
    ]


def test_the_same_seed_gives_the_same_mails_and_fewer_are_the_beginning_of_more(mails: list[GeneratedMail]) -> None:
    assert list(generate(150, seed=7)) == mails[:150]


def test_seeds_never_meet(mails: list[GeneratedMail]) -> None:
    others = list(generate(COUNT, seed=8))
    for key in ("message_id", "marker"):
        assert len({getattr(mail, key) for mail in mails + others}) == 2 * COUNT


def test_nothing_is_made_before_it_is_asked_for() -> None:
    assert [mail.index for mail in islice(generate(10**12, seed=1), 3)] == [0, 1, 2]


def test_the_mix(mails: list[GeneratedMail]) -> None:
    kinds = Counter(mail.kind for mail in mails)
    assert kinds == {"plain": 1200, "alternative": 500, "attachment": 200, "charset": 100}
    assert 690 <= sum(mail.parent is not None for mail in mails) <= 700
    assert {mail.charset for mail in mails if mail.kind == "charset"} == set(CHARSETS)
    persian = [m for m in mails if m.kind == "plain" and "سلام" in m.subject + texts(parsed(m))[0]]
    assert len(persian) > 50


def test_nobody_floods(mails: list[GeneratedMail]) -> None:
    fresh = Counter(mail.sender for mail in mails if mail.parent is None)
    assert max(fresh.values()) <= 3
    assert len(fresh) > 1200


def test_an_answer_comes_from_who_was_asked_or_a_colleague(mails: list[GeneratedMail]) -> None:
    senders = {mail.message_id: mail.sender for mail in mails}
    pairs = [(mail.sender, senders[mail.parent]) for mail in mails if mail.parent is not None]
    assert all(one.partition("@")[2] == other.partition("@")[2] for one, other in pairs)
    assert 0.2 < sum(one != other for one, other in pairs) / len(pairs) < 0.4


def test_every_mail_reads_back_as_it_says(mails: list[GeneratedMail]) -> None:
    for mail in mails:
        message = parsed(mail)
        assert message["Subject"] == mail.subject
        assert message["Message-ID"] == mail.message_id
        assert message["From"].addresses[0].addr_spec == mail.sender
        assert message["To"] == "support@example.com"
        bodies = texts(message)
        assert len(bodies) == (2 if mail.kind == "alternative" else 1)
        assert all(mail.marker in body and "\ufffd" not in body for body in bodies)
        files = [(part.get_filename(), part.get_content()) for part in message.iter_attachments()]
        assert [(n, len(d), hashlib.sha256(d).hexdigest()) for n, d in files] == [
            (a.name, a.size, a.sha256) for a in mail.attachments
        ]
        assert all(50_000 <= a.size <= 200_000 for a in mail.attachments)
        assert (mail.kind == "attachment") == bool(mail.attachments)


def test_markers_are_in_no_other_mail(mails: list[GeneratedMail]) -> None:
    for mail in mails:
        if mail.kind == "plain":
            assert set(re.findall("mark[0-9a-f]{16}", texts(parsed(mail))[0])) == {mail.marker}


def test_answers_come_after_their_parents_and_quote_them(mails: list[GeneratedMail]) -> None:
    known = {mail.message_id: mail for mail in mails}
    for mail in mails:
        message = parsed(mail)
        if mail.parent is None:
            assert mail.root == mail.message_id
            assert "In-Reply-To" not in message
            continue
        parent = known[mail.parent]
        assert 0 < mail.index - parent.index <= 400
        assert (mail.root, mail.charset) == (parent.root, parent.charset)
        assert message["In-Reply-To"] == mail.parent
        references = message["References"].split()
        assert references[-1] == mail.parent
        assert len(references) <= 10
        assert all(known[r].root == mail.root for r in references)
        assert mail.subject == "Re: " + parent.subject.removeprefix("Re: ")
        assert f"{parent.sender} wrote:\n> " in texts(message)[0]
    assert max(len(parsed(m).get("References", "").split()) for m in mails) > 3


def test_the_wire_form_is_clean(mails: list[GeneratedMail]) -> None:
    for mail in mails:
        assert not re.search(rb"(?<!\r)\n|\r(?!\n)", mail.raw)
        assert mail.raw.endswith(b"\r\n")
        lines = mail.raw.split(b"\r\n")
        assert max(map(len, lines)) <= 998
        assert mail.raw.partition(b"\r\n\r\n")[0].isascii()
        assert all(len(line) <= 76 for line in lines if b"=?" in line and b"?B?" in line)


@pytest.mark.parametrize("charset", [c for c in CHARSETS if c != "iso-2022-jp"])
def test_old_charsets_also_come_as_raw_8bit(mails: list[GeneratedMail], charset: str) -> None:
    raw = [m.raw for m in mails if m.charset == charset and b"Encoding: 8bit" in m.raw]
    assert any(not body.isascii() and body.decode("utf-8", "replace").count("\ufffd") > 10 for body in raw)


def test_html_alternatives_are_5_to_15_kb(mails: list[GeneratedMail]) -> None:
    sizes = [len(texts(parsed(mail))[1].encode()) for mail in mails[:400] if mail.kind == "alternative"]
    assert min(sizes) >= 5_000
    assert max(sizes) <= 15_500


def test_the_address_is_the_one_asked_for() -> None:
    assert parsed(next(generate(1, seed=1, to="sales@example.org")))["To"] == "sales@example.org"


def test_generation_is_fast() -> None:
    start = time.process_time()
    made = sum(1 for _ in generate(300, seed=3))
    assert made / (time.process_time() - start) > 500


@given(st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="=?"), min_size=1))
def test_header_words_read_back(value: str) -> None:
    message = message_from_bytes(f"Subject: {words(value)}\r\n\r\n".encode(), policy=policy.default)
    assert message["Subject"] == value
