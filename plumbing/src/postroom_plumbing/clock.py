"""The one place that reads the time of day."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Now, aware, in UTC, cut to the milliseconds that MongoDB and the events keep."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
