"""What an inline forward says: plain values."""

from dataclasses import dataclass

from postroom_ingest.parse.model import Address


@dataclass(frozen=True, slots=True)
class Forwarded:
    """One mail as somebody passed it on. Texts are as the forwarder's client wrote them, outer blank lines gone."""

    above: str
    """What the forwarder wrote above it; empty when nothing."""
    sender: Address | None
    """Who wrote the forwarded mail; `address` is empty where the client shows only the name."""
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    subject: str
    """Of the forwarded mail, or the forward's own without its prefix where the client does not repeat it."""
    date: str
    """As it is written there, in any language; empty when not given."""
    body: str
    """The forwarded words, one level of quotation marks removed."""
