"""The language the customer wrote in."""

from typing import ClassVar

from postroom_contracts.config import Rule
from postroom_router.languages import covers
from postroom_router.rules.condition import Facts


class LanguageCondition:
    name: ClassVar[str] = "language"

    def stated(self, rule: Rule) -> bool:
        return rule.language is not None

    def check(self, rule: Rule, facts: Facts) -> str | None:
        language = facts.ticket.language
        if language is None or rule.language is None or not covers(rule.language, language):
            return None
        return f"it is written in {language}"
