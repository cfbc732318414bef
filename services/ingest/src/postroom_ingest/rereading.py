"""Reading again what is on tickets, with the code of today: from the kept sources, changing nothing."""

import asyncio
from collections.abc import Callable
from typing import Any

from postroom_contracts.contacts import Evidence
from postroom_contracts.inbound import MailReceived, SubmissionReceived
from postroom_contracts.values import Channel, ClaimCheck
from postroom_ingest.contact import Arrived, Lens, contact_event, read
from postroom_ingest.known import Decision
from postroom_ingest.ledger import Ledger
from postroom_ingest.raw import RawStore
from postroom_plumbing.mongo import Document

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
        entries = await self._ledger.page(after, limit)
        found = await asyncio.gather(*(self._raws.find(entry["_id"]) for entry in entries))
        readings: list[dict[str, Any]] = []
        size = 0
        for entry, source in zip(entries, found, strict=True):
            if source is None:
                readings.append({"contact": entry["_id"], "missing": True})
                continue
            check, channel = source
            if size and size + check.size > PAGE_BYTES:
                break
            size += check.size
            raw = (await self._raws.read([check]))[check.id]
            arrived = _arrived(entry, check, channel)
            readings.append(await asyncio.to_thread(_reading, arrived, raw, self._lens()))
        return readings


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


def _reading(arrived: Arrived, raw: bytes, lens: Lens) -> dict[str, Any]:
    contact = contact_event(read(arrived, raw, lens), _READ_AGAIN)
    return {
        "contact": arrived.contact,
        "subject": contact.subject_line,
        "text": contact.text,
        "own_words": contact.own_words,
        "html": contact.html,
        "automatic": contact.automatic,
        "language": contact.language,
        "attachments": [one.name for one in contact.attachments],
        "defects": list(contact.defects),
    }
