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
