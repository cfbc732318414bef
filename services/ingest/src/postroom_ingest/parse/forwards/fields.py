"""The fields at the head of a forwarded mail: From, Date, To ... each on its line, wrapped, or all in one line."""

import re
from typing import Final, NamedTuple

from postroom_ingest.parse.forwards.labels import LABELS, Field, normal
from postroom_ingest.parse.forwards.lines import LONGEST_LABEL, bare, read_label, split_label

_MOST_LINES: Final = 400
_MOST_BLANK: Final = 3
_LONGEST_VALUE_LINES: Final = 150
_LONGEST_ONE_LINE: Final = 32 * 1024
_MOST_ADDRESSES: Final = 300
_FEWEST: Final = 2
_LISTS: Final = ("from", "to", "cc", "other")


class Block(NamedTuple):
    """Fields that were read: values by field, the sender's label, and the line behind the last of them."""

    values: dict[Field, str]
    sender_label: str
    end: int

    @property
    def size(self) -> int:
        """How many fields that tell a forward there are."""
        return len(self.values.keys() - {"other"})


def read_block(lines: list[str], start: int) -> Block | None:
    """The fields that begin in line `start` or behind a few blank lines; None without a sender."""
    at = skip_blank(lines, start)
    values: dict[Field, str] = {}
    sender_label = ""
    last: Field | None = None
    stop = min(len(lines), at + _MOST_LINES)
    while at < stop:
        label = read_label(bare(lines[at]))
        if label and (label.field == "other" or label.field not in values):
            last = label.field
            sender_label = label.name if last == "from" else sender_label
            values[last] = label.value
            at += 1
            continue
        if label:
            break
        upto = _wrapped(lines, at, stop, values, last) if last else at
        if last is None or upto == at:
            break
        values[last] = " ".join([values[last], *(one for line in lines[at:upto] if (one := bare(line)))]).strip()
        at = upto
    return Block(values, sender_label, at) if "from" in values else None


def skip_blank(lines: list[str], at: int) -> int:
    """The first line from `at` on that has text, a few lines on at most."""
    stop = min(len(lines), at + _MOST_BLANK)
    while at < stop and not bare(lines[at]):
        at += 1
    return at


def _wrapped(lines: list[str], at: int, stop: int, values: dict[Field, str], last: Field) -> int:
    """Where the lines end that still belong to the field above; `at` itself when there are none."""
    if not bare(lines[at]):  # blank lines between fields, as HTML tables and paragraphs leave
        ahead = skip_blank(lines, at)
        if ahead < stop and (_unseen(bare(lines[ahead]), values) or not values[last]):
            return ahead
        return at
    if not values[last]:  # the label stands alone, its value below
        return at + 1
    value = values[last].rstrip()
    unfinished = value.endswith((",", ";")) or value.rfind("<") > value.rfind(">") or bare(lines[at]).startswith("<")
    if last in _LISTS and unfinished:
        return at + 1
    ahead = at
    limit = min(stop, at + _LONGEST_VALUE_LINES)
    while ahead < limit and (line := bare(lines[ahead])):
        if _unseen(line, values):
            return ahead
        if read_label(line):
            break
        ahead += 1
    return at


def _unseen(line: str, values: dict[Field, str]) -> bool:
    label = read_label(line)
    return label is not None and (label.field == "other" or label.field not in values)


_SUBJECT_WORDS: Final = sorted((word for word, field in LABELS.items() if field == "subject"), key=len, reverse=True)
_SUBJECT: Final = re.compile(f"({'|'.join(map(re.escape, _SUBJECT_WORDS))})[ \u00a0]?([:：])?", re.IGNORECASE)


def read_one_line(line: str) -> Block | None:
    """Fields in one line with nothing between them: Yahoo's `From: a <a@b>To: c <c@d>Sent: ...Subject: ...`."""
    line = line[:_LONGEST_ONE_LINE]
    first = read_label(line)
    if first is None or first.field != "from":
        return None
    found: list[tuple[Field, int, int]] = []
    at = 0
    for _ in range(_MOST_ADDRESSES):
        seen = {field for field, _, _ in found}
        if at < 0 or "date" in seen:
            break
        text = line[at : at + LONGEST_LABEL].lstrip("> ;\u00a0")
        field, length = _label_after_address(text)
        if field and field not in seen:
            found.append((field, at, line.index(text, at) + length))
        at = line.find(">", at + 1)
    if len(found) < _FEWEST:
        return None
    _, _, behind = found[-1]
    subject = _subject_in(line, behind)
    found.append(("subject", *subject) if subject else ("other", len(line), len(line)))
    ends = [begin for _, begin, _ in found[1:]] + [len(line)]
    values = {field: line[start:end].strip(" >;:：\u00a0") for (field, _, start), end in zip(found, ends, strict=True)}
    return Block(_closed(values), first.name, 1)


def _label_after_address(text: str) -> tuple[Field | None, int]:
    label = read_label(text)
    if label:
        return label.field, len(text) - len((split_label(text) or ("", text))[1])
    word = text.partition(" ")[0]  # Polish Yahoo forgets the colon of `Dw`
    return ("cc", len(word)) if word and LABELS.get(normal(word)) == "cc" else (None, 0)


def _subject_in(line: str, start: int) -> tuple[int, int] | None:
    """Where the subject's label begins and ends: glued to the date's time zone; Portuguese Yahoo forgets the colon."""
    bare_word = None
    for match in _SUBJECT.finditer(line, start):
        if match[2]:
            return match.span()
        bare_word = bare_word or match.span()
    return bare_word


def _closed(values: dict[Field, str]) -> dict[Field, str]:
    """The values with the angle bracket back that ended each list of addresses."""
    return {field: value + ">" if value.count("<") > value.count(">") else value for field, value in values.items()}
