"""What a condition of a routing rule is, and what it looks at."""

import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Protocol

from postroom_contracts.config import Rule
from postroom_contracts.tickets import Ticket
from postroom_plumbing.spelling import SPELLINGS


def folded(text: str) -> str:
    """`text` in the form in which words are compared: whatever its case, width and keyboard."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold().translate(SPELLINGS)


@dataclass(frozen=True)
class Facts:
    """A ticket as it was opened, with the words of its first contact."""

    ticket: Ticket
    text: str

    @cached_property
    def words(self) -> str:
        """Subject and text, folded; made once for all rules, and only when a rule asks."""
        return folded(f"{self.ticket.subject}\n{self.text}")


class Condition(Protocol):
    """One condition that a rule may state. Its methods are pure."""

    name: ClassVar[str]

    def stated(self, rule: Rule) -> bool:
        """Whether `rule` has this condition."""
        ...

    def check(self, rule: Rule, facts: Facts) -> str | None:
        """The reason, for people, if the condition that `rule` states holds, else None."""
        ...
