"""Errors by what is to be done about them."""

import traceback


class PermanentError(Exception):
    """Trying again cannot help: the event goes to the dead letters at once."""


class StaleError(Exception):
    """Somebody else was faster; load again and decide again."""


class NewClusterError(Exception):
    """Kafka is not the cluster this process started with; the process must start again."""


def described(error: BaseException) -> dict[str, str]:
    """An error for a log line: its class and where it came from, but not its text, which may hold an address."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    return {"error": type(error).__name__, "where": where}
