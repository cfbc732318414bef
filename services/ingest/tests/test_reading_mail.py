"""A mail as a contact: the caps, the ids and the marks of ours. Pure."""

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from postroom_contracts.contacts import Authentication, ContactReceived
from postroom_contracts.delivery import MailBounced
from postroom_contracts.inbound import SubmissionReceived
from postroom_contracts.values import Party
from postroom_ingest.contact import Arrived, Lens, Read, read
from postroom_ingest.conversation import Decision
from postroom_ingest.reading import SLICE_BYTES, _slices
from postroom_ingest.submission import Submission
from postroom_ingest.telling import HTML_CHARS, TEXT_CHARS, contact_event
from postroom_plumbing.tokens import own_message_id
from postroom_plumbing.wire import Received

from .making import NONE, SECRET, SECRETS, START, mail, received

NEW = Decision("new", "T1", NONE)
AGENT = "sara@example.com"
LENS = Lens(SECRETS, agents=frozenset({AGENT}), ours=frozenset({AGENT, "support@example.com"}))
CARD = "4111 1111 1111 1111"


def message_id(raw: bytes, contact: str = "c1", door: str = "smtp") -> str:
    return read(received(raw, contact, door=door).event, raw, LENS).clues.message_id


def test_a_mail_says_what_it_answers_newest_first() -> None:
    raw = mail("m3@x", "m1@x", "m2@x", sender="Ann <ANN@Example.com>", subject="Re: Help [#7]")
    clues = read(received(raw).event, raw, LENS).clues
    assert (clues.message_id, clues.answers) == ("m3@x", ("m2@x", "m1@x"))
    assert (clues.sender, clues.subject, clues.own) == ("ann@example.com", "Re: Help [#7]", ())


def test_our_own_ids_are_known_and_forged_ones_are_not() -> None:
    older = own_message_id(SECRET, "ack", "T1", "out-1", "support.example")
    newer = own_message_id(SECRET, "reply", "T2", "out-2", "support.example")
    forged = own_message_id("another-secret-0", "reply", "T3", "out-3", "support.example")
    broken = newer[:10] + ("A" if newer[10] != "A" else "B") + newer[11:]
    raw = mail("m@x", older, forged, broken, newer)
    assert read(received(raw).event, raw, LENS).clues.own == ("T2", "T1")


def test_without_an_id_the_content_makes_one() -> None:
    first, second = mail(None), mail(None, text="Other words.")
    assert message_id(first) == message_id(first, "c2") != message_id(second)
    assert message_id(first).endswith(".invalid")


def test_without_id_and_date_every_delivery_is_a_mail_of_its_own() -> None:
    raw = mail(None, date=None)
    assert message_id(raw, "c1") != message_id(raw, "c2"), "losing a mail would be worse than having it twice"


def test_an_answer_never_comes_back_to_ourselves() -> None:
    one = read(
        received(raw := mail(more="Reply-To: Help <Support@Example.com>, ann2@example.com\r\n")).event, raw, LENS
    )
    assert (contact_event(one, NEW).reply_to, one.clues.answer_to) == (
        (Party(address="ann2@example.com"),),
        "ann2@example.com",
    )
    one = read(received(raw := mail(more="Reply-To: support@example.com\r\n")).event, raw, LENS)
    assert (contact_event(one, NEW).reply_to, one.clues.answer_to) == ((), "")


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
    contact = contact_event(read(event.event, raw, LENS), NEW)
    assert (contact.automatic, contact.imported) == (automatic, door == "import")


def test_a_contact_tells_what_the_mail_says() -> None:
    raw = mail("m@x", "a@x", sender='"Lee, Ann" <Ann@Example.com>', more="Cc: Bob <bob@x>\r\nReply-To: <list@x>")
    contact = contact_event(read(received(raw).event, raw, LENS), Decision("appended", "T7", NONE, None))
    assert (contact.ticket, contact.opens, contact.message_id, contact.references) == ("T7", False, "m@x", ("a@x",))
    assert contact.sender == Party(address="ann@example.com", name="Lee, Ann")
    assert (contact.cc, contact.reply_to) == ((Party(address="bob@x", name="Bob"),), (Party(address="list@x"),))
    assert contact.sent_at == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert (contact.text.strip(), contact.text_truncated) == ("Please help.", False)


