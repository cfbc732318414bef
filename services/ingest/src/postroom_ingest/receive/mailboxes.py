"""Whose mail it is: the mailbox that a recipient means."""

import re
from collections.abc import Sequence

from postroom_plumbing.addresses import canonical
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
        ids = self._by_address()
        return next((ids[form] for form in address_forms(address) if form in ids), None)

    def postmaster(self, address: str) -> str | None:
        """The mailbox of the postmaster, whom mail must reach without a domain and at each of ours (RFC 5321 section
        4.5.1); None where the address means somebody else.

        It is the mailbox of that name, else the first by id; of several, one at the domain that was named.
        """
        local, at, domain = address_forms(address)[0].rpartition("@")
        ids = self._by_address()
        here = {ids[one] for one in ids if one.endswith(f"@{domain}")} if at else set(ids.values())
        if (local if at else domain) != "postmaster" or not here:
            return None
        named = {ids[one] for one in ids if one.startswith("postmaster@")}
        return min(here & named or named or here)

    def _by_address(self) -> dict[str, str]:
        """The ids of mailboxes; of two with one address, which desk does not allow, the first."""
        if self._seen is not self._view.current:
            self._seen = self._view.current
            backwards = sorted(self._seen.mailbox.items(), key=lambda pair: pair[0], reverse=True)
            self._ids = {canonical(mailbox.address): mailbox_id for mailbox_id, mailbox in backwards}
        return self._ids


def address_forms(address: str) -> tuple[str, ...]:
    """What a mailbox can be called to be meant by this recipient, as `canonical` has it: with all of the recipient's
    local part, and without what follows a plus. Quotation marks that are not needed do not matter.
    """
    local, at, domain = canonical(address).rpartition("@")
    if len(local) > 2 and local[0] == local[-1] == '"':
        local = re.sub(r"\\(.)", r"\1", local[1:-1])
    plain = local.partition("+")[0]
    whole = f"{local}{at}{domain}"
    return (whole, f"{plain}{at}{domain}") if plain and plain != local else (whole,)


def others(mailboxes: Sequence[str]) -> tuple[str, ...]:
    """Mailboxes besides the first, each once."""
    return tuple(one for one in dict.fromkeys(mailboxes) if one != mailboxes[0])
