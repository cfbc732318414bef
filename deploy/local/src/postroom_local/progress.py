"""What `postroom up` shows: one line per event, and on a terminal a moving line saying what it waits for."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status


def wide_console() -> Console:
    """For tables: as wide as the terminal, or wide enough for programs and files."""
    return Console(highlight=False, markup=False, soft_wrap=True, width=None if sys.stdout.isatty() else 200)


class Progress:
    """Prints lines; knows whether a person is watching."""

    def __init__(self) -> None:
        self._console = Console(soft_wrap=True)
        self._status: Status | None = None

    def say(self, line: str) -> None:
        """Print `line` as it is."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Show `text` while the block runs."""
        if not self._console.is_terminal:
            self.say(text)
            yield
            return
        with self._console.status(text) as self._status:
            yield
        self._status = None

    def ready(self, name: str, pending: Sequence[str]) -> None:
        """Show that `name` is ready and who is still awaited."""
        if self._status is not None:
            self._status.update(f"waiting for {', '.join(pending)}")
        else:
            self.say(f"{name} is ready")