def test_a_mail_that_only_replies_has_that_for_references() -> None:
    raw = b"From: a@x\r\nIn-Reply-To: <p@x>\r\nMessage-ID: <m@x>\r\n\r\nHi\r\n"
    assert contact_event(read(received(raw).event, raw, LENS), NEW).references == ("p@x",)


def test_a_mail_without_a_sender_has_the_envelopes() -> None:
    raw = b"Subject: x\r\n\r\nHi\r\n"
    event = received(raw, envelope_from="Bob@Example.com")
    contact = contact_event(read(event.event, raw, LENS), NEW)
    assert contact.sender == Party(address="bob@example.com", name="")


@pytest.mark.parametrize(("length", "truncated"), [(TEXT_CHARS - 10, False), (TEXT_CHARS + 10, True)])
def test_long_text_is_cut_and_said_to_be(length: int, truncated: bool) -> None:
    raw = mail(text="x" * length)
    contact = contact_event(read(received(raw).event, raw, LENS), NEW)
    assert (len(contact.text) <= TEXT_CHARS, contact.text_truncated) == (True, truncated)


def test_html_that_is_too_long_is_left_out_and_said_to_be() -> None:
    for length, kept in ((100, True), (HTML_CHARS + 10, False)):
        raw = mail(more="Content-Type: text/html", text=f"<p>{'x' * length}</p>")
        contact = contact_event(read(received(raw).event, raw, LENS), NEW)
        assert (contact.html is not None, "html-too-long-for-event" in contact.defects) == (kept, not kept)
        assert contact.text.startswith("xxx")


@pytest.mark.parametrize("raw", [b"", b"\x00", b"\r\n\r\n", b"\xff\xfe" * 9, b"From: \xff\r\nSubject: =?x?b?!!?="])
def test_whatever_the_bytes_are_there_is_a_contact(raw: bytes) -> None:
    contact = contact_event(read(received(raw).event, raw, LENS), NEW)
    assert contact.message_id
    contact.model_dump_json().encode()


def seen(raw: bytes, lens: Lens = LENS, **other: Any) -> ContactReceived:
    return contact_event(read(received(raw, **other).event, raw, lens), NEW)


def test_what_is_new_is_told_apart_from_the_quotation() -> None:
    raw = mail(text="It works now, thanks!\r\n\r\nOn Mon, 2 Mar 2026, Support wrote:\r\n> Try it again.")
    contact = seen(raw)
    assert contact.own_words == "It works now, thanks!"
    assert "Try it again." in contact.text
    assert seen(mail(text="Nothing but my words.")).own_words is None


def test_card_numbers_reach_no_event() -> None:
    raw = mail(
        subject=f"Card {CARD}",
        sender=f'"{CARD}" <ann@example.com>',
        more='Content-Type: multipart/mixed; boundary="b"',
        text=f"--b\r\nContent-Type: text/html\r\n\r\n<p>It is 4111<b>11111111</b>1111.</p>\r\n"
        f'--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename="{CARD}.txt"\r\n\r\nx\r\n--b--',
    )
    contact = seen(raw)
    told = re.sub(r"<[^>]+>|[\s-]", "", contact.model_dump_json(exclude={"raw"}))
    assert "1111111111" not in told
    assert told.count("411111••••••1111") == contact.redactions == 5


