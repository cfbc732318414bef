"""Every metric of Postroom: its name, unit and meaning. Metrics are recorded through here and nowhere else."""

from opentelemetry import metrics

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
mails_read = _meter.create_counter(
    "postroom.mail.read", unit="{mail}", description="Mails by outcome: new, appended, duplicate, set-aside"
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
