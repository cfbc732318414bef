"""Who vouches for a mail: a trusted server's word, else our own verification."""

import asyncio
from dataclasses import dataclass
from typing import Final

from postroom_ingest.authentication.dkim import check_dkim
from postroom_ingest.authentication.dmarc import check_dmarc
from postroom_ingest.authentication.model import Authentication
from postroom_ingest.authentication.names import Names
from postroom_ingest.authentication.results import trusted_results
from postroom_ingest.authentication.spf import check_spf
from postroom_ingest.parse.addresses import addresses
from postroom_ingest.parse.headers import prepared, read_head

HERE: Final = "postroom"
"""The `by` of what was verified here."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the door knows of how a mail came, as far as it spoke with the outside host itself."""

    ip: str
    """Of the outside host. Behind a mail server of one's own it is not known: then there is no Arrival."""
    helo: str
    mail_from: str
    """Empty for the null sender."""


class Authenticator:
    """Judges mails. Without `names` nothing is ever asked of the network, and only a server's word counts."""

    def __init__(self, *, trusted: tuple[str, ...] = (), names: Names | None = None, at_once: int = 8) -> None:
        """`trusted` are authserv-ids (see `trusted_results`); `at_once` mails are verified side by side."""
        self._trusted = trusted
        self._names = names
        self._free = asyncio.Semaphore(at_once)

    async def judge(self, raw: bytes, arrival: Arrival | None = None) -> Authentication | None:
        """What is known of this mail; None where no trusted server said anything and verifying is switched off."""
        said = trusted_results(raw, self._trusted)
        if said is not None or self._names is None:
            return said
        async with self._free:
            return await asyncio.to_thread(verify, raw, self._names, arrival)


def verify(raw: bytes, names: Names, arrival: Arrival | None = None) -> Authentication:
    """Verify a mail here; waits for the DNS as long as `names` allows. Without an arrival SPF says nothing."""
    asking = names.for_one_mail()
    spf = check_spf(asking, ip=arrival.ip, sender=arrival.mail_from, helo=arrival.helo) if arrival else None
    dkim = check_dkim(asking, raw)
    return Authentication(
        spf=spf[0] if spf else "none",
        dkim=dkim[0],
        dmarc=check_dmarc(asking, shown_domain(raw), spf=spf, dkim=dkim),
        by=HERE,
        dkim_domains=dkim[1],
        spf_domain=spf[1] if spf else "",
    )


def shown_domain(raw: bytes) -> str:
    """The one domain of the From field, lower case; empty where there is none or several (RFC 7489 section 6.6.1)."""
    fields = [value for value in read_head(prepared(raw)).headers.values("from") if value]
    if len(fields) != 1:
        return ""
    domains = {sender.address.rpartition("@")[2].lower() for sender in addresses(fields[0], [], "")}
    return domains.pop() if len(domains) == 1 else ""