class TestForwardedByAnAgent:
    text = (
        "Please help her.\r\n\r\n---------- Forwarded message ---------\r\nFrom: Ana <ana@customer.example>\r\n"
        "Date: Mon, Mar 2, 2026 at 9:00 AM\r\nSubject: Broken\r\nTo: <sara@example.com>\r\n\r\nIt is broken.\r\n"
    )

    def test_the_customer_is_the_requester(self) -> None:
        contact = seen(mail(subject="Fwd: Broken", sender=f"Sara <{AGENT}>", text=self.text))
        assert contact.sender == Party(address="ana@customer.example", name="Ana")
        assert contact.forwarded_by == Party(address=AGENT, name="Sara")
        assert contact.reply_to == ()

    def test_whatever_they_call_themselves_is_redacted(self) -> None:
        text = self.text.replace("From: Ana", f"From: {CARD}")
        contact = seen(mail(subject="Fwd: Broken", sender=AGENT, text=text))
        assert contact.sender == Party(address="ana@customer.example", name="4111 11•• •••• 1111")

    def test_also_when_it_is_attached(self) -> None:
        inner = mail("i@x", sender="Ana <ana@customer.example>", text="It is broken.").decode()
        more = 'Content-Type: multipart/mixed; boundary="b"'
        text = f"--b\r\n\r\nSee below.\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--b--"
        assert seen(mail(sender=AGENT, more=more, text=text)).sender.address == "ana@customer.example"

    def test_but_not_when_somebody_else_forwards(self) -> None:
        contact = seen(mail(subject="Fwd: Broken", sender="eve@other.example", text=self.text))
        assert (contact.sender.address, contact.forwarded_by) == ("eve@other.example", None)

    def test_nor_when_it_is_shown_to_be_forged(self) -> None:
        raw = mail(subject="Fwd: Broken", sender=AGENT, text=self.text)
        one = read(received(raw).event, raw, LENS, Authentication(dmarc="fail", by="mx.example.com"))
        contact = contact_event(one, NEW)
        assert (contact.sender.address, contact.authentication.dmarc) == (AGENT, "fail")

    def test_on_a_ticket_that_exists_the_agent_stays_the_sender(self) -> None:
        raw = mail(subject="Fwd: Broken", sender=AGENT, text=self.text)
        contact = contact_event(read(received(raw).event, raw, LENS), Decision("appended", "T7", NONE))
        assert (contact.sender.address, contact.forwarded_by) == (AGENT, None)


class TestBounces:
    def bounce(
        self, original: str, status: str = "5.1.1", action: str = "failed", says: str = "550 5.1.1 no such user"
    ) -> Read:
        more = 'Content-Type: multipart/report; report-type=delivery-status; boundary="b"'
        parts = (
            "--b\r\n\r\nYour mail could not be delivered.",
            "--b\r\nContent-Type: message/delivery-status\r\n",
            "Reporting-MTA: dns; mx.example.net\r\n",
            f"Final-Recipient: rfc822; ana@customer.example\r\nAction: {action}\r\nStatus: {status}",
            f"Diagnostic-Code: smtp; {says}",
            f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{original}>\r\nSubject: Re: x\r\n\r\n--b--",
        )
        raw = mail(sender="MAILER-DAEMON@mx.example.net", more=more, text="\r\n".join(parts))
        return read(received(raw, envelope_from="").event, raw, LENS)

    def test_of_a_mail_of_ours_are_told_with_recipient_status_and_permanence(self) -> None:
        ours = own_message_id(SECRET, "reply", "T5", "reply:m1", "example.com")
        one = self.bounce(ours)
        (told,) = one.bounces
        assert isinstance(told, MailBounced)
        assert (told.ticket, told.outgoing, told.kind, told.message_id) == ("T5", "reply:m1", "reply", ours)
        assert (told.to, told.status, told.permanent) == ("ana@customer.example", "5.1.1", True)
        assert told.reason == "unknown-user"
        assert one.mail.automatic == "bounce"
        assert one.clues.own == ("T5",), "it belongs to the ticket of that mail"

    def test_what_the_other_server_says_is_redacted_too(self) -> None:
        ours = own_message_id(SECRET, "reply", "T5", "reply:m1", "example.com")
        (told,) = self.bounce(ours, says=f"550 5.7.1 the text has a card number: {CARD}").bounces
        assert told.diagnostic == "550 5.7.1 the text has a card number: 4111 11•• •••• 1111"

    def test_delays_are_not_permanent(self) -> None:
        ours = own_message_id(SECRET, "reply", "T5", "reply:m1", "example.com")
        (told,) = self.bounce(ours, "4.4.1", "delayed").bounces
        assert (told.permanent, told.status) == (False, "4.4.1")

    def test_of_other_peoples_mail_are_not_ours(self) -> None:
        assert self.bounce("somebody@else.example").bounces == ()


