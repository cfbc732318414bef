"""Delivery status fields (RFC 3464), from their own part or wherever a notice shows them as text."""

import re
from collections.abc import Iterator
from typing import Final

from postroom_ingest.parse.reports.addresses import field_address
from postroom_ingest.parse.reports.model import MAX_DIAGNOSTIC_CHARS, MAX_RECIPIENTS, Recipient
from postroom_ingest.parse.reports.reasons import enhanced_status, reason_of, smtp_code

_FIELD = re.compile(
    r"^[ \t>]{0,8}([A-Za-z][A-Za-z0-9-]{2,40}):[ \t]*([^\n]*(?:\n[ \t]+(?![A-Za-z-]+:)[^\n]*)*)|^[ \t]*$", re.MULTILINE
)
_NAMES: Final = ("original-recipient", "final-recipient")
_RECIPIENT_FIELDS: Final = frozenset(
    {*_NAMES, "action", "status", "diagnostic-code", "remote-mta", "x-actual-recipient", "x-display-name"}
)
_ACTIONS: Final = ("failed", "delayed", "delivered", "relayed", "expanded")
_ACTION_WORDS: Final = {
    "fail": "failed",
    "delay": "delayed",
    "deliver": "delivered",
    "relay": "relayed",
    "expan": "expanded",
}
_CHALLENGE = re.compile(
    r"not pre-approved|requires? (?:your )?confirmation|confirm (?:that )?you|challenge[- /]response|prove you are"
    r"|guest list",
    re.IGNORECASE,
)
Fields = dict[str, str]


def recipients_of(status: str) -> list[Recipient]:
    """What the fields in `status` say of each recipient.

    A recipient whose mail waits for its sender to answer a challenge is left out: a person has to read that.
    """
    message, groups = _grouped(status)
    found: dict[str, Recipient] = {}
    for fields in groups[:MAX_RECIPIENTS]:
        one = _recipient(fields, message)
        if one and not _CHALLENGE.search(one.diagnostic):
            found.setdefault(one.address.lower(), one)
    return list(found.values())


def has_challenge(status: str) -> bool:
    """Whether the fields ask the sender to prove to be a person."""
    return bool(_CHALLENGE.search(status))


def original_id_of(status: str) -> str:
    """What some MTAs note of the mail reported on (Exchange, Domino), or empty."""
    match = re.search(r"^X-Original-Message-ID:\s*<?([^<>\s]{3,400})>?", status, re.IGNORECASE | re.MULTILINE)
    return match[1] if match else ""


def action_of(value: str) -> str:
    """The action in the words of RFC 3464, or empty."""
    word = value.strip().lower()
    return next((action for begin, action in _ACTION_WORDS.items() if word.startswith(begin)), "")


def _fields(status: str) -> Iterator[tuple[str, str]]:
    """Names in lower case and unfolded values; a blank line is an empty name."""
    for match in _FIELD.finditer(status):
        yield (match[1] or "").lower(), " ".join((match[2] or "").split())


def _grouped(status: str) -> tuple[Fields, list[Fields]]:
    """The fields about the message, then those of each recipient.

    MTAs put blank lines in the midst of a group and none between groups, so a group ends where the next
    recipient is named.
    """
    message: Fields = {}
    groups: list[Fields] = []
    current: Fields = {}
    blank = False
    for name, value in _fields(status):
        if not name:
            blank = True
            continue
        if name not in _RECIPIENT_FIELDS:
            message.setdefault(name, value)
            continue
        named = any(known in current for known in _NAMES)
        if name in current or (blank and named and name in (*_NAMES, "action")):
            groups.append(current)
            current = {}
        current[name] = value
        blank = False
    return message, [group for group in (*groups, current) if any(name in group for name in _NAMES)]


def _recipient(fields: Fields, message: Fields) -> Recipient | None:
    address = next(
        (a for name in (*_NAMES, "x-actual-recipient", "x-display-name") if (a := field_address(fields.get(name, "")))),
        "",
    )
    if not address:
        return None
    diagnostic = fields.get("diagnostic-code", "")
    said = diagnostic.partition(";")[2].strip() or diagnostic
    status = enhanced_status(fields.get("status", ""))
    remote = enhanced_status(said)
    if remote and (not status or remote[0] == status[0]):
        status = remote  # what the refusing host said is worth more than what the sending one made of it
    action = action_of(fields.get("action", ""))
    permanent, action = verdict(action, status, said)
    mta = fields.get("remote-mta", "") or message.get("reporting-mta", "")
    return Recipient(
        address=address,
        action=action,
        status=status,
        permanent=permanent,
        reason="other" if action in _ACTIONS[2:] else reason_of(status, said[:1000]),
        diagnostic=said[:MAX_DIAGNOSTIC_CHARS],
        mta=mta.partition(";")[2].strip() or mta,
    )


def verdict(action: str, status: str, said: str) -> tuple[bool, str]:
    """Whether the failure is permanent, and the action where the report names none."""
    number = status[:1] or smtp_code(said)[:1]
    if not action:
        action = {"2": "delivered", "4": "delayed"}.get(number, "failed")
    return action == "failed" and number != "4", action
