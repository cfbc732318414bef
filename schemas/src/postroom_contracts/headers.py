"""Names of the Kafka headers of an event: CloudEvents 1.0, Kafka binding, binary mode (section 3.2).

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
"""

SPEC_VERSION = "ce_specversion"
ID = "ce_id"
TYPE = "ce_type"
SOURCE = "ce_source"
SUBJECT = "ce_subject"
TIME = "ce_time"
SEQUENCE = "ce_sequence"
CONTENT_TYPE = "content-type"
TRACEPARENT = "traceparent"

DEAD_TOPIC = "dlq_topic"
DEAD_PARTITION = "dlq_partition"
DEAD_OFFSET = "dlq_offset"
DEAD_GROUP = "dlq_group"
DEAD_ERROR = "dlq_error"
DEAD_REASON = "dlq_reason"
DEAD_STACK = "dlq_stack"
DEAD_ATTEMPTS = "dlq_attempts"
DEAD_AT = "dlq_at"
DEAD_REPLAYED = "dlq_replayed"
"""On an empty record among the dead letters: the one it names was put back."""
