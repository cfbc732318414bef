"""Text to a `Forwarded`: puts together what the other modules know."""

from typing import Final

from postroom_ingest.parse.forwards.fields import read_block
from postroom_ingest.parse.forwards.finding import Found, find_forward, may_hold_forward
from postroom_ingest.parse.forwards.labels import Field
from postroom_ingest.parse.forwards.lines import bare, depth, read_separator
from postroom_ingest.parse.forwards.mailboxes import read_mailboxes
from postroom_ingest.parse.forwards.model import Forwarded
from postroom_ingest.parse.forwards.subjects import Prefixed, read_subject
from postroom_ingest.parse.limits import MAX_FIELD_BYTES, MAX_TEXT_CHARS

_INDENT: Final = "    "


def forwarded(subject: str, text: str) -> Forwarded | None:
    """The forward a mail's text holds inline, the outermost when several; None when it is no forward.

    `subject` and `text` are the mail's own. Only the first 500,000 characters of text are read. Never raises.
    """
    told = read_subject(subject[:MAX_FIELD_BYTES])
    text = text[:MAX_TEXT_CHARS]
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if told.kind != "forward" and not may_hold_forward(text):
        return None
    lines = text.split("\n")
    found = find_forward(lines, told)
    return _read(lines, found, told) if found else None


def _read(lines: list[str], found: Found, told: Prefixed) -> Forwarded:
    values: dict[Field, str] = found.block.values if found.block else {}
    senders = read_mailboxes(values.get("from", ""))
    attributed = found.attribution
    return Forwarded(
        above="\n".join(lines[: found.start]).strip(" \t\r\n\u00a0\ufeff"),
        sender=attributed.sender if attributed else next(iter(senders), None),
        to=read_mailboxes(values.get("to", "")),
        cc=read_mailboxes(values.get("cc", "")),
        subject=values.get("subject") or told.rest,
        date=attributed.date if attributed else values.get("date", ""),
        body=_body(lines, found),
    )


def _body(lines: list[str], found: Found) -> str:
    rest = lines[found.body :]
    first = next((at for at, line in enumerate(rest) if bare(line)), 0)
    closing = read_separator(bare(rest[first])) if rest else None
    if closing and closing.says == "forward" and found.block and read_block(rest, first + 1) is None:
        first += 1  # Zoho writes its separator below the fields again
    rest = rest[first:]
    quoted = any(depth(line) for line in lines[found.start : found.body])
    words = [line for line in rest if line.strip()]
    if quoted or (words and all(depth(line) for line in words)):
        rest = [_less_quoted(line) for line in rest]
    elif found.attribution:
        rest = [line.removeprefix(_INDENT) for line in rest]
    return "\n".join(rest).strip(" \t\r\n\u00a0\ufeff")


def _less_quoted(line: str) -> str:
    return line[1:].removeprefix(" ") if line.startswith(">") else line
