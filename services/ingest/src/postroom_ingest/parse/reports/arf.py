"""Complaints: a recipient called our mail spam and the provider says so (RFC 5965; Hotmail's own form)."""

import re
from typing import Final

from postroom_ingest.parse.reports.addresses import field_address
from postroom_ingest.parse.reports.model import MAX_RECIPIENTS, Recipient, Report
from postroom_ingest.parse.reports.original import Original

_FIELD = re.compile(r"^([A-Za-z][A-Za-z-]{2,40}):[ \t]*([^\n]*)", re.MULTILINE)
_WHO: Final = (
    "original-rcpt-to",
    "removal-recipient",
    "x-original-rcpt-to",
    "original-recipient",
    "x-removal-recipient",
)


def complaint(fields: str, original: Original) -> Report:
    """The report in a message/feedback-report part (`fields`, may be empty) about `original`."""
    values = fields_of(fields)
    who = [address for name in _WHO for value in values.get(name, ()) if (address := field_address(value))]
    who = who or [address for address in (original.complained or original.recipient,) if address]
    kind = values.get("feedback-type", ["abuse"])[0].lower() or "abuse"
    return Report(
        kind="complaint",
        recipients=tuple(Recipient(address, "", "", permanent=False, reason="other") for address in dict.fromkeys(who))[
            :MAX_RECIPIENTS
        ],
        original_message_id=original.message_id,
        original_subject=original.subject,
        feedback_type=kind[:40],
    )


def fields_of(text: str) -> dict[str, list[str]]:
    """Fields by lower-case name, each with its values in order."""
    values: dict[str, list[str]] = {}
    for match in _FIELD.finditer(text):
        values.setdefault(match[1].lower(), []).append(match[2].strip())
    return values
