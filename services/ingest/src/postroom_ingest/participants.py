"""Who takes part in a ticket. Only those may join it by a reference that anybody could have copied.

Who that is: everybody a message of the ticket came from or went to, our own people and mailboxes (unless our domain
disowns the mail), and whoever shares the customer's domain, unless that is a provider's whose addresses anybody can
have.
"""

from collections.abc import Iterable, Set

from postroom_ingest.public_domains import PUBLIC_DOMAINS

MOST = 200
"""So many of a ticket are remembered, the first: a mail to a thousand people invites none of the rest."""


def domain_of(address: str) -> str:
    """The part behind the `@`, empty where there is none."""
    return address.rpartition("@")[2] if "@" in address else ""


def takes_part(address: str, participants: Set[str], customer: str, agents: Set[str]) -> bool:
    """Whether somebody takes part in a ticket of `customer`. Addresses are in lower case; an empty one never does."""
    if not address:
        return False
    if address in participants or address in agents or address == customer:
        return True
    domain = domain_of(address)
    return bool(domain) and domain == domain_of(customer) and domain not in PUBLIC_DOMAINS


def joined(participants: frozenset[str], newcomers: Iterable[str], ours: Set[str]) -> frozenset[str]:
    """`participants` and those of `newcomers` there is room for; our own need not be remembered for each ticket."""
    room = MOST - len(participants)
    fresh = [one for one in dict.fromkeys(newcomers) if one and one not in participants and one not in ours]
    return participants.union(fresh[:room]) if fresh and room > 0 else participants
