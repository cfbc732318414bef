"""Every metric of Postroom: its name, unit and meaning. Metrics are recorded through here and nowhere else."""

from collections.abc import Iterator

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation

_meter = metrics.get_meter("postroom")

batch_size = _meter.create_histogram(
    "postroom.consume.batch_size", unit="{event}", description="Events handled in one transaction"
)
handler_seconds = _meter.create_histogram(
    "postroom.consume.duration", unit="s", description="From a batch read to its transaction committed"
)
consumer_lag = _meter.create_gauge(
    "postroom.consume.lag", unit="{event}", description="Events of a partition not handled yet"
)
events_handled = _meter.create_counter("postroom.consume.events", unit="{event}", description="Events handled, by type")
dead_letters = _meter.create_counter(
    "postroom.dead_letters", unit="{event}", description="Events given up and put on a dead letter topic"
)
retries = _meter.create_counter(
    "postroom.consume.retries", unit="{attempt}", description="Batches tried again, by the error's class"
)
outbox_published = _meter.create_counter(
    "postroom.outbox.published", unit="{event}", description="Events that Kafka acknowledged"
)
outbox_age = _meter.create_gauge(
    "postroom.outbox.age",
    unit="s",
    description="Age of the oldest event not published yet, 0 when there is none",
)
outbox_rejected = _meter.create_counter(
    "postroom.outbox.rejected",
    unit="{event}",
    description="Events that Kafka will never take; they stay in the outbox",
)
mails_accepted = _meter.create_counter(
    "postroom.mail.accepted", unit="{mail}", description="Mails that got their OK, by door"
)
mails_refused = _meter.create_counter(
    "postroom.mail.refused", unit="{mail}", description="Recipients or mails refused, by SMTP code"
)
door_bytes = _meter.create_gauge(
    "postroom.doors.memory", unit="By", description="Of bodies that are coming in at the HTTP doors"
)
mails_read = _meter.create_counter(
    "postroom.mail.read", unit="{mail}", description="Mails by outcome: new, appended, duplicate, set-aside"
)
mails_set_aside = _meter.create_counter(
    "postroom.mail.set_aside", unit="{mail}", description="Mails kept off the tickets, by cause"
)
intake_unaccounted = _meter.create_gauge(
    "postroom.intake.unaccounted",
    unit="{contact}",
    description="Contacts accepted more than 2 minutes ago that are not in the ledger",
)
mails_sent = _meter.create_counter(
    "postroom.mail.sent",
    unit="{mail}",
    description="Outgoing mails by kind and outcome: sent, failed, uncertain",
)
clocks_fired = _meter.create_counter(
    "postroom.sla.fired", unit="{clock}", description="Warnings and breaches, by metric"
)
clock_delay = _meter.create_histogram(
    "postroom.sla.delay", unit="s", description="From the moment a clock was due to its event committed"
)
tickets_assigned = _meter.create_counter(
    "postroom.routing.assigned", unit="{ticket}", description="Tickets the router gave to an agent"
)
survey_answers = _meter.create_counter(
    "postroom.survey.answers", unit="{answer}", description="Survey answers recorded, by rating"
)
imap_left = _meter.create_counter(
    "postroom.imap.left", unit="{mail}", description="Mails that could not be taken and stay in their account"
)
imap_accounts: dict[str, tuple[bool, float]] = {}
"""By account: whether its mail is being taken, and for how many seconds not all of it was. Accounts come and go, which
a gauge that is set could not show."""


def _imap_up(_: CallbackOptions) -> Iterator[Observation]:
    return (Observation(int(up), {"account": account}) for account, (up, _) in list(imap_accounts.items()))


def _imap_behind(_: CallbackOptions) -> Iterator[Observation]:
    return (Observation(behind, {"account": account}) for account, (_, behind) in list(imap_accounts.items()))


_meter.create_observable_gauge(
    "postroom.imap.account_up", [_imap_up], description="1 while mail of an IMAP account is taken, else 0"
)
_meter.create_observable_gauge(
    "postroom.imap.account_behind",
    [_imap_behind],
    unit="s",
    description="How long ago all mail of an IMAP account was last known to be taken",
)
