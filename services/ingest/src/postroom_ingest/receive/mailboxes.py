"""Whose mail it is: the mailbox that a recipient means."""

import re
from collections.abc import Sequence

from postroom_plumbing.settings_view import Settings, SettingsView


class Mailboxes:
    """Finds the mailbox of a recipient among the settings as they are now."""

    def __init__(self, view: SettingsView) -> None:
        self._view = view
        self._seen: Settings | None = None
        self._ids: dict[str, str] = {}

    def known(self) -> bool:
        """Whether any settings have come; before that nobody can be called unknown."""
        return bool(self._view.current.mailbox)

    def find(self, address: str) -> str | None:
        """The id of the mailbox this recipient means; what follows a plus counts for nothing."""
        if self._seen is not self._view.current:
            self._seen = self._view.current
            self._ids = {mailbox.address: mailbox_id for mailbox_id, mailbox in self._seen.mailbox.items()}
        return next((self._ids[form] for form in address_forms(address) if form in self._ids), None)

    def postmaster(self, address: str) -> str | None:
        """The mailbox of the postmaster, whom mail must reach without a domain and at each of ours (RFC 5321 section
        4.5.1); None where the address means somebody else.

        It is the mailbox of that name, else the first by id; of several, one at the domain that was named.
        """
        local, at, domain = address_forms(address)[0].rpartition("@")
        addresses = {name: mailbox.address for name, mailbox in self._view.current.mailbox.items()}
        here = {name for name, one in addresses.items() if one.endswith(f"@{domain}")} if at else set(addresses)
        if (local if at else domain) != "postmaster" or not here:
            return None
        named = {name for name, one in addresses.items() if one.startswith("postmaster@")}
        return min(here & named or named or here)


def address_forms(address: str) -> tuple[str, ...]:
    """What a mailbox can be called to be meant by this recipient: as it is, and without what follows a plus.

    Case does not matter, RFC 5321 section 2.4 notwithstanding, nor do quotation marks that are not needed.
    """
    local, at, domain = address.lower().rpartition("@")
    if len(local) > 2 and local[0] == local[-1] == '"':
        local = re.sub(r"\\(.)", r"\1", local[1:-1])
    plain = local.partition("+")[0]
    whole = f"{local}{at}{domain}"
    return (whole, f"{plain}{at}{domain}") if plain and plain != local else (whole,)


def others(mailboxes: Sequence[str]) -> tuple[str, ...]:
    """Mailboxes besides the first, each once."""
    return tuple(one for one in dict.fromkeys(mailboxes) if one != mailboxes[0])
