"""Phrases of MTAs as patterns that can be read: a block of lines, each with alternatives."""

import re
from collections.abc import Callable

import re2


def any_of(block: str, *, before: str = "", after: str = "") -> re.Pattern[str]:
    """A pattern for any alternative of the block, in any case, between `before` and `after`."""
    return re.compile(f"{before}(?:{_alternatives(block)}){after}", re.IGNORECASE | re.MULTILINE)


def says(block: str) -> Callable[[str], bool]:
    """Whether a text has any alternative of the block, in any case: a test that costs a few ns a character."""
    pattern = re2.compile(f"(?i){_alternatives(block)}")
    return lambda text: pattern.search(text.encode("utf-8", "replace")) is not None


def _alternatives(block: str) -> str:
    return "|".join(line.strip() for line in block.strip().splitlines())
