"""The corpus: real mails with the results their own sources expect. Not part of this repository.

POSTROOM_CORPUS names its folder; its README says what each key of an expectation means. Below it lies a folder for each
part of it, such as `dev`, with an `expect.jsonl` that names files relative to the corpus.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from postroom_ingest.parse import Mail, parse

REPOSITORY = Path(__file__).parents[2]
CORPUS = Path(os.environ.get("POSTROOM_CORPUS", REPOSITORY.parent / "shared" / "corpus"))
DEV = "dev"
"""The part that the tests judge; `make corpus` judges all that are there."""

Form = Literal["message", "body-text", "body-html", "mbox"]


@dataclass(frozen=True)
class Case:
    """One file of the corpus with what its source expects of it."""

    file: str
    """Relative to the corpus."""
    form: Form
    category: str
    expect: dict[str, Any]
    note: str = ""
    source: str = ""
    """The repository it is from, as owner/name."""
    also: tuple[tuple[str, dict[str, Any]], ...] = ()
    """Other sources that have the same message, each with its own expectation."""

    @cached_property
    def raw(self) -> bytes:
        return (CORPUS / self.file).read_bytes()

    @cached_property
    def mail(self) -> Mail:
        """The file read as a mail."""
        return parse(self.raw)

    @cached_property
    def body(self) -> str:
        """The file as the text of a body (forms body-text and body-html)."""
        return self.raw.decode("utf-8", "replace").replace("\r\n", "\n")


@dataclass(frozen=True, slots=True)
class Check:
    """One expectation of a case, judged."""

    name: str
    right: bool
    wanted: object = None
    got: object = None


def parts() -> list[str]:
    """The parts of the corpus that are there."""
    return sorted(one.parent.name for one in CORPUS.glob("*/expect.jsonl"))


def cases(*categories: str, part: str = DEV) -> Iterator[Case]:
    """The cases of some categories, or all, of a part."""
    with (CORPUS / part / "expect.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            one = json.loads(line)
            if not categories or one["category"] in categories:
                also = tuple((other["source"], other["expect"]) for other in one.get("also", ()) if other.get("expect"))
                note = one.get("note", "")
                yield Case(one["file"], one["form"], one["category"], one["expect"], note, one["source"], also)


def plain(text: str | None) -> str:
    """Text as expectations compare it: CRLF = LF, trailing white space dropped."""
    return "\n".join(line.rstrip() for line in (text or "").replace("\r\n", "\n").split("\n")).rstrip()
