"""Phrases of MTAs as patterns that can be read: a block of lines, each with alternatives."""

import re


def any_of(block: str, *, before: str = "", after: str = "") -> re.Pattern[str]:
    """A pattern for any alternative of the block, in any case, between `before` and `after`."""
    lines = (line.strip() for line in block.strip().splitlines())
    return re.compile(f"{before}(?:{'|'.join(lines)}){after}", re.IGNORECASE | re.MULTILINE)
