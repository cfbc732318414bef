"""A mail in the shapes others read: Mailpit's JSON and the columns of the search. Pure."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from postroom_local.catcher.mail import Address, Mail, Part, visible_text

_BODY_LIMIT = 100_000  # characters of a body that search looks at


def list_fields(mail: Mail, recipients: Sequence[str]) -> dict[str, Any]:
    """What the list shows of a mail that was addressed to these envelope recipients."""
    return {
        **_people(mail, recipients),
        "Attachments": sum(not part.inline for part in mail.parts),
        "Snippet": mail.snippet(),
    }


def detail(mail_id: str, mail: Mail, sender: str, recipients: Sequence[str], at: datetime, size: int) -> dict[str, Any]:
    """All that is shown of one mail; `at` stands in for a missing or unreadable Date."""
    return {
        "ID": mail_id,
        **_people(mail, recipients),
        "ReturnPath": sender,
        "Date": rfc3339(mail.date or at),
        "Tags": [],
        "Text": mail.text,
        "HTML": mail.html,
        "Size": size,
        "Inline": [_part(part) for part in mail.parts if part.inline],
        "Attachments": [_part(part) for part in mail.parts if not part.inline],
    }


def headers(mail: Mail) -> dict[str, list[str]]:
    """The headers undecoded, by name in the capitals Go gives them (Message-Id), as Mailpit answers."""
    values = defaultdict(list)
    for name, value in mail.headers:
        values["-".join(word.capitalize() for word in name.split("-"))].append(value)
    return dict(sorted(values.items()))


def search_words(mail: Mail, recipients: Sequence[str]) -> tuple[str, str, str, str, str]:
    """What search looks at, case-folded: Message-ID, sender, To, subject, and everything else."""
    others = (*mail.cc, *mail.bcc, *_unnamed(mail, recipients))
    names = " ".join(part.name for part in mail.parts)
    body = f"{mail.text[:_BODY_LIMIT]} {visible_text(mail.html[:_BODY_LIMIT])} {names}"
    return (
        mail.message_id.casefold(),
        _addresses((mail.sender,)),
        _addresses(mail.to),
        " ".join(mail.subject.casefold().split()),
        f"{_addresses(others)} {' '.join(body.casefold().split())}",
    )


def rfc3339(at: datetime) -> str:
    """An aware time as RFC 3339 text in UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _people(mail: Mail, recipients: Sequence[str]) -> dict[str, Any]:
    """Who and what, in Mailpit's names; recipients that no header names are shown as Bcc, as Mailpit does."""
    return {
        "MessageID": mail.message_id,
        "From": _address(mail.sender),
        "To": [_address(a) for a in mail.to],
        "Cc": [_address(a) for a in mail.cc],
        "Bcc": [_address(a) for a in (*mail.bcc, *_unnamed(mail, recipients))],
        "ReplyTo": [_address(a) for a in mail.reply_to],
        "Subject": mail.subject,
    }


def _unnamed(mail: Mail, recipients: Sequence[str]) -> tuple[Address, ...]:
    named = {a.address.casefold() for a in (*mail.to, *mail.cc, *mail.bcc)}
    return tuple(Address("", r) for r in recipients if r.casefold() not in named)


def _address(address: Address) -> dict[str, str]:
    return {"Name": address.name, "Address": address.address}


def _addresses(addresses: Iterable[Address]) -> str:
    return " ".join(f"{a.name} <{a.address}>" for a in addresses).casefold()


def _part(part: Part) -> dict[str, Any]:
    data = part.data()
    return {
        "PartID": part.part_id,
        "FileName": part.name,
        "ContentType": part.content_type,
        "ContentID": part.content_id,
        "Size": len(data),
        "Checksums": {"SHA256": hashlib.sha256(data).hexdigest()},
    }
