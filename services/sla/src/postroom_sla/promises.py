"""What is promised to whom: the policies in their order, with the schedules they count by."""

from collections.abc import Mapping
from dataclasses import dataclass

from postroom_contracts.config import Policy, Schedule, Target
from postroom_contracts.tickets import Ticket
from postroom_sla.deadlines import Calendar, calendar_of


@dataclass(frozen=True, slots=True)
class Promise:
    """What one policy promises for a ticket of one priority."""

    policy: str
    schedule: str | None
    calendar: Calendar | None
    """The hours that count; None counts every hour. Means nothing where `schedule_known` is False."""
    schedule_known: bool
    target: Target | None
    """None where the policy promises nothing for the ticket's priority."""
    warn_percent: int


class Promises:
    """The policies and schedules as they are known now."""

    def __init__(self, policies: Mapping[str, Policy], schedules: Mapping[str, Schedule]) -> None:
        self._policies = sorted(policies.items(), key=lambda item: (item[1].order, item[0]))
        self._calendars = {schedule_id: calendar_of(schedule) for schedule_id, schedule in schedules.items()}

    def to(self, ticket: Ticket) -> Promise | None:
        """What is promised for a ticket by the first policy whose conditions hold, by `order` and then by id."""
        for policy_id, policy in self._policies:
            if _applies(policy, ticket):
                return Promise(
                    policy=policy_id,
                    schedule=policy.schedule,
                    calendar=self._calendars.get(policy.schedule) if policy.schedule is not None else None,
                    schedule_known=policy.schedule is None or policy.schedule in self._calendars,
                    target=policy.targets.get(ticket.priority),
                    warn_percent=policy.warn_percent,
                )
        return None


def _applies(policy: Policy, ticket: Ticket) -> bool:
    if policy.queue is not None and policy.queue != ticket.queue:
        return False
    if policy.customer_domain is None:
        return True
    domain = ticket.customer.address.rpartition("@")[2]
    return domain.casefold() == policy.customer_domain.casefold()
