"""Is this mail a report about one of ours, and what does it say?"""

from dataclasses import replace
from typing import Final

from postroom_ingest.parse.headers import Headers, prepared, read_head
from postroom_ingest.parse.params import content_type
from postroom_ingest.parse.reports import arf, dsn, ses
from postroom_ingest.parse.reports.addresses import field_address, first_address
from postroom_ingest.parse.reports.freeform import is_delay, read_notice, speaks_of_failure, tells_code
from postroom_ingest.parse.reports.gate import Signs, signs_of
from postroom_ingest.parse.reports.model import MAX_NOTICE_CHARS, MAX_RECIPIENTS, Kind, Recipient, Report
from postroom_ingest.parse.reports.notice import Notice, notice_of, text_of
from postroom_ingest.parse.reports.original import Original, is_returned, original_of
from postroom_ingest.parse.reports.reasons import reason_of
from postroom_ingest.parse.structure import Part, read_structure
from postroom_ingest.parse.words import decode_words

_STATUS: Final = ("message/delivery-status", "message/xdelivery-status", "message/global-delivery-status")
_RECEIPT: Final = ("message/disposition-notification", "message/global-disposition-notification")
_MOST_LEAVES: Final = 20


def report_of(raw: bytes, *, envelope_from: str | None = None) -> Report | None:
    """`read_report` for a mail that nobody has opened yet."""
    raw = prepared(raw)
    head = read_head(raw)
    return read_report(raw, head.headers, read_structure(raw, head, []), envelope_from=envelope_from)


def read_report(raw: bytes, headers: Headers, root: Part, *, envelope_from: str | None = None) -> Report | None:
    """What a mail reports about one of ours: bounce, delay, delivery, complaint or read receipt; None for any other.

    `raw` is the prepared message that `headers` and `root` were read from; `envelope_from` the address of MAIL
    FROM where it is known ("" for the null return path). A person's mail that quotes or forwards a report is none.
    """
    signs = signs_of(headers, root, envelope_from)
    return _read(raw, headers, root, signs) if signs else None


def _read(raw: bytes, headers: Headers, root: Part, signs: Signs, *, inner: bool = False) -> Report | None:
    leaves = [leaf for _, leaf in zip(range(_MOST_LEAVES), root.leaves(), strict=False)]
    notice = notice_of(raw, leaves)
    original = original_of(raw, leaves, notice.text, notice.tail, headers)
    if found := _complaint(raw, headers, leaves, original):
        return found
    if any(leaf.type in _RECEIPT for leaf in leaves):
        return _receipt(raw, leaves, original)
    if signs.daemon and (event := ses.event_of(notice.text)):
        return event
    status = "\n\n".join(text_of(raw, leaf) for leaf in leaves if leaf.type in _STATUS)
    if status and (signs.report or signs.daemon or signs.null_sender or signs.subject):
        found = _delivery(status, headers, notice, original, signs)
    else:
        found = _in_words(headers, notice, original, signs, returned=_returns_a_mail(raw, leaves))
    if found and not found.recipients and not inner:
        found = _wrapped(raw, leaves, notice) or found
    return found if found is None or found.recipients else _about_original(found, headers, notice, original)


def _returns_a_mail(raw: bytes, leaves: list[Part]) -> bool:
    """Whether a mail is attached that is no report itself: such a one is forwarded by a person."""
    part = next((leaf for leaf in leaves if is_returned(leaf)), None)
    if part is None:
        return False
    inner = read_head(prepared(part.content(raw, MAX_NOTICE_CHARS))).headers
    return content_type(inner.value("content-type"), "text/plain").value != "multipart/report"


def _wrapped(raw: bytes, leaves: list[Part], notice: Notice) -> Report | None:
    """The report inside a report that names nobody: gateways wrap what they got in words of their own."""
    part = next((leaf for leaf in leaves if is_returned(leaf)), None)
    content = prepared(part.content(raw, MAX_NOTICE_CHARS) if part else notice.tail)
    head = read_head(content)
    root = read_structure(content, head, [])
    signs = signs_of(head.headers, root)
    return _read(content, head.headers, root, signs, inner=True) if signs else None


def _about_original(found: Report, headers: Headers, notice: Notice, original: Original) -> Report:
    """A report that names nobody is about the only recipient of the mail it returns."""
    if not original.recipient:
        return found
    people = _named(headers, notice, [original.recipient])
    kind: Kind = "delay" if people[0].action == "delayed" else "bounce"
    return replace(found, kind=kind, recipients=tuple(people))


