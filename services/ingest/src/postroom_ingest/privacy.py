"""A mail without what nobody may read: everything of it that can be read goes through the redactor. Pure."""

from collections.abc import Iterator
from dataclasses import replace

from postroom_ingest.parse import Address, Attachment, Mail
from postroom_ingest.parse.calendar import Invitation
from postroom_ingest.parse.reports import Report
from postroom_ingest.redaction import Redacted, Redactor


def redacted(mail: Mail, redactor: Redactor) -> tuple[Mail, int]:
    """The mail as it may be stored, shown and published, and in how many places something was taken out."""
    if redactor.leaves("\x00".join(_texts(mail))) and (mail.html is None or redactor.leaves(mail.html)):
        return mail, 0
    cleaner = _Cleaner(redactor)
    clean = replace(
        mail,
        subject=cleaner.text(mail.subject),
        text=cleaner.text(mail.text),
        html=cleaner.html(mail.html),
        automatic_evidence=mail.automatic_evidence and cleaner.text(mail.automatic_evidence),
        from_=cleaner.people((mail.from_,))[0] if mail.from_ else None,
        reply_to=cleaner.people(mail.reply_to),
        to=cleaner.people(mail.to),
        cc=cleaner.people(mail.cc),
        attachments=tuple(map(cleaner.attachment, mail.attachments)),
        invitation=cleaner.invitation(mail.invitation),
        report=cleaner.report(mail.report),
    )
    return (clean, cleaner.found) if cleaner.found else (mail, 0)


def _texts(mail: Mail) -> Iterator[str]:
    """All that the cleaner looks at but the HTML."""
    yield mail.subject
    yield mail.text
    yield mail.automatic_evidence or ""
    for people in ((mail.from_,) if mail.from_ else (), mail.reply_to, mail.to, mail.cc):
        yield from (one.name for one in people)
    yield from (one.name for one in mail.attachments)
    if mail.invitation is not None:
        yield mail.invitation.summary
        yield mail.invitation.location
        yield _named(mail.invitation)
    if mail.report is not None:
        yield from (one.diagnostic for one in mail.report.recipients)


def _named(invitation: Invitation) -> str:
    """The organiser where that is a name; addresses stay as they are everywhere."""
    return "" if "@" in invitation.organizer else invitation.organizer


class _Cleaner:
    """Redacts the pieces of a mail and counts."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self.found = 0

    def _counted(self, result: Redacted) -> str:
        self.found += result.found
        return result.text

    def text(self, text: str) -> str:
        return self._counted(self._redactor.text(text))

    def html(self, html: str | None) -> str | None:
        return None if html is None else self._counted(self._redactor.html(html))

    def people(self, people: tuple[Address, ...]) -> tuple[Address, ...]:
        return tuple(replace(one, name=self.text(one.name)) if one.name else one for one in people)

    def attachment(self, attachment: Attachment) -> Attachment:
        return replace(attachment, name=self.text(attachment.name))

    def invitation(self, invitation: Invitation | None) -> Invitation | None:
        if invitation is None:
            return None
        return replace(
            invitation,
            summary=self.text(invitation.summary),
            location=self.text(invitation.location),
            organizer=self.text(_named(invitation)) or invitation.organizer,
        )

    def report(self, report: Report | None) -> Report | None:
        """A report: a server that refuses a mail for what is in it may say what that was."""
        if report is None:
            return None
        told = tuple(replace(one, diagnostic=self.text(one.diagnostic)) for one in report.recipients)
        return replace(report, recipients=told)
