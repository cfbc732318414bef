"""What a worker is given."""

import asyncio
from dataclasses import dataclass, field

from postroom_contracts.config import Account
from postroom_ingest.imap.state import AccountStore
from postroom_ingest.receive.accept import Acceptor
from postroom_plumbing.sealing import Sealer

IDLE_SECONDS = 100.0
"""How long one IDLE lasts: the folder is opened anew after it, since pushes get lost. RFC 2177 allows 29 minutes."""
AT_ONCE = 3
"""Accounts of this process whose mails are fetched at the same moment: it bounds the memory they need."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What all workers of a process share."""

    store: AccountStore
    acceptor: Acceptor
    sealer: Sealer
    max_bytes: int
    """A larger mail stays in its account."""
    idle_seconds: float = IDLE_SECONDS
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))


@dataclass(frozen=True, slots=True)
class Job:
    """An account to work, as it is set."""

    id: str
    account: Account
    address: str | None
    """The address of its mailbox, None where there is no such mailbox."""
