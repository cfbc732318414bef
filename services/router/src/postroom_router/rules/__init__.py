"""Routing rules: one condition per file, their order here, the rules themselves in the settings."""

from postroom_contracts.config import Rule
from postroom_router.rules.condition import Condition, Facts
from postroom_router.rules.customer_domain import CustomerDomainCondition
from postroom_router.rules.language import LanguageCondition
from postroom_router.rules.mailbox import MailboxCondition
from postroom_router.rules.priority import PriorityCondition
from postroom_router.rules.tag import TagCondition
from postroom_router.rules.words import WordsCondition

__all__ = ["CONDITIONS", "Condition", "Facts", "match"]

CONDITIONS: tuple[Condition, ...] = (
    MailboxCondition(),
    LanguageCondition(),
    PriorityCondition(),
    TagCondition(),
    CustomerDomainCondition(),
    WordsCondition(),  # last: the only one that has to read the text
)


def match(rule: Rule, facts: Facts) -> tuple[bool, str]:
    """Whether all conditions that `rule` states hold, and why; else False and the name of one that does not."""
    reasons = []
    for condition in CONDITIONS:
        if condition.stated(rule):
            reason = condition.check(rule, facts)
            if reason is None:
                return False, condition.name
            reasons.append(reason)
    return True, " and ".join(reasons) or "it takes every ticket"
