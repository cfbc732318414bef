"""Writes the mails: templates in the customer's language, composed once and kept as bytes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template, select_autoescape

from postroom_contracts.config import Mailbox
from postroom_contracts.outbound import ReplyRequested
from postroom_contracts.values import Party
from postroom_notifier import headers
from postroom_notifier.addresses import usable
from postroom_notifier.compose import Mail, compose
from postroom_notifier.dedup import WORDS, outgoing_id
from postroom_notifier.domain import Wanted
from postroom_notifier.moments import moment
from postroom_notifier.outgoing import Outgoing, Told
from postroom_notifier.subjects import answered
from postroom_plumbing.languages import Language, direction, pick
from postroom_plumbing.tokens import own_message_id, survey_token

RATINGS = (1, 2, 3, 4, 5)
NO_MAILBOX = "the mailbox it should be sent from is not known"
NO_ADDRESS = "no mail can be sent to this address"


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail ready to be queued, and what is to be told about it at once."""

    outgoing: Outgoing
    told: tuple[Told, ...] = ()


class Letters:
    """Writes mails. What it writes depends on its arguments only."""

    def __init__(self, secret: str, portal_url: str) -> None:
        self._secret = secret
        self._portal_url = portal_url
        environment = Environment(
            loader=PackageLoader("postroom_notifier"),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,
        )
        self._template: Callable[[str], Template] = environment.get_template

    def automatic(self, wanted: Wanted, now: datetime) -> Letter:
        """An acknowledgement or a survey."""
        opened, mailbox = wanted.opened, wanted.mailbox
        address = usable(opened.reply_to.address)
        if address is None:
            raise ValueError("who cannot be written to is not to be answered")
        sender = _sender(mailbox)
        host = sender.address.rpartition("@")[2]
        message_id = own_message_id(self._secret, WORDS[wanted.kind], wanted.ticket, wanted.ticket, host)
        subject = answered(opened.subject, opened.number)
        text, html = self._render(wanted, subject, now)
        mail = Mail(
            kind=wanted.kind,
            sender=sender,
            to=(Party(address=address, name=opened.reply_to.name),),
            subject=subject,
            date=now,
            message_id=message_id,
            text=text,
            html=html,
            references=opened.chain,
        )
        return Letter(_queued(mail, outgoing_id(wanted.kind, wanted.ticket), wanted.ticket, now))

    def reply(self, event: ReplyRequested, mailbox: Mailbox | None, now: datetime) -> Letter:
        """An agent's reply. What cannot be sent at all is failed from the start, and says why."""
        wanted = tuple(one.address for one in (*event.to, *event.cc))
        unfit = tuple(one for one in wanted if usable(one) is None)
        to, cc = _usable(event.to), _usable(event.cc)
        if mailbox is None or not (to or cc):
            reason = NO_MAILBOX if mailbox is None else NO_ADDRESS
            return Letter(_stillborn(event, wanted, reason, now), (Told("failed", wanted, reason),))
        mail = Mail(
            kind="reply",
            sender=_sender(mailbox, event.author),
            to=to or cc,
            cc=cc if to else (),
            subject=event.subject_line,
            date=now,
            message_id=event.message_id,
            text=event.text,
            html=event.html,
            references=event.references,
        )
        outgoing = _queued(mail, outgoing_id("reply", event.message), event.ticket, now, event.message)
        return Letter(outgoing, (Told("failed", unfit, NO_ADDRESS),) if unfit else ())

    def _render(self, wanted: Wanted, subject: str, now: datetime) -> tuple[str, str]:
        """The text and the HTML."""
        opened, mailbox = wanted.opened, wanted.mailbox
        language = pick(opened.language)
        words: dict[str, Any] = {
            "language": language,
            "direction": direction(language),
            "subject": subject,
            "mailbox": headers.clean(mailbox.name),
            "number": opened.number,
        }
        if wanted.kind == "survey":
            words["links"] = self.survey_links(wanted.ticket)
        else:
            words["due"], words["zone"] = _due(wanted, language, now)
        page = f"{wanted.kind}/{language}"
        return self._template(f"{page}.txt").render(words), self._template(f"{page}.html").render(words)

    def survey_links(self, ticket: str) -> list[tuple[int, str]]:
        """The links of a survey, by rating."""
        base = f"{self._portal_url}/csat/{survey_token(self._secret, ticket, ticket)}"
        return [(rating, f"{base}?rating={rating}") for rating in RATINGS]


def _sender(mailbox: Mailbox, author: str = "") -> Party:
    name = f"{author} via {mailbox.name}" if author.strip() else mailbox.name
    return Party(address=usable(mailbox.address) or mailbox.address, name=name)


def _due(wanted: Wanted, language: Language, now: datetime) -> tuple[str, str]:
    """When to expect an answer, and the zone; empty when nothing is promised, or it is late already."""
    if wanted.due_at is None or wanted.due_at <= now:
        return "", ""
    return moment(wanted.due_at, wanted.mailbox.timezone, language)


def _usable(parties: tuple[Party, ...]) -> tuple[Party, ...]:
    return tuple(
        Party(address=address, name=one.name) for one in parties if (address := usable(one.address)) is not None
    )


def _queued(mail: Mail, outgoing: str, ticket: str, now: datetime, message: str | None = None) -> Outgoing:
    recipients = tuple(dict.fromkeys(one.address for one in (*mail.to, *mail.cc)))
    return Outgoing(
        id=outgoing,
        ticket=ticket,
        kind=mail.kind,
        message=message,
        envelope_from=mail.sender.address if mail.kind == "reply" else "",
        to=recipients,
        left=recipients,
        refused=(),
        subject_line=headers.subject_text(mail.subject),
        message_id=mail.message_id,
        raw=compose(mail),
        state="queued",
        next_at=now,
        queued_at=now,
    )


def _stillborn(event: ReplyRequested, to: tuple[str, ...], reason: str, now: datetime) -> Outgoing:
    return Outgoing(
        id=outgoing_id("reply", event.message),
        ticket=event.ticket,
        kind="reply",
        message=event.message,
        envelope_from="",
        to=to,
        left=(),
        refused=(),
        subject_line=headers.subject_text(event.subject_line),
        message_id=event.message_id,
        raw=b"",
        state="failed",
        next_at=now,
        queued_at=now,
        reason=reason,
    )
