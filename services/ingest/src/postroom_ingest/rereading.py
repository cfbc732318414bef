"""Reading again what is on tickets, with the code of today, from the kept sources; and saying so, if that is wanted."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

from postroom_contracts.contacts import ContactReceived, ContactReread, Evidence
from postroom_contracts.inbound import MailReceived, SubmissionReceived
from postroom_contracts.values import Channel, ClaimCheck
from postroom_ingest.contact import Arrived, Lens, read
from postroom_ingest.known import Decision
from postroom_ingest.ledger import Ledger
from postroom_ingest.raw import RawStore
from postroom_ingest.telling import contact_event
from postroom_plumbing.mongo import Document
from postroom_plumbing.unit import Unit

PAGE_BYTES = 32_000_000
"""So much source is held in memory at once, besides one mail that is larger."""
_READ_AGAIN = Decision("appended", "", Evidence(kind="none"))


class Rereader:
    """Gives present readings, page by page."""

    def __init__(self, raws: RawStore, ledger: Ledger, lens: Callable[[], Lens]) -> None:
        """`lens` says how one reads now."""
        self._raws = raws
        self._ledger = ledger
        self._lens = lens

    async def page(self, after: str | None, limit: int) -> list[dict[str, Any]]:
        """At most `limit` readings from behind the contact `after`; an empty list at the end.

        A contact whose source is gone has `missing` instead of a reading.
        """
        readings: list[dict[str, Any]] = []
        size = 0
        for entry in await self._ledger.page(after, limit):
            contact = await self._read(entry)
            if contact is None:
                readings.append({"contact": entry["_id"], "missing": True})
                continue
            readings.append(_reading(contact))
            size += contact.raw.size
            if size > PAGE_BYTES:
                break
        return readings

    async def state(self, contacts: list[str], unit: Unit) -> int:
        """State what contacts say to today's reader; how many that are."""
        stated = 0
        for entry in await self._ledger.on_tickets(contacts):
            contact = await self._read(entry)
            if contact is not None:
                unit.emit(_reread(contact, entry["ticket"], unit.now))
                stated += 1
        return stated

    async def _read(self, entry: Document) -> ContactReceived | None:
        """The contact of a ledger entry as it reads today; None where its source is gone."""
        found = await self._raws.find(entry["_id"])
        if found is None:
            return None
        check, channel = found
        raw = (await self._raws.read([check]))[check.id]
        one = await asyncio.to_thread(read, _arrived(entry, check, channel), raw, self._lens())
        return contact_event(one, _READ_AGAIN)


def _arrived(entry: Document, check: ClaimCheck, channel: Channel) -> Arrived:
    """The event it came with, as far as reading depends on it."""
    common: dict[str, Any] = {
        "contact": entry["_id"],
        "raw": check,
        "mailbox": entry["mailbox"],
        "thread_root": "",
        "received_at": entry["at"],
    }
    if channel != "email":
        return SubmissionReceived(**common, channel=channel)
    door = entry.get("door") or ("import" if "run" in entry else "http")  # what version 0.1 did not write down
    return MailReceived(**common, envelope_from=entry.get("envelope_from") or "", envelope_to=(), door=door)


def _reread(contact: ContactReceived, ticket: str, at: datetime) -> ContactReread:
    shared = {name: getattr(contact, name) for name in ContactReread.model_fields if name not in ("ticket", "at")}
    return ContactReread(ticket=ticket, at=at, **shared)


def _reading(contact: ContactReceived) -> dict[str, Any]:
    return {
        "contact": contact.contact,
        "subject": contact.subject_line,
        "text": contact.text,
        "own_words": contact.own_words,
        "html": contact.html,
        "automatic": contact.automatic,
        "language": contact.language,
        "attachments": [one.name for one in contact.attachments],
        "defects": list(contact.defects),
    }
