"""Mboxes (RFC 4155), read mail by mail in constant memory, however large they are."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

PIECE_BYTES = 65_536
_LONGEST_FROM_LINE = 500

_DATED = re.compile(rb"From .*\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b(?=.*\d:\d\d)(?=.*\b\d{4}\b)")
_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
_QUOTED = re.compile(rb">+From ")


def is_from_line(line: bytes, following: bytes, *, after_blank: bool) -> bool:
    """Whether `line` starts a mail: "From " with a date, or after a blank line (or nothing) and before a header field.

    Quoting "From " at the start of a line of text is the writer's duty in mboxo and mboxrd, but not all see to it:
    text that merely begins so ("From here on ...") stays text.
    """
    if not line.startswith(b"From ") or len(line) > _LONGEST_FROM_LINE:
        return False
    return bool(_DATED.match(line) or (after_blank and _FIELD.match(following)))


@dataclass(frozen=True, slots=True)
class Split:
    """One mail of an mbox, up to byte `end` of it; `raw` is None when it is larger than was allowed."""

    raw: bytes | None
    size: int
    end: int


@dataclass(slots=True)
class _Collector:
    """The mail at hand; it forgets the content of one larger than `limit`, but goes on counting."""

    limit: int
    data: bytearray = field(default_factory=bytearray)
    size: int = 0

    def add(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.size <= self.limit:
            self.data += piece
        else:
            self.data.clear()

    def finish(self, end: int) -> Iterator[Split]:
        """The mail, without the blank line that ends it in an mbox; nothing where all is blank."""
        if self.size > self.limit:
            yield Split(None, self.size, end)
        elif self.data and not self.data.isspace():
            for blank in (b"\r\n", b"\n"):
                if self.data.endswith(b"\n" + blank):
                    del self.data[-len(blank) :]
                    break
            yield Split(bytes(self.data), len(self.data), end)
        self.data.clear()
        self.size = 0


def split_mbox(file: BinaryIO, limit: int) -> Iterator[Split]:
    """The mails of an mbox in order, as they were before they were put in: without From line, and unquoted.

    Of `>From `, `>>From ` and so on at the start of a line one `>` goes (mboxrd; of mboxo that undoes the first alone).
    Mails larger than `limit` bytes are counted only. Reading begins where `file` stands, at a From line.
    """
    mail, end = _Collector(limit), file.tell()
    line, starts, after_blank = file.readline(PIECE_BYTES), True, True
    while line:
        following = file.readline(PIECE_BYTES)
        if starts and is_from_line(line, following, after_blank=after_blank):
            yield from mail.finish(end)
        else:
            mail.add(line[1:] if starts and _QUOTED.match(line) else line)
        after_blank = starts and line in (b"\n", b"\r\n")
        starts = line.endswith(b"\n")
        end += len(line)
        line = following
    yield from mail.finish(end)
