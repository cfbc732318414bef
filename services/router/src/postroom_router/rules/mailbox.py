"""The mailbox that was written to."""

from typing import ClassVar

from postroom_contracts.config import Rule
from postroom_router.rules.condition import Facts


class MailboxCondition:
    name: ClassVar[str] = "mailbox"

    def stated(self, rule: Rule) -> bool:
        return rule.mailbox is not None

    def check(self, rule: Rule, facts: Facts) -> str | None:
        return f"it came to mailbox {rule.mailbox}" if facts.ticket.mailbox == rule.mailbox else None
