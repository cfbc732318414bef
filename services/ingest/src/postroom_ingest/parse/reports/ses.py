"""Amazon SES events as mailed by SNS: JSON in the text (bounces, complaints, deliveries, delays)."""

import json
from typing import Any, Final

from postroom_ingest.parse.reports.addresses import field_address
from postroom_ingest.parse.reports.model import MAX_DIAGNOSTIC_CHARS, MAX_RECIPIENTS, Kind, Recipient, Report
from postroom_ingest.parse.reports.reasons import enhanced_status, reason_of

_KINDS: Final[dict[str, tuple[Kind, str, str]]] = {
    "Bounce": ("bounce", "bounce", "bouncedRecipients"),
    "Complaint": ("complaint", "complaint", "complainedRecipients"),
    "Delivery": ("delivered", "delivery", "recipients"),
    "DeliveryDelay": ("delay", "deliveryDelay", "delayedRecipients"),
}
_ACTIONS: Final[dict[str, str]] = {"bounce": "failed", "delivered": "delivered", "delay": "delayed"}


def event_of(text: str) -> Report | None:
    """The event in the text of a mail, or None where it holds none."""
    start = text.find("{")
    if start < 0 or ("otificationType" not in text and "eventType" not in text):
        return None
    # Mail breaks long lines with `!` and a line end, wherever they are.
    return _event(_loaded(text[start:])) or _event(_loaded(text[start:].replace("!\n ", "").replace("\n", "")))


def _loaded(text: str) -> dict[str, Any]:
    try:
        value, _ = json.JSONDecoder(strict=False).raw_decode(text)
        if isinstance(value, dict) and isinstance(value.get("Message"), str):
            value, _ = json.JSONDecoder(strict=False).raw_decode(value["Message"])
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _event(event: dict[str, Any]) -> Report | None:
    known = _KINDS.get(str(event.get("notificationType") or event.get("eventType")))
    if not known:
        return None
    kind, key, list_key = known
    detail, mail = _dict(event.get(key)), _dict(event.get("mail"))
    people = detail.get(list_key)
    found = [_recipient(kind, one, detail) for one in (people if isinstance(people, list) else [])[:MAX_RECIPIENTS]]
    common = _dict(mail.get("commonHeaders"))
    message_id = str(common.get("messageId") or mail.get("messageId") or "").strip("<> ")
    return Report(
        kind=kind,
        recipients=tuple(one for one in found if one.address),
        original_message_id=message_id or None,
        original_subject=str(common["subject"]) if common.get("subject") else None,
        feedback_type=str(detail.get("complaintFeedbackType") or "abuse") if kind == "complaint" else None,
    )


def _recipient(kind: Kind, one: object, detail: dict[str, Any]) -> Recipient:
    fields = one if isinstance(one, dict) else {"emailAddress": one}
    said = str(fields.get("diagnosticCode") or detail.get("smtpResponse") or "")
    status = enhanced_status(str(fields.get("status") or "")) or enhanced_status(said)
    failed = kind == "bounce"
    return Recipient(
        address=field_address(str(fields.get("emailAddress") or "")),
        action=_ACTIONS.get(kind, ""),
        status=status,
        permanent=failed and (status[:1] == "5" if status else detail.get("bounceType") == "Permanent"),
        reason=reason_of(status, said) if failed or kind == "delay" else "other",
        diagnostic=said.partition(";")[2].strip()[:MAX_DIAGNOSTIC_CHARS] or said[:MAX_DIAGNOSTIC_CHARS],
        mta=str(detail.get("reportingMTA") or "").partition(";")[2].strip(),
    )


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
