"""The ticket's priority."""

from typing import ClassVar

from postroom_contracts.config import Rule
from postroom_router.rules.condition import Facts


class PriorityCondition:
    name: ClassVar[str] = "priority"

    def stated(self, rule: Rule) -> bool:
        return rule.priority is not None

    def check(self, rule: Rule, facts: Facts) -> str | None:
        return f"its priority is {rule.priority}" if facts.ticket.priority == rule.priority else None
