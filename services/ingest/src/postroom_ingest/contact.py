"""From what came in to a contact: what is in it, what may be shown of it, and what it says about where it belongs.

Pure: bytes and settings in, values out.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from postroom_contracts.contacts import Authentication
from postroom_contracts.delivery import MailBounced, MailKind
from postroom_contracts.inbound import MailReceived, SubmissionReceived
from postroom_ingest import parse
from postroom_ingest.evidence import answered
from postroom_ingest.known import Clues
from postroom_ingest.marks import own_message, read_marks
from postroom_ingest.parse.addresses import addresses
from postroom_ingest.parse.forwards import forwarded, requester_of
from postroom_ingest.parse.forwards.attached import of_message
from postroom_ingest.parse.reports import Recipient
from postroom_ingest.parse.trim import trim
from postroom_ingest.privacy import redacted
from postroom_ingest.quoting import marks_in, marks_of
from postroom_ingest.redaction import Redactor
from postroom_ingest.submission import read_submission
from postroom_plumbing.tokens import Kind, looks_like_ticket_address

Arrived = MailReceived | SubmissionReceived
T = TypeVar("T")

_HEAD_BYTES: Final = 65_536
_ENVELOPED: Final = ("smtp", "lmtp")
"""Doors whose mail has an envelope always: there an empty sender is the null sender (RFC 5321 section 4.5.5)."""
_OUTGOING: Final[Mapping[Kind, MailKind]] = {"ack": "acknowledgement", "reply": "reply", "survey": "survey"}


@dataclass(frozen=True, slots=True)
class Lens:
    """What reading needs to know besides the bytes."""

    secrets: Sequence[str]
    """The one that signs our marks now, and those before it."""
    redactor: Redactor = field(default_factory=Redactor)
    agents: frozenset[str] = frozenset()
    """Addresses of agents, in lower case."""
    ours: frozenset[str] = frozenset()
    """Addresses of agents and mailboxes, in lower case."""


@dataclass(frozen=True, slots=True)
class Read:
    """Something that came in, read and redacted."""

    event: Arrived
    mail: parse.Mail
    clues: Clues
    own_words: str | None
    requester: parse.Address | None = None
    """The customer whose mail an agent forwarded."""
    redactions: int = 0
    bounces: tuple[MailBounced, ...] = ()
    authentication: Authentication | None = None


def read(event: Arrived, raw: bytes, lens: Lens, authentication: Authentication | None = None) -> Read:
    """Read what came in, whatever the bytes are; `authentication` is what is known of its origin."""
    if isinstance(event, SubmissionReceived):
        mail, found = redacted(read_submission(raw, event.contact), lens.redactor)
        return Read(event, mail, _clues_of_submission(event, mail), None, redactions=found)
    enveloped = event.door in _ENVELOPED or event.envelope_from
    whole = parse.parse(raw, envelope_from=event.envelope_from if enveloped else None)
    if any(_is_ours(one, lens) for one in whole.reply_to):  # an answer must not come back to ourselves
        whole = replace(whole, reply_to=tuple(one for one in whole.reply_to if not _is_ours(one, lens)))
    forged = authentication is not None and authentication.dmarc == "fail"
    mistakes: list[str] = []
    requester = None if forged else _tried(lambda: _requester(whole, raw, lens), None, mistakes)
    mail, found = redacted(whole, lens.redactor)
    own_words = _tried(lambda: trim(mail.text, mail.html).own_words, mail.text, mistakes)
    if mistakes:
        mail = replace(mail, defects=(*mail.defects, *mistakes))
    return Read(
        event,
        mail,
        _clues(event, mail, raw, requester, own_words, lens, forged_sender=forged),
        None if own_words.strip() == mail.text.strip() else own_words,
        requester,
        found,
        tuple(_bounces(event, mail, lens.secrets)),
        authentication,
    )


def _is_ours(one: parse.Address, lens: Lens) -> bool:
    return one.address.lower() in lens.ours


def _tried(look: Callable[[], T], otherwise: T, mistakes: list[str]) -> T:
    """What `look` finds. It only helps a reader, so a mistake of ours in it is named and does not stop a mail."""
    try:
        return look()
    except Exception as error:  # noqa: BLE001  pure code; see above
        mistakes.append(f"unseen:{type(error).__name__}")
        return otherwise


def _lower(*people: parse.Address) -> tuple[str, ...]:
    return tuple(one.address.lower() for one in people)


def _clues(
    event: MailReceived,
    mail: parse.Mail,
    raw: bytes,
    requester: parse.Address | None,
    own_words: str,
    lens: Lens,
    *,
    forged_sender: bool,
) -> Clues:
    answers = answered(mail.references, mail.in_reply_to)
    if mail.report is not None and mail.report.original_message_id:
        answers = (mail.report.original_message_id, *answers)
    others = _lower(*mail.reply_to, *mail.to, *mail.cc)
    sent_to = (*event.envelope_to, *others, *_delivered_to(raw, event))
    marks = read_marks(lens.secrets, mail.message_id, answers, sent_to)
    answer_to = requester or next(iter(mail.reply_to), None)
    return Clues(
        message_id=_message_id(mail, event),
        fingerprint=parse.fingerprint(mail),
        sender=mail.from_.address.lower() if mail.from_ else event.envelope_from.lower(),
        subject=mail.subject,
        answers=answers,
        received_at=event.received_at,
        mailbox=event.mailbox,
        also=event.also,
        own=marks.own,
        forged_mark=marks.forged,
        own_mail=marks.own_mail,
        forged_sender=forged_sender,
        others=tuple(one for one in others if not looks_like_ticket_address(one)),
        answer_to=answer_to.address.lower() if answer_to else "",
        automatic=mail.automatic,
        spam=mail.spam is not None and mail.spam.verdict,
        imported=event.imported or event.door == "import",
        released=event.released,
        text=own_words,
        lines=marks_of(own_words),
        quoted=marks_in(mail.text) if answers else frozenset(),
        sent_at=mail.sent_at,
    )


def _clues_of_submission(event: SubmissionReceived, mail: parse.Mail) -> Clues:
    return Clues(
        message_id=mail.message_id or event.contact,
        fingerprint=parse.fingerprint(mail),
        sender=mail.from_.address.lower() if mail.from_ else "",
        subject=mail.subject,
        answers=(),
        received_at=event.received_at,
        mailbox=event.mailbox,
        thread_key=f"thread {event.thread_root}",  # with a space, so that no mail can call itself so
        automatic=mail.automatic,
        released=event.released,
        text=mail.text,
    )


def _delivered_to(raw: bytes, event: MailReceived) -> tuple[str, ...]:
    """Addresses of Delivered-To, where no envelope says whom the mail was for."""
    if event.door in _ENVELOPED or b"delivered-to:" not in raw[:_HEAD_BYTES].lower():
        return ()
    headers = parse.read_head(raw[:_HEAD_BYTES]).headers
    return _lower(*addresses(headers.value("delivered-to"), []))


def _message_id(mail: parse.Mail, event: MailReceived) -> str:
    """The mail's id; one made from its content where it has none; one of its own where it has not even a date.

    Without a Message-ID and a Date nothing tells a second delivery of one mail from two mails with the same words,
    and of the two mistakes losing a mail is the worse. An import and an account are different: the same bytes are the
    same mail there, so that they can be looked at again.
    """
    if mail.message_id:
        return mail.message_id
    if mail.sent_at is not None:
        return parse.synthetic_message_id(mail)
    if event.door in ("import", "imap"):
        return f"{event.raw.sha256[:32]}@import.invalid"
    return f"{event.contact}@contact.invalid"


def _requester(mail: parse.Mail, raw: bytes, lens: Lens) -> parse.Address | None:
    """The customer whose mail an agent forwarded, within the text or as an attached message."""
    if mail.automatic is not None or mail.from_ is None or mail.from_.address.lower() not in lens.agents:
        return None
    found = forwarded(mail.subject, mail.text)
    messages = [one.part for one in mail.attachments if one.content_type == "message/rfc822"]
    if found is None and len(messages) == 1:
        found = of_message(parse.attachment_bytes(raw, messages[0])[1])
    customer = requester_of(mail.from_, found, is_agent=lens.agents.__contains__, is_ours=lens.ours.__contains__)
    return customer and replace(customer, name=lens.redactor.text(customer.name).text)


def _bounces(event: MailReceived, mail: parse.Mail, secrets: Sequence[str]) -> Iterator[MailBounced]:
    """What a report says of a mail of ours; only what we signed is ours."""
    report = mail.report
    if report is None or report.kind not in ("bounce", "delay") or report.original_message_id is None:
        return
    ours = own_message(secrets, report.original_message_id)
    if ours is None:
        return
    for one in report.recipients or (_NOBODY,):
        yield MailBounced(
            ticket=ours.ticket,
            outgoing=ours.outgoing,
            kind=_OUTGOING[ours.kind],
            contact=event.contact,
            message_id=report.original_message_id,
            to=one.address,
            permanent=report.kind == "bounce" and one.permanent,
            status=one.status,
            reason=one.reason,
            diagnostic=one.diagnostic,
            at=event.received_at,
        )


_NOBODY: Final = Recipient(address="", action="failed", status="", permanent=False, reason="other")
