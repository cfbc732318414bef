"""What runs in a home just now, as its supervisor wrote it down for the other commands."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ValidationError

from postroom_local.home import Home, write_private


class Entry(BaseModel):
    """One server or service; `pid` is None where it was given by URL, and while it is started again."""

    name: str
    kind: Literal["server", "service"]
    address: str
    pid: int | None = None
    restarts: int = 0


class Run(BaseModel):
    """All of one stack, in the order it was started."""

    pid: int
    ready: bool = False
    """Whether everything has been up together once."""
    entries: list[Entry]

    def named(self, name: str) -> Entry:
        """The entry `name`; KeyError if there is none."""
        for entry in self.entries:
            if entry.name == name:
                return entry
        raise KeyError(name)


def write_run(home: Home, run: Run) -> None:
    """Put `run` in the place of what was written before."""
    write_private(_file(home), run.model_dump_json(indent=1))


def read_run(home: Home) -> Run | None:
    """What runs in `home`, or None when nothing does."""
    if not home.is_locked():
        return None
    try:
        return Run.model_validate_json(_file(home).read_text())
    except (FileNotFoundError, ValidationError):
        return None


def forget_run(home: Home) -> None:
    """Say that nothing runs."""
    _file(home).unlink(missing_ok=True)


def _file(home: Home) -> Path:
    return home.path / "run.json"


def was_killed(home: Home) -> bool:
    """Whether the last supervisor of `home` ended without a word; asked while holding the lock."""
    return _file(home).exists()
