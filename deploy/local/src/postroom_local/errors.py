"""What goes wrong on one machine, said in one line."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


class StackError(Exception):
    """Ends the command with this one line on stderr and exit code 1."""


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn what a person can mend into one line on stderr and exit code 1, and Ctrl-C into exit code 130."""
    try:
        yield
    except (StackError, OSError) as error:
        print(f"postroom: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
