"""The decision what a reader is shown first."""

from dataclasses import dataclass
from typing import Literal

from postroom_ingest.parse.limits import MAX_TEXT_CHARS
from postroom_ingest.parse.trim.html import quoted_lines
from postroom_ingest.parse.trim.phrases import ANSWERS_BELOW
from postroom_ingest.parse.trim.quotations import Mark, mark_lines
from postroom_ingest.parse.trim.signatures import signature_start

_ANNOUNCED_WITHIN = 2_000
"""Characters in which a sender says that the answers stand below."""


@dataclass(frozen=True, slots=True)
class Trimmed:
    """A mail's text, parted. What was cut stands in `quotation` and `signature`, in its order."""

    own_words: str
    quotation: str
    signature: str
    inline: bool
    """Answers stand between quoted lines, so `own_words` holds those lines too."""


@dataclass(frozen=True, slots=True)
class _Run:
    """Consecutive lines of one sort; `stop` is exclusive."""

    start: int
    stop: int
    sort: Literal["own", "quoted", "signature"]
    attributed: bool = False


def trim(text: str, html: str | None = None) -> Trimmed:
    """The sender's own words of `text` (LF line ends), without the quotation below or above them and the signature.

    `html` is the mail's sanitised HTML: where `text` was made from it, its blockquotes tell quotation. Where
    nothing would be left, the whole text is shown. Text beyond MAX_TEXT_CHARS is not read. Never raises.
    """
    lines = text[:MAX_TEXT_CHARS].split("\n")
    marked = mark_lines(lines, quoted_lines(lines, html) if html else frozenset())
    runs = _runs(lines, marked.marks)
    if not any(run.sort == "own" for run in runs):
        return Trimmed(_text(lines), "", "", inline=False)
    if marked.end < len(lines) and ANSWERS_BELOW.search("\n".join(lines[: marked.end])[:_ANNOUNCED_WITHIN]):
        return Trimmed(_text(lines), "", "", inline=True)
    shown, inline = _shown(runs)
    seen = set(shown)
    hidden = [run for run in runs if run not in seen]
    return Trimmed(
        own_words=_joined(lines, shown),
        quotation=_joined(lines, [*(r for r in hidden if r.sort == "quoted"), _Run(marked.end, len(lines), "quoted")]),
        signature=_joined(lines, [run for run in hidden if run.sort == "signature"]),
        inline=inline,
    )


def _runs(lines: list[str], marks: list[Mark]) -> list[_Run]:
    """The lines in runs; blank ones belong to the run above them, signatures are parted from the words above them."""
    runs: list[_Run] = []
    index = 0
    while index < len(marks):
        start = index
        while index < len(marks) and marks[index] == "blank":
            index += 1
        quoted = index < len(marks) and marks[index] != "own"
        while index < len(marks) and (marks[index] == "blank" or (marks[index] != "own") == quoted):
            index += 1
        if quoted:
            runs.append(_Run(start, index, "quoted", "attribution" in marks[start:index]))
        else:
            runs += _parted(lines, start, index)
    return runs


def _parted(lines: list[str], start: int, stop: int) -> list[_Run]:
    own = lines[start:stop]
    at = signature_start(own)
    words = [_Run(start, start + at, "own")] if any(line.strip() for line in own[:at]) else []
    return [*words, _Run(start + at, stop, "signature")] if at < len(own) else words


def _shown(runs: list[_Run]) -> tuple[list[_Run], bool]:
    """The runs to show, and whether answers stand between quoted ones.

    What follows the last own words is hidden. A quotation with an attribution above all answers or between two
    runs is hidden where nothing is quoted after the answer: the sender wrote below it. Other quotations stay.
    """
    last = max(index for index, run in enumerate(runs) if run.sort == "own")
    first_quote = next((index for index, run in enumerate(runs) if run.sort == "quoted"), len(runs))
    if first_quote > last:
        return [run for run in runs[: last + 1] if run.sort == "own"], False
    answers = sum(run.sort == "own" for run in runs[first_quote:])
    quoted_after = any(run.sort == "quoted" for run in runs[last:])
    if answers == 1 and not quoted_after and runs[first_quote].attributed:
        return [run for run in runs if run.sort == "own"], False
    return runs[: last + 1], True


def _joined(lines: list[str], runs: list[_Run]) -> str:
    """The lines of the runs; where something stood between two, an empty line does."""
    kept: list[str] = []
    end = 0
    for run in runs:
        part = lines[run.start : run.stop]
        if kept and part and run.start != end and kept[-1].strip() and part[0].strip():
            kept.append("")
        kept += part
        end = run.stop
    return _text(kept)


def _text(lines: list[str]) -> str:
    """The lines without blank ones at either end and without spaces at their ends."""
    return "\n".join(map(str.rstrip, lines)).strip("\n")
