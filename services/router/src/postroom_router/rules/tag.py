"""A tag of the ticket."""

from typing import ClassVar

from postroom_contracts.config import Rule
from postroom_router.rules.condition import Facts


class TagCondition:
    name: ClassVar[str] = "tag"

    def stated(self, rule: Rule) -> bool:
        return rule.tag is not None

    def check(self, rule: Rule, facts: Facts) -> str | None:
        wanted = (rule.tag or "").casefold()
        return next((f"it is tagged {tag}" for tag in facts.ticket.tags if tag.casefold() == wanted), None)
