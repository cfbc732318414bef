"""The lens of the moment: made anew when settings or agents have changed, since compiling patterns takes a while."""

from collections.abc import Sequence

from postroom_contracts.config import Redaction
from postroom_ingest.agents_view import AgentsView
from postroom_ingest.contact import Lens
from postroom_ingest.known import own_addresses
from postroom_ingest.redaction import Redactor
from postroom_plumbing.settings_view import SettingsView


class Lenses:
    """Says through which lens to read now."""

    def __init__(self, view: SettingsView, agents: AgentsView, secrets: Sequence[str]) -> None:
        self._view = view
        self._agents = agents
        self._secrets = tuple(secrets)
        self._patterns: dict[str, Redaction] = {}
        self._redactor = Redactor()

    def current(self) -> Lens:
        """The lens for a batch."""
        settings = self._view.current
        if settings.redaction != self._patterns:
            self._patterns = settings.redaction
            self._redactor = Redactor(settings.redaction)
        agents = frozenset(self._agents.current)
        return Lens(self._secrets, self._redactor, agents, own_addresses(settings.mailbox, agents))
