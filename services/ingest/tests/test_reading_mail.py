"""A mail as a contact: the caps, the ids and the marks of ours. Pure."""

import hashlib
from datetime import UTC, datetime

import pytest

from postroom_contracts.inbound import MailReceived
from postroom_contracts.values import Party
from postroom_ingest.conversation import Decision
from postroom_ingest.reading import HTML_CHARS, SLICE_BYTES, TEXT_CHARS, _slices, contact_event, read
from postroom_plumbing.tokens import own_message_id
from postroom_plumbing.wire import Received

from .making import NONE, SECRET, mail, received

NEW = Decision("new", "T1", NONE)


def message_id(raw: bytes, contact: str = "c1", door: str = "smtp") -> str:
    return read(received(raw, contact, door=door), raw, SECRET).clues.message_id


def test_a_mail_says_what_it_answers_newest_first() -> None:
    raw = mail("m3@x", "m1@x", "m2@x", sender="Ann <ANN@Example.com>", subject="Re: Help [#7]")
    clues = read(received(raw), raw, SECRET).clues
    assert (clues.message_id, clues.answers) == ("m3@x", ("m2@x", "m1@x"))
    assert (clues.sender, clues.subject, clues.own) == ("ann@example.com", "Re: Help [#7]", ())


def test_our_own_ids_are_known_and_forged_ones_are_not() -> None:
    older = own_message_id(SECRET, "ack", "T1", "out-1", "support.example")
    newer = own_message_id(SECRET, "reply", "T2", "out-2", "support.example")
    forged = own_message_id("another-secret-0", "reply", "T3", "out-3", "support.example")
    broken = newer[:10] + ("A" if newer[10] != "A" else "B") + newer[11:]
    raw = mail("m@x", older, forged, broken, newer)
    assert read(received(raw), raw, SECRET).clues.own == ("T2", "T1")


def test_without_an_id_the_content_makes_one() -> None:
    first, second = mail(None), mail(None, text="Other words.")
    assert message_id(first) == message_id(first, "c2") != message_id(second)
    assert message_id(first).endswith(".invalid")


def test_without_id_and_date_every_delivery_is_a_mail_of_its_own() -> None:
    raw = mail(None, date=None)
    assert message_id(raw, "c1") != message_id(raw, "c2"), "losing a mail would be worse than having it twice"


def test_an_import_may_be_run_again_even_without_id_and_date() -> None:
    raw, other = mail(None, date=None), mail(None, date=None, text="Other words.")
    digest = hashlib.sha256(raw).hexdigest()
    assert message_id(raw, "c1", "import") == message_id(raw, "c2", "import") == f"{digest[:32]}@import.invalid"
    assert message_id(other, "c1", "import") != message_id(raw, "c1", "import")
    assert message_id(mail("m@x", date=None), "c1", "import") == "m@x"
    assert message_id(mail(None), "c1", "import") == message_id(mail(None), "c2"), "with a date as through every door"


@pytest.mark.parametrize(
    ("envelope_from", "door", "automatic"),
    [("ann@example.com", "smtp", None), ("", "smtp", "bounce"), ("", "import", None)],
)
def test_a_null_sender_is_a_machine_but_an_import_has_no_envelope(
    envelope_from: str, door: str, automatic: str | None
) -> None:
    raw = mail()
    event = received(raw, envelope_from=envelope_from, door=door)
    contact = contact_event(read(event, raw, SECRET), NEW)
    assert (contact.automatic, contact.imported) == (automatic, door == "import")


def test_a_contact_tells_what_the_mail_says() -> None:
    raw = mail("m@x", "a@x", sender='"Lee, Ann" <Ann@Example.com>', more="Cc: Bob <bob@x>\r\nReply-To: <list@x>")
    contact = contact_event(read(received(raw), raw, SECRET), Decision("appended", "T7", NONE, None))
    assert (contact.ticket, contact.opens, contact.message_id, contact.references) == ("T7", False, "m@x", ("a@x",))
    assert contact.sender == Party(address="ann@example.com", name="Lee, Ann")
    assert (contact.cc, contact.reply_to) == ((Party(address="bob@x", name="Bob"),), (Party(address="list@x"),))
    assert contact.sent_at == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert (contact.text.strip(), contact.text_truncated) == ("Please help.", False)


def test_a_mail_that_only_replies_has_that_for_references() -> None:
    raw = b"From: a@x\r\nIn-Reply-To: <p@x>\r\nMessage-ID: <m@x>\r\n\r\nHi\r\n"
    assert contact_event(read(received(raw), raw, SECRET), NEW).references == ("p@x",)


def test_a_mail_without_a_sender_has_the_envelopes() -> None:
    raw = b"Subject: x\r\n\r\nHi\r\n"
    event = received(raw, envelope_from="Bob@Example.com")
    contact = contact_event(read(event, raw, SECRET), NEW)
    assert contact.sender == Party(address="bob@example.com", name="")


@pytest.mark.parametrize(("length", "truncated"), [(TEXT_CHARS - 10, False), (TEXT_CHARS + 10, True)])
def test_long_text_is_cut_and_said_to_be(length: int, truncated: bool) -> None:
    raw = mail(text="x" * length)
    contact = contact_event(read(received(raw), raw, SECRET), NEW)
    assert (len(contact.text) <= TEXT_CHARS, contact.text_truncated) == (True, truncated)


def test_html_that_is_too_long_is_left_out_and_said_to_be() -> None:
    for length, kept in ((100, True), (HTML_CHARS + 10, False)):
        raw = mail(more="Content-Type: text/html", text=f"<p>{'x' * length}</p>")
        contact = contact_event(read(received(raw), raw, SECRET), NEW)
        assert (contact.html is not None, "html-too-long-for-event" in contact.defects) == (kept, not kept)
        assert contact.text.startswith("xxx")


@pytest.mark.parametrize("raw", [b"", b"\x00", b"\r\n\r\n", b"\xff\xfe" * 9, b"From: \xff\r\nSubject: =?x?b?!!?="])
def test_whatever_the_bytes_are_there_is_a_contact(raw: bytes) -> None:
    contact = contact_event(read(received(raw), raw, SECRET), NEW)
    assert contact.message_id
    contact.model_dump_json().encode()


def sized(contact: str, size: int) -> Received[MailReceived]:
    event = received(b"", contact).event
    return Received(event.model_copy(update={"raw": event.raw.model_copy(update={"size": size})}), contact, None)


@pytest.mark.parametrize(
    ("sizes", "slices"),
    [
        ([], []),
        ([1, 2, 3], [3]),
        ([SLICE_BYTES], [1]),
        ([SLICE_BYTES + 1, 1, 1], [1, 2]),
        ([SLICE_BYTES // 2, SLICE_BYTES // 2, 1], [2, 1]),
        ([1, SLICE_BYTES, SLICE_BYTES], [1, 1, 1]),
    ],
)
def test_a_batch_is_read_in_portions_that_fit_into_memory(sizes: list[int], slices: list[int]) -> None:
    events = [sized(f"c{n}", size) for n, size in enumerate(sizes)]
    portions = list(_slices(events))
    assert [len(portion) for portion in portions] == slices
    assert [one for portion in portions for one in portion] == events
