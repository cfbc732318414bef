"""The event that tells of a contact: all of it that may be shown, up to a cap, and where it went. Pure."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from postroom_contracts.contacts import Authentication, ContactReceived, Invitation, Spam
from postroom_contracts.inbound import MailReceived, SubmissionReceived
from postroom_contracts.values import Attachment, Channel, Door, Party
from postroom_ingest import parse
from postroom_ingest.contact import Arrived, Read
from postroom_ingest.known import Decision

TEXT_CHARS: Final = 64_000
HTML_CHARS: Final = 256_000
"""Caps of what travels in an event; the whole stays in the raw mail."""


def contact_event(one: Read, decision: Decision) -> ContactReceived:
    """The event that tells of a contact and its ticket."""
    event, mail = one.event, one.mail
    html = mail.html if mail.html is not None and len(mail.html) <= HTML_CHARS else None
    defects = mail.defects if html is not None or mail.html is None else (*mail.defects, "html-too-long-for-event")
    writer = _party(mail.from_, one.clues.sender)
    forwarded_in = one.requester is not None and decision.outcome == "new"
    return ContactReceived(
        contact=event.contact,
        ticket=decision.ticket,
        opens=decision.outcome == "new",
        follows=decision.follows,
        evidence=decision.evidence,
        channel=_channel(event),
        mailbox=event.mailbox,
        sender=_party(one.requester, "") if forwarded_in else writer,
        forwarded_by=writer if forwarded_in else None,
        reply_to=() if forwarded_in else _parties(mail.reply_to),
        to=_parties(mail.to),
        cc=_parties(mail.cc),
        subject_line=mail.subject,
        text=mail.text[:TEXT_CHARS],
        text_truncated=len(mail.text) > TEXT_CHARS,
        own_words=one.own_words and one.own_words[:TEXT_CHARS],
        html=html,
        language=mail.language,
        automatic=mail.automatic,
        automatic_evidence=mail.automatic_evidence or "",
        importance=mail.importance,
        attachments=tuple(_attachment(part) for part in mail.attachments),
        raw=event.raw,
        message_id=one.clues.message_id,
        references=mail.references or mail.in_reply_to,
        sent_at=mail.sent_at,
        received_at=event.received_at,
        imported=one.clues.imported,
        defects=defects,
        door=_door(event),
        also=one.clues.also,
        warnings=decision.warnings,
        similar=decision.similar,
        spam=mail.spam and Spam(verdict=mail.spam.verdict, score=mail.spam.score, by=mail.spam.by),
        authentication=one.authentication or Authentication(),
        protection=mail.protection,
        tls=event.tls if isinstance(event, MailReceived) else None,
        invitation=mail.invitation and Invitation.model_validate(asdict(mail.invitation)),
        redactions=one.redactions,
    )


def _channel(event: Arrived) -> Channel:
    return event.channel if isinstance(event, SubmissionReceived) else "email"


def _door(event: Arrived) -> Door:
    return event.door if isinstance(event, MailReceived) else "http"


def _parties(people: Sequence[parse.Address]) -> tuple[Party, ...]:
    return tuple(Party(address=one.address, name=one.name) for one in people)


def _party(person: parse.Address | None, address: str) -> Party:
    return Party(address=address or (person.address.lower() if person else ""), name=person.name if person else "")


def _attachment(part: parse.Attachment) -> Attachment:
    return Attachment(
        name=part.name,
        content_type=part.content_type,
        size=part.size,
        sha256=part.sha256,
        part=part.part,
        content_id=part.content_id,
        inline=part.inline,
    )
