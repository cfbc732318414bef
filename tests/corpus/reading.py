"""What a mail was read as, down to its leaves: the deeper view that sources with expectations of structure need."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from postroom_ingest.parse import Mail, parse
from postroom_ingest.parse.charsets import decode
from postroom_ingest.parse.headers import prepared, read_head
from postroom_ingest.parse.structure import Part, read_structure

MESSAGES_DEEP = 10


@dataclass(frozen=True)
class Leaf:
    """A part without parts of its own."""

    type: str
    content: bytes
    """After transfer decoding."""
    charset: str = ""
    disposition: str = ""
    encoded: bytes = b""
    """The content before transfer decoding."""

    @cached_property
    def text(self) -> str:
        """The content as text."""
        return decode(self.content, self.charset, [])


@dataclass(frozen=True)
class Reading:
    """One mail, read by some parser."""

    mail: Mail
    leaves: tuple[Leaf, ...]
    """Messages within the message stay closed here."""
    opened: tuple[Leaf, ...]
    """The same with messages within opened."""
    parts: int
    """Leaves and containers, messages within the message closed."""
    multiparts: int
    """Messages within opened."""
    messages: int
    """This one and those within it."""
    children: int
    """Parts right under the message itself."""
    type: str


def ours(raw: bytes) -> Reading:
    """The reading of postroom_ingest.parse."""
    root = _structure(prepared(raw))
    body = prepared(raw)
    opened: list[Leaf] = []
    multiparts, messages = _open(body, opened, 0)
    closed = tuple(_leaf(part, body) for part in root.leaves())
    parts = sum(1 for _ in _all(root))
    return Reading(parse(raw), closed, tuple(opened), parts, multiparts, messages, len(root.children), root.type)


def _structure(body: bytes) -> Part:
    return read_structure(body, read_head(body), [])


def _leaf(part: Part, body: bytes) -> Leaf:
    charset, encoded = part.params.token("charset"), body[part.start : part.end]
    return Leaf(part.type, part.content(body), charset, part.disposition.value, encoded)


def _all(part: Part) -> Iterator[Part]:
    yield part
    for child in part.children:
        yield from _all(child)


def _open(raw: bytes, leaves: list[Leaf], depth: int) -> tuple[int, int]:
    """Collect the leaves of a message and of the messages in it; how many multiparts and messages there are."""
    body = prepared(raw) if depth == 0 else raw
    multiparts, messages = 0, 1
    for part in _all(_structure(body)):
        if part.children:
            multiparts += 1
        elif part.type == "message/rfc822" and depth < MESSAGES_DEEP:
            inner = _open(part.content(body), leaves, depth + 1)
            multiparts, messages = multiparts + inner[0], messages + inner[1]
        else:
            leaves.append(_leaf(part, body))
    return multiparts, messages
