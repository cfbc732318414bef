"""How many contacts a second one core reads and threads: the pure part of ingest, through the service's own functions.

Generated mails of the usual mix, read one after the other and placed on tickets, as the reading role does between its
round trips to MongoDB.
"""

import cProfile
import hashlib
import pstats
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from mailgen import generate

from postroom_contracts.contacts import ContactReceived
from postroom_contracts.inbound import MailReceived
from postroom_contracts.values import ClaimCheck
from postroom_ingest.contact import Lens, read
from postroom_ingest.conversation import Knowledge, Rules, decide
from postroom_ingest.telling import contact_event

SECRET = "a-secret-of-the-benchmark"
_BATCH = 100
_START = datetime(2026, 1, 5, 8, tzinfo=UTC)
_WARM_UP = 200
Came = tuple[MailReceived, bytes]


def arrived(raw: bytes, index: int, sender: str) -> MailReceived:
    """What ingest's SMTP door says of a mail from `sender`."""
    contact = f"{index:032x}"
    return MailReceived(
        contact=contact,
        raw=ClaimCheck(store="ingest", id=contact, sha256=hashlib.sha256(raw).hexdigest(), size=len(raw)),
        mailbox="support",
        envelope_from=sender,
        envelope_to=("support@example.com",),
        thread_root=contact,
        received_at=_START + timedelta(seconds=61 * index),
        door="smtp",
    )


def contacts(mails: Sequence[Came]) -> list[ContactReceived]:
    """Read and thread mails, in batches that know of each other."""
    lens, rules, knowledge = Lens((SECRET,)), Rules(), Knowledge()
    told = []
    for begin in range(0, len(mails), _BATCH):
        for event, raw in mails[begin : begin + _BATCH]:
            one = read(event, raw, lens)
            told.append(contact_event(one, decide(one.clues, knowledge, rules, event.contact, event.contact)))
    return told


def reading_run(count: int, seed: int) -> dict[str, Any]:
    """Read `count` generated mails; CPU time of this process alone, so that what else runs here does not count."""
    made = list(generate(count, seed))
    mails = [(arrived(mail.raw, mail.index, mail.sender), mail.raw) for mail in made]
    contacts(mails[:_WARM_UP])
    seconds, told = _cpu(lambda: contacts(mails))
    of = {mail.message_id: one.ticket for mail, one in zip(made, told, strict=True)}
    replies = [mail for mail in made if mail.parent is not None]
    return {
        "mails": count,
        "bytes": sum(len(mail.raw) for mail in made),
        "contacts_a_second": count / seconds,
        "replies": len(replies),
        "replies_right": sum(of[mail.message_id] == of[mail.root] for mail in replies),
        "shares": shares(mails),
    }


def _cpu(work: Callable[[], list[ContactReceived]]) -> tuple[float, list[ContactReceived]]:
    began = time.process_time()
    done = work()
    return time.process_time() - began, done


def shares(mails: Sequence[Came]) -> dict[str, float]:
    """Which part of the time each module takes by its own code and what it calls outside of ingest, largest first."""
    profile = cProfile.Profile()
    profile.runcall(contacts, mails)
    own: dict[str, float] = {}
    stats = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    for (file, _, _), (_, _, seconds, _, callers) in stats.items():
        if _module(file) is not None:
            own[_module(file) or ""] = own.get(_module(file) or "", 0) + seconds
            continue
        for (caller, _, _), (_, _, called, _) in callers.items():
            name = _module(caller) or "libraries"
            own[name] = own.get(name, 0) + called
    total = sum(own.values())
    return {name: seconds / total for name, seconds in sorted(own.items(), key=lambda one: -one[1])}


def _module(file: str) -> str | None:
    _, found, name = file.partition("postroom_ingest/")
    return name.removesuffix(".py") if found else None


def reading_table(run: dict[str, Any]) -> list[str]:
    """What the table says of a run."""
    largest = list(run["shares"].items())[:8]
    return [
        (
            f"{'contacts/s read and threaded on one core':<52}{run['contacts_a_second']:>8.0f}"
            f"   ({run['mails']} mails, {run['bytes'] / run['mails'] / 1000:.1f} KB each)"
        ),
        f"{'replies on their thread':<52}{run['replies_right']:>8} of {run['replies']}",
        "  where the time goes: " + ", ".join(f"{name} {share:.0%}" for name, share in largest),
    ]
