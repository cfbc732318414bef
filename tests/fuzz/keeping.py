"""What a fuzzer finds is kept by where it went wrong, the smallest input of each, and the run goes on."""

import hashlib
import os
import time
import traceback
from collections.abc import Callable
from pathlib import Path

SLOW_S = 2.0
"""CPU time of one case. Not time on the wall: other processes have a share of that."""


class TooSlowError(Exception):
    """A case took longer than SLOW_S."""


class Keeper:
    """Runs cases and writes down those that fail."""

    def __init__(self, check: Callable[[bytes], None], folder: Path) -> None:
        self._check = check
        self._folder = folder
        self._smallest: dict[str, int] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def run(self, data: bytes) -> None:
        """One case."""
        began = time.process_time()
        try:
            self._check(data)
            if time.process_time() - began > SLOW_S:
                raise TooSlowError(f"{time.process_time() - began:.1f} s")  # noqa: TRY301 - kept like what reading raises
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            self._keep(data, error)

    def _keep(self, data: bytes, error: Exception) -> None:
        last = traceback.extract_tb(error.__traceback__)[-1]
        name = f"{type(error).__name__}-{Path(last.filename).stem}-{last.lineno}"
        if len(data) >= self._smallest.get(name, len(data) + 1):
            return
        self._smallest[name] = len(data)
        case = self._folder / f"{name}-{os.getpid()}"
        case.with_suffix(".input").write_bytes(data)
        told = "".join(traceback.format_exception(error))
        case.with_suffix(".txt").write_text(f"{told}\n{hashlib.sha256(data).hexdigest()} {len(data)} bytes\n")