def test_a_submission_is_a_contact_like_any_other() -> None:
    event = SubmissionReceived(
        contact="c9",
        raw=received(b"").event.raw,
        mailbox="support",
        thread_root="sms.support.1",
        received_at=START,
        channel="sms",
    )
    raw = json.dumps(
        {"channel": "sms", "sender": {"phone": "+4930123456", "name": "Ana"}, "text": f"Meine Karte {CARD} geht nicht"}
    ).encode()
    one = read(event, raw, LENS)
    contact = contact_event(one, NEW)
    assert (contact.channel, contact.door, contact.sender.address) == ("sms", "http", "+4930123456")
    assert contact.subject_line == contact.text == "Meine Karte 4111 11•• •••• 1111 geht nicht"
    assert (contact.redactions, contact.language) == (2, "de")
    assert one.clues.thread_key not in (None, event.thread_root), "which a mail could have as its Message-ID"


@pytest.mark.parametrize("written", ["<{}>", "<{} >", "{}", '<"{}">', "<=?utf-8?q?{}?=>"])
def test_no_mail_can_call_itself_by_the_key_of_a_conversation(written: str) -> None:
    event = SubmissionReceived(
        contact="c9",
        raw=received(b"").event.raw,
        mailbox="support",
        thread_root="sms.support.1",
        received_at=START,
        channel="sms",
    )
    key = read(event, b'{"channel": "sms", "sender": {"phone": "+4930123456"}, "text": "x"}', LENS).clues.thread_key
    assert key is not None
    named = written.format(key.replace(" ", "_") if "=?" in written else key)
    raw = f"From: eve@x.example\r\nMessage-ID: {named}\r\nIn-Reply-To: {named}\r\nReferences: {named}\r\n\r\nx".encode()
    clues = read(received(raw).event, raw, LENS).clues
    assert key not in (clues.message_id, *clues.answers)


def sized(contact: str, size: int) -> Received[Arrived]:
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


def test_a_mistake_in_what_only_helps_does_not_stop_a_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    def mistaken(*_: object) -> None:
        raise IndexError

    monkeypatch.setattr("postroom_ingest.contact.trim", mistaken)
    monkeypatch.setattr("postroom_ingest.contact.forwarded", mistaken)
    contact = seen(mail(sender=AGENT, text="Words."))
    assert (contact.text.strip(), contact.own_words) == ("Words.", None)
    assert contact.defects.count("unseen:IndexError") == 2


@pytest.mark.parametrize("field", ["text", "html", "subject", "thread_key"])
def test_nul_is_taken_out_of_submissions(field: str) -> None:
    raw = json.dumps({"channel": "sms", "sender": {"phone": "+4930123456"}, "text": "x", field: "a\x00b"}).encode()
    submission = Submission.model_validate_json(raw)
    assert getattr(submission, field) == "ab"


def test_a_moment_that_cannot_be_is_no_submission() -> None:
    raw = {"channel": "sms", "sender": {"phone": "+4930123456"}, "text": "x", "sent_at": "0001-01-01T00:00:00+12:00"}
    with pytest.raises(ValueError, match="no such moment"):
        Submission.model_validate_json(json.dumps(raw))


def test_what_is_no_submission_is_refused_without_repeating_it() -> None:
    """The text of an error reaches dead letters and their stacks; nothing has been redacted by then."""
    with pytest.raises(ValueError, match="text") as refused:
        Submission.model_validate_json(json.dumps({"channel": "sms", "sender": {}, "text": [f"My card is {CARD}"]}))
    assert CARD not in str(refused.value)
