"""Words in the subject or the text."""

from typing import ClassVar

from postroom_contracts.config import Rule
from postroom_router.rules.condition import Facts, folded


class WordsCondition:
    """Looks for the words anywhere, also inside longer ones.

    Many languages write no spaces, or glue words together: 退款 in 我要退款, Rechnung in Rechnungsnummer.
    """

    name: ClassVar[str] = "words"

    def stated(self, rule: Rule) -> bool:
        return bool(rule.words)

    def check(self, rule: Rule, facts: Facts) -> str | None:
        words = (word.strip() for word in rule.words)
        return next((f"it contains “{word}”" for word in words if word and folded(word) in facts.words), None)
