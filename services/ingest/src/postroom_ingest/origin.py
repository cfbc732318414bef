"""Where mails come from: who vouches for their senders, asked once for a whole batch and never for long."""

import asyncio
import logging
import time
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final

from postroom_contracts.contacts import Authentication
from postroom_contracts.inbound import MailReceived, SubmissionReceived
from postroom_ingest.authentication import Arrival, Authenticator, Names

log = logging.getLogger(__name__)

BATCH_SECONDS: Final = 3.0
"""How long a batch waits for the DNS; what is not known by then stays unknown."""
REST_SECONDS: Final = 30.0
"""How long nothing is asked after the DNS did not answer in time."""
_HEAD_BYTES: Final = 65_536


class Origins:
    """Judges the mails of a batch."""

    def __init__(self, trusted: tuple[str, ...] = (), *, verify: bool = False) -> None:
        """`trusted` are the authserv-ids whose word counts (RFC 8601 section 2.5), the empty one standing for fields
        without any; `verify` is whether we check ourselves where none of them says anything.
        """
        self._authenticator = Authenticator(trusted=trusted, names=Names() if verify else None)
        self._trusts = bool(trusted)
        self._verify = verify
        self._rest_until = 0.0

    async def judge(
        self, mails: Sequence[tuple[MailReceived | SubmissionReceived, bytes]]
    ) -> dict[str, Authentication]:
        """What is known, by contact; contacts of which nothing is known are left out."""
        asked = [(event, raw) for event, raw in mails if isinstance(event, MailReceived)]
        resting = time.monotonic() < self._rest_until
        tasks = {
            event.contact: asyncio.create_task(self._authenticator.judge(raw, _arrival(event)))
            for event, raw in asked
            if (self._trusts and _says_something(raw)) or (self._verify and not resting and _verifiable(event, raw))
        }
        if not tasks:
            return {}
        done, late = await asyncio.wait(tasks.values(), timeout=BATCH_SECONDS)
        if late:
            self._rest_until = time.monotonic() + REST_SECONDS
            log.warning("the DNS does not answer in time", extra={"mails": len(late)})
            for task in late:
                task.cancel()
        return {contact: found for contact, task in tasks.items() if task in done and (found := _result(task))}


def _says_something(raw: bytes) -> bool:
    """Whether some server wrote down what it found; whether it is trusted is for the authenticator."""
    return b"authentication-results:" in raw[:_HEAD_BYTES].lower()


def _verifiable(event: MailReceived, raw: bytes) -> bool:
    """Whether there is anything to verify: a signature, or an outside host that spoke with us itself.

    Nothing of old mail: the keys of its signatures are gone, and an import must not wait for the DNS mail by mail.
    """
    if event.imported or event.door == "import":
        return False
    return _arrival(event) is not None or b"dkim-signature:" in raw[:_HEAD_BYTES].lower()


def _arrival(event: MailReceived) -> Arrival | None:
    """What SPF asks about; None where the mail came from a server of our own, which is not the one to ask about."""
    if event.peer is None or event.imported:
        return None
    try:
        outside = ip_address(event.peer).is_global
    except ValueError:
        return None
    return Arrival(event.peer, event.helo or "", event.envelope_from) if outside else None


def _result(task: "asyncio.Task[object]") -> Authentication | None:
    found = None if task.cancelled() or task.exception() else task.result()
    if found is None:
        return None
    return Authentication.model_validate(found, from_attributes=True)
