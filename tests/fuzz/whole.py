"""The whole pure reading of ingest, from bytes to the events of a contact, and what must hold of any bytes."""

import re
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime

import bson

from postroom_contracts import Event
from postroom_contracts.config import Redaction
from postroom_contracts.contacts import ContactReceived
from postroom_contracts.inbound import MailReceived, SubmissionReceived
from postroom_contracts.values import ClaimCheck
from postroom_ingest.contact import Arrived, Lens, Read, read
from postroom_ingest.conversation import Copy, Decision, Knowledge, KnownId, KnownTicket, Rules, decide
from postroom_ingest.parse import attachment_bytes, thread_root
from postroom_ingest.parse.limits import MAX_ADDRESSES, MAX_DEFECTS, MAX_IDS, MAX_PARTS
from postroom_ingest.parse.reader import UNREAD
from postroom_ingest.redaction import Redactor
from postroom_ingest.submission import conversation
from postroom_ingest.telling import HTML_CHARS, TEXT_CHARS, contact_event
from postroom_plumbing.cluster import MAX_EVENT_BYTES
from postroom_plumbing.tokens import own_message_id, ticket_address

SECRET = "a-secret-of-the-fuzzer"
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TICKET = "01920000-0000-7000-8000-000000000001"
OUTGOING = "01920000-0000-7000-8000-000000000002"
AGENT = "agent@example.com"
MAILBOX = "support@example.com"
CUSTOMER = "ann@example.org"
KNOWN_ID = "known@example.org"
OWN_ID = own_message_id(SECRET, "reply", TICKET, OUTGOING, "example.com")
OWN_ADDRESS = ticket_address(SECRET, TICKET, MAILBOX)
LENS = Lens(
    (SECRET, "an-older-secret-of-it"),
    Redactor({"customer-number": Redaction(name="Number", pattern=r"\bK-[0-9]{6}\b", replacement="[number]")}),
    frozenset({AGENT}),
    frozenset({AGENT, MAILBOX}),
)
RULES = Rules(ours=LENS.ours, spam_aside=frozenset({"support"}))
_SENDERS = ("", CUSTOMER, AGENT, "mailer-daemon@example.net", CUSTOMER, CUSTOMER, AGENT, CUSTOMER)
_RAW = ClaimCheck(store="ingest", id="contact", sha256="0" * 64, size=1)
UNSEEN = "unseen:"
"""Begins the defect that names a mistake of ours in what only helps a reader."""
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def knowledge() -> Knowledge:
    """A ticket, and a mail on it."""
    copy = Copy("first", TICKET, "fingerprint", frozenset({"support"}))
    ticket = KnownTicket(TICKET, customer=CUSTOMER, mailbox="support", participants=frozenset({CUSTOMER}))
    return Knowledge(ids={KNOWN_ID: KnownId(TICKET, (copy,))}, tickets={TICKET: ticket}, by_number={17: TICKET})


def mail_event(raw: bytes) -> MailReceived:
    """How a mail came: by one door or another, which its bytes decide, so that the same bytes are the same case."""
    dice = zlib.crc32(raw)
    return MailReceived(
        contact="contact",
        raw=_RAW,
        mailbox="support",
        envelope_from=_SENDERS[dice & 7],
        envelope_to=(OWN_ADDRESS if dice & 64 else MAILBOX,),
        thread_root="root",
        received_at=START,
        door=("smtp", "imap", "http", "import")[dice >> 3 & 3],
        imported=bool(dice & 32),
    )


def check_mail(raw: bytes) -> None:
    """Read `raw` as a mail; AssertionError where something does not hold, and whatever reading raises."""
    event = mail_event(raw)
    one = read(event, raw, LENS)
    thorough = _thorough(raw)
    _check(event, one, thorough=thorough)
    mail = one.mail
    mistakes = [defect for defect in mail.defects if defect.startswith((UNREAD, UNSEEN))]
    assert not mistakes, mistakes
    assert len(mail.defects) <= MAX_DEFECTS + 2
    assert len(mail.references) <= MAX_IDS
    assert max(len(mail.to), len(mail.cc), len(mail.reply_to)) <= MAX_ADDRESSES
    assert len(mail.attachments) <= MAX_PARTS
    if thorough:
        assert mail.thread_root == thread_root(raw)
        for attachment in mail.attachments[:1]:
            assert len(attachment_bytes(raw, attachment.part)[1]) == attachment.size


def check_submission(raw: bytes) -> None:
    """Read `raw`, a valid submission."""
    event = SubmissionReceived(
        contact="contact",
        raw=_RAW,
        mailbox="support",
        thread_root=conversation("chat", "support", "key", "contact"),
        received_at=START,
        channel="chat",
        thread_key="key",
    )
    _check(event, read(event, raw, LENS), thorough=_thorough(raw))


def _thorough(raw: bytes) -> bool:
    """Whether what takes as long as reading is checked too: of an eighth of the cases, which their bytes decide."""
    return zlib.crc32(raw) >> 8 & 7 == 0


def _check(event: Arrived, one: Read, *, thorough: bool) -> None:
    known = knowledge()
    decision = decide(one.clues, known, RULES, "new-ticket", event.contact)
    told = contact_event(one, decision)
    for text in _texts(told):
        assert "\0" not in text
    assert len(told.text) <= TEXT_CHARS
    assert len(told.own_words or "") <= TEXT_CHARS
    assert len(told.html or "") <= HTML_CHARS
    assert decision.outcome in ("new", "appended", "duplicate", "set-aside")
    assert (decision.outcome == "set-aside") == (decision.cause is not None)
    for each in (told, *one.bounces):
        _travels(each, thorough=thorough)
    _repeats(event, one, known, decision)


def _texts(told: ContactReceived) -> Iterator[str]:
    yield from (told.text, told.own_words or "", told.html or "", told.subject_line)
    yield from (attachment.name for attachment in told.attachments)


def _travels(event: Event, *, thorough: bool) -> None:
    """It can be published and stored: as JSON, and as BSON."""
    content = event.model_dump_json().encode()
    assert len(content) <= MAX_EVENT_BYTES
    assert not _NUL.search(content)
    if thorough:
        bson.encode({"event": event.model_dump(mode="json")})
        assert type(event).model_validate_json(content).model_dump_json().encode() == content


def _repeats(event: Arrived, one: Read, known: Knowledge, decision: Decision) -> None:
    """The same contact again is a duplicate, on the same ticket."""
    if decision.cause is None:
        again = decide(one.clues, known, RULES, "another-ticket", "again")
        assert (again.outcome, again.ticket) == ("duplicate", decision.ticket), event.contact
