"""The domain of the customer's address."""

from typing import ClassVar

from postroom_contracts.config import Rule
from postroom_router.rules.condition import Facts


class CustomerDomainCondition:
    """Compares the whole domain: `example.com` is not `mail.example.com`."""

    name: ClassVar[str] = "customer domain"

    def stated(self, rule: Rule) -> bool:
        return rule.customer_domain is not None

    def check(self, rule: Rule, facts: Facts) -> str | None:
        domain = facts.ticket.customer.address.rpartition("@")[2].casefold()
        wanted = (rule.customer_domain or "").lstrip("@").casefold()
        return f"the customer writes from {domain}" if domain == wanted else None
