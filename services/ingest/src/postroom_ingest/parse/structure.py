"""The parts of a message (RFC 2046): where each leaf lies in the raw bytes, found without copying any.

Broken multiparts are read as their writers meant them; where that cannot be told, the body stays one text, so
nothing a customer wrote is hidden.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from postroom_ingest.parse.headers import Head, Headers, read_head
from postroom_ingest.parse.limits import MAX_BOUNDARY_TRIES, MAX_DEPTH, MAX_PARTS
from postroom_ingest.parse.params import Parametrised, content_type, parametrised
from postroom_ingest.parse.transfer import decode_transfer

_AFTER_DELIMITER = re.compile(rb"(--)?[ \t]*(?:\r?\n|$)")
_ANYTHING_AFTER = re.compile(rb"(--)?(?:[ \t][^\n]*)?(?:\r?\n|$)")
_LIKELY_BOUNDARY = re.compile(
    rb"^--([^\s][^\r\n]{0,69}?)[ \t]*\r?\n(?=content-[a-z-]+:|\r?\n)", re.IGNORECASE | re.MULTILINE
)
_SEARCHED_FOR_BOUNDARY = 64 * 1024


@dataclass(slots=True)
class Part:
    """A leaf or a container; `start` and `end` bound its still encoded body in the message."""

    type: str
    params: Parametrised
    disposition: Parametrised
    headers: Headers
    start: int
    end: int
    index: int = -1
    """Number of the leaf in the order of the mail; -1 for a container."""
    children: list["Part"] = field(default_factory=list)
    data: bytes | None = None
    """The content itself, for a part that does not lie in the message as such but was found within another."""

    def content(self, raw: bytes, limit: int | None = None) -> bytes:
        """The leaf's bytes, at most about `limit` encoded ones of them."""
        if self.data is not None:
            return self.data[:limit]
        end = self.end if limit is None else min(self.end, self.start + limit)
        return decode_transfer(raw[self.start : end], self.headers.token("content-transfer-encoding"))

    def leaves(self) -> Iterator["Part"]:
        """All leaves in the order of the mail."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


class _Reader:
    def __init__(self, raw: bytes, defects: list[str]) -> None:
        self._raw = raw
        self._defects = defects
        self._parts = 0
        self._leaves = 0

    def part(self, head: Head, end: int, default: str, depth: int) -> Part:
        headers = head.headers
        kind = content_type(headers.value("content-type"), default)
        disposition = parametrised(headers.value("content-disposition"))
        part = Part(kind.value, kind, disposition, headers, min(head.body, end), end)
        self._parts += 1
        if kind.value.startswith("multipart/"):
            self._split(part, depth)
            if not part.children:
                part.type = "text/plain"
        if not part.children:
            part.index = self._leaves
            self._leaves += 1
        return part

    def _split(self, part: Part, depth: int) -> None:
        if depth >= MAX_DEPTH:
            self._defects.append("nested-too-deep")
            return
        default = "message/rfc822" if part.type == "multipart/digest" else "text/plain"
        for start, end in self._regions(part):
            head = read_head(self._raw, start, end)
            self._defects += [d for d in head.defects if d != "no-headers"]
            part.children.append(self.part(head, end, default, depth + 1))

    def _regions(self, part: Part) -> list[tuple[int, int]]:
        given = part.params.params.get("boundary", b"") or part.params.token("boundary").encode()
        # As it stands; then without the space at its end that RFC 2046 forbids; then with words behind it.
        for boundary, after in (
            (given, _AFTER_DELIMITER),
            (given.rstrip(), _AFTER_DELIMITER),
            (given, _ANYTHING_AFTER),
        ):
            if boundary and (regions := self._between(boundary, part.start, part.end, after)):
                return regions
        self._defects.append("broken-multipart")
        stop = min(part.end, part.start + _SEARCHED_FOR_BOUNDARY)
        likely = _LIKELY_BOUNDARY.search(self._raw, part.start, stop)
        # Dashes alone may be a ruled line; a delimiter is also closed or used again.
        if likely and self._raw.find(b"\n--" + likely[1], likely.end(), part.end) >= 0:
            return self._between(likely[1], part.start, part.end)
        return []

    def _between(
        self, boundary: bytes, start: int, end: int, rest: re.Pattern[bytes] = _AFTER_DELIMITER
    ) -> list[tuple[int, int]]:
        """Regions between the delimiter lines (RFC 2046 section 5.1.1), line end before a delimiter left out.

        Delimiters with nothing at all between them bound no part, unless it were the only one. Where delimiters
        follow the closing one, it closed a multipart within that has the same boundary; the parts behind it count.
        """
        raw, needle = self._raw, b"--" + boundary
        regions: list[tuple[int, int]] = []
        opened = -1
        at = start
        for _ in range(MAX_BOUNDARY_TRIES):
            at = raw.find(needle, at, end)
            if at < 0:
                break
            after = rest.match(raw, at + len(needle), end)
            if after is None or (at > start and raw[at - 1 : at] not in (b"\n", b"\r")):
                at += len(needle)
                continue
            if opened >= 0:
                regions.append((opened, self._before(at, opened)))
            opened = -1 if after[1] else after.end()
            at = after.end()
            if self._parts + len(regions) >= MAX_PARTS:
                self._defects.append("too-many-parts")
                break
        if opened >= 0:
            regions.append((opened, end))
            self._defects.append("multipart-not-closed")
        return [region for region in regions if region[0] < region[1]] or regions[:1]

    def _before(self, at: int, opened: int) -> int:
        if at > opened and self._raw[at - 1 : at] == b"\n":
            at -= 1
        if at > opened and self._raw[at - 1 : at] == b"\r":
            at -= 1
        return at


def read_structure(raw: bytes, head: Head, defects: list[str]) -> Part:
    """The tree of parts of a message whose head was read. Messages within messages stay closed: they are leaves."""
    return _Reader(raw, defects).part(head, len(raw), "text/plain", 0)
