"""Marks of ours in a mail: signed Message-IDs and addresses, true ones and forged ones. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from postroom_plumbing.tokens import (
    OwnMessageId,
    looks_like_own_message_id,
    looks_like_ticket_address,
    read_own_message_id,
    read_ticket_address,
)


@dataclass(frozen=True, slots=True)
class Marks:
    """What the marks in a mail say."""

    own: tuple[str, ...]
    """The tickets that signed marks name: in addresses first, then in what the mail answers, newest first."""
    forged: bool
    """Whether there is one that looks like ours and was not signed by us."""
    own_mail: bool
    """Whether the mail itself is ours."""


def read_marks(
    secrets: Sequence[str], message_id: str | None, answers: Iterable[str], addresses: Iterable[str]
) -> Marks:
    """The marks in a mail; `secrets` are the present one and those before it, `addresses` all it was sent to."""
    own: list[str] = []
    forged = False
    for address in dict.fromkeys(addresses):
        if looks_like_ticket_address(address):
            ticket = next((found for one in secrets if (found := read_ticket_address(one, address))), None)
            own += [ticket] if ticket else []
            forged = forged or ticket is None
    for answer in answers:
        ours = own_message(secrets, answer)
        own += [ours.ticket] if ours else []
        forged = forged or (ours is None and looks_like_own_message_id(answer))
    own_mail = message_id is not None and own_message(secrets, message_id) is not None
    return Marks(tuple(dict.fromkeys(own)), forged, own_mail)


def own_message(secrets: Sequence[str], message_id: str) -> OwnMessageId | None:
    """What a Message-ID says that we signed with one of `secrets`, else None."""
    return next((found for one in secrets if (found := read_own_message_id(one, message_id))), None)