def _complaint(raw: bytes, headers: Headers, leaves: list[Part], original: Original) -> Report | None:
    fields = next((text_of(raw, leaf) for leaf in leaves if leaf.type == "message/feedback-report"), None)
    if "x-apple-unsubscribe" in headers:  # Apple Mail unsubscribes by mail on behalf of its user
        who = first_address(headers.value("from").decode("utf-8", "replace"))
        return arf.complaint(f"Feedback-Type: opt-out\nOriginal-Rcpt-To: {who}", original)
    if fields is not None or (original.complained and headers.value("subject").startswith(b"complaint about")):
        return arf.complaint(fields or "", original)
    return None


def _receipt(raw: bytes, leaves: list[Part], original: Original) -> Report:
    """RFC 8098: the mail was shown, deleted or processed at its recipient's."""
    fields = next(text_of(raw, leaf) for leaf in leaves if leaf.type in _RECEIPT)
    values = arf.fields_of(fields)
    who = field_address(next(iter(values.get("original-recipient") or values.get("final-recipient") or [""])))
    about = next(iter(values.get("original-message-id", [])), "").strip("<> ") or original.message_id
    people = (Recipient(who, "", "", permanent=False, reason="other"),) if who else ()
    return Report("read-receipt", people, about, original.subject)


def _delivery(status: str, headers: Headers, notice: Notice, original: Original, signs: Signs) -> Report | None:
    people = dsn.recipients_of(status)
    if not people:
        if dsn.has_challenge(status):
            return None
        people = _named(headers, notice, _failed(signs))
    elif not all(one.diagnostic for one in people):
        told = {one.address.lower(): one for one in _named(headers, notice, [one.address for one in people])}
        people = [_completed(one, told.get(one.address.lower())) for one in people]
    return _report(people, original, headers, notice, about=dsn.original_id_of(status))


def _completed(one: Recipient, told: Recipient | None) -> Recipient:
    """A recipient whose fields give no diagnostic (OpenSMTPD, Domino), with what the words beside them say."""
    if one.diagnostic or told is None or one.action not in ("failed", "delayed"):
        return one
    general = not one.status or (one.status.endswith(".0.0") and told.status[:1] == one.status[:1])
    status = told.status if general and told.status else one.status
    return replace(one, status=status, reason=reason_of(status, told.diagnostic), diagnostic=told.diagnostic)


def _in_words(headers: Headers, notice: Notice, original: Original, signs: Signs, *, returned: bool) -> Report | None:
    """Free text, where the head and the words must agree that this is a report."""
    if signs.answer and not (signs.daemon or signs.failed or signs.null_sender):
        return None
    spoken = speaks_of_failure(notice.text)
    if not (signs.failed or signs.subject or spoken):
        return None
    people = dsn.recipients_of(notice.text) if "-recipient:" in notice.text.lower() else []
    people = people or _named(headers, notice, _failed(signs))
    sure: object = signs.failed or (spoken and (signs.daemon or signs.report))
    sure = sure or (signs.subject and (signs.null_sender or (signs.daemon and (returned or people))))
    sure = sure or (signs.daemon and signs.null_sender and people and tells_code(notice.text))
    if not sure and not (spoken and _plausible(signs, headers, bool(people), returned=returned)):
        return None
    return _report(people, original, headers, notice)


def _plausible(signs: Signs, headers: Headers, named: bool, *, returned: bool) -> bool:
    """Whether a sender that is no MTA by name may still report: people write of failed deliveries too."""
    if signs.subject:
        return signs.likely or returned
    # Vacation programs use the null sender too, and say that an address does not exist any more.
    return signs.null_sender and named and b"reply@" in headers.value("from").lower()


def _failed(signs: Signs) -> list[str]:
    listed = signs.failed.decode("utf-8", "replace").split(",")[:MAX_RECIPIENTS]
    return [address for one in listed if (address := first_address(one))]


def _named(headers: Headers, notice: Notice, known: list[str]) -> list[Recipient]:
    """The recipients of a notice in words."""
    subject = decode_words(headers.value("subject"), [])
    ours = first_address(headers.value("to").decode("utf-8", "replace"))
    domain = first_address(headers.value("from").decode("utf-8", "replace")).rpartition("@")[2]
    return read_notice(notice.text, subject, known, ours, domain.lower())


def _report(people: list[Recipient], original: Original, headers: Headers, notice: Notice, about: str = "") -> Report:
    kind: Kind
    actions = {one.action for one in people}
    if not people:
        kind = "delay" if is_delay(decode_words(headers.value("subject"), []), notice.text) else "bounce"
    elif "failed" in actions:
        kind = "bounce"
    elif "delayed" in actions:
        kind = "delay"
    else:
        kind = "delivered" if "delivered" in actions else "relayed"
    return Report(kind, tuple(people), about or original.message_id, original.subject)
