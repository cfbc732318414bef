"""What an import shows while it goes: a bar on a terminal, else a line every few seconds."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

_LINE_EVERY_S = 5.0


class ImportProgress:
    """Counts the mails handed in and their bytes; `total` bytes are expected. A context manager."""

    def __init__(self, total: int) -> None:
        self.mails = 0
        self._bytes = 0
        self._total = total
        self._began = self._said = time.monotonic()
        self._console = Console(highlight=False, markup=False, soft_wrap=True)
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("", total=total)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def say(self, line: str) -> None:
        """Print `line`, above the bar where there is one."""
        self._console.print(line)

    def handed_in(self, size: int) -> None:
        """One more mail of `size` bytes is in."""
        self.mails += 1
        self._bytes += size
        rate = self.mails / max(time.monotonic() - self._began, 0.001)
        self._show(f"{self.mails} mails handed in, {rate:.0f}/s, {self._bytes / 1e6:.1f} MB", self._bytes, self._total)

    def read(self, done: int, accepted: int) -> None:
        """Ingest has read `done` of the mails it `accepted`."""
        self._show(f"{done} of {accepted} mails read", done, accepted)

    def _show(self, text: str, done: int, total: int) -> None:
        self._bar.update(self._task, description=text, completed=done, total=total)
        if self._bar.disable and time.monotonic() - self._said > _LINE_EVERY_S:
            self._said = time.monotonic()
            self.say(text)
