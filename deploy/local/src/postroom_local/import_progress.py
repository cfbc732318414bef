"""What an import shows while it goes: a bar on a terminal, else a line every few seconds."""

import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from postroom_local.journal import printable

_LINE_EVERY_S = 5.0


class ImportProgress:
    """Counts the mails handed in, and says how long it will take. A context manager.

    `before` mails were handed in by an earlier start. Bytes are those on disk; how many there are in all is looked up
    meanwhile, and None until then.
    """

    def __init__(self, before: int = 0, now: Callable[[], float] = time.monotonic) -> None:
        self.total: int | None = None
        self._before = before
        self._mails = 0
        self._read = ""
        self._passed = self._began_at = 0
        self._now = now
        self._began = self._said = now()
        self._console = Console(highlight=False, markup=False, soft_wrap=True)
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("", total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def say(self, line: str) -> None:
        """Print `line`, above the bar where there is one."""
        self._console.print(printable(line))

    def pass_over(self, passed: int) -> None:
        """An earlier start took what is before byte `passed`."""
        self._began_at = self._passed = passed
        self._began = self._now()

    def handed_in(self, mails: int, passed: int) -> None:
        """More mails are in; this is how far it is on disk."""
        self._mails += mails
        self._passed = passed
        self._show(", ".join(self._words()), passed, self.total)

    def read(self, done: int, accepted: int) -> None:
        """Ingest has read `done` of the mails it `accepted`."""
        self._read = f"{done} of {accepted} mails read"
        finished = self.total is not None and self._passed >= self.total
        self._show(self._read if finished else ", ".join(self._words()), *((done, accepted) if finished else ()))

    def _words(self) -> Iterator[str]:
        seconds = max(self._now() - self._began, 0.001)
        yield f"{self._before + self._mails} mails handed in, {self._mails / seconds:.0f}/s"
        if self._read:
            yield self._read
        if self.total:
            yield f"{min(100 * self._passed // self.total, 100)} %"
            speed = (self._passed - self._began_at) / seconds
            if speed > 0 and self._passed < self.total:
                yield f"about {duration((self.total - self._passed) / speed)} left"

    def _show(self, text: str, done: int | None = None, total: int | None = None) -> None:
        self._bar.update(self._task, description=text, completed=done, total=total)
        if self._bar.disable and self._now() - self._said > _LINE_EVERY_S:
            self._said = self._now()
            self.say(text)


def duration(seconds: float) -> str:
    """A time to wait, roughly: `40 s`, `5 min`, `2 h 10 min`."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
