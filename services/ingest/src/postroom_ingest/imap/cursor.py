"""What of a folder was taken, and what comes next. Pure.

UIDs only grow (RFC 9051 section 2.3.1.1), so two numbers say what was taken, whatever flags other mail programs set:
of the mails that were there when the folder was first seen (up to `edge`) those up to `back`, and of the mails that
came since those up to `front`. New mail is always taken first, and does not wait for a long history.

When the server gives out other UIDs (another UIDVALIDITY) everything is looked at again, and a mail is known by its
imprint.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

WINDOW = 60_000
"""The most messages one SEARCH is asked for: its answer is one line of up to 11 bytes each, the library takes 1 MB."""
BATCH_MAILS = 64
BATCH_BYTES = 8_000_000
LOOK_MAILS = 256
"""Heads looked at together."""
CLOCKS_APART = timedelta(minutes=5)
"""How far the server's clock, in whole seconds, may be behind ours: rather an old mail too many than one lost."""
PENDING = 1_000
"""The most mails remembered as still to be flagged, moved or deleted."""

Verdict = Literal["new", "old", "again", "skip"]
"""Take as new mail; take as old mail brought over; taken before under another UID; not wanted."""
WANTED: frozenset[Verdict] = frozenset(("new", "old"))


@dataclass(frozen=True, slots=True)
class Sight:
    """A folder as SELECT shows it."""

    uidvalidity: int
    exists: int
    """How many messages are in it."""
    highest: int
    """No message has a greater UID; 0 when there never was one."""


@dataclass(frozen=True, slots=True)
class Head:
    """What is known of a mail before it is fetched."""

    uid: int
    size: int
    """What the server says it has; not every server is exact."""
    at: datetime | None
    """INTERNALDATE."""
    imprint: str


@dataclass(frozen=True, slots=True)
class Cursor:
    """See the module."""

    place: str
    """Whose folder: see `place`."""
    uidvalidity: int
    edge: int
    back: int
    front: int
    old_until: datetime
    """When the folder was first seen: what is older was there already."""
    again: bool = False
    """Whether mails up to `edge` may have been taken under other UIDs."""
    pending: tuple[int, ...] = ()
    """Taken, but perhaps not yet flagged, moved or deleted."""
    version: int = 0
    """Counts the writes, so that of two writers one fails."""

    @property
    def history_left(self) -> bool:
        return self.back < self.edge


def place(user: str, folder: str) -> str:
    """What a cursor belongs to. Not the host: a server may get another name and keep its folders."""
    return f"{user.lower()} {'INBOX' if folder.upper() == 'INBOX' else folder}"


def sighted(known: Cursor | None, where: str, sight: Sight, now: datetime, *, history: bool) -> Cursor:
    """The cursor to go on with. `history` says whether mail that is there at first sight is wanted."""
    if known is None or known.place != where:
        return Cursor(
            place=where,
            uidvalidity=sight.uidvalidity,
            edge=sight.highest,
            back=0 if history else sight.highest,
            front=sight.highest,
            old_until=now,
            again=known is not None,
            version=known.version if known else 0,
        )
    if known.uidvalidity == sight.uidvalidity:
        return known
    return replace(
        known,
        uidvalidity=sight.uidvalidity,
        edge=sight.highest,
        back=0,
        front=sight.highest,
        again=True,
        pending=(),
    )


def window(after: int, upto: int | None, sight: Sight) -> tuple[int, int | None]:
    """The UIDs to search for next, as `first:last`; None as last means any greater. `upto` bounds them.

    Without `upto` a last never lies beyond the mails that are there: what was searched counts as taken, and a mail that
    comes later must not fall into it.
    """
    last = after + WINDOW
    if sight.exists <= WINDOW or (upto is None and last >= sight.highest):
        return after + 1, upto
    return after + 1, last if upto is None else min(last, upto)


def imprint(fields: bytes, size: int, at: datetime | None) -> str:
    """What a mail is known by whatever its UID: its own header fields and its size.

    INTERNALDATE counts only where there is no Message-ID: it changes when a folder is copied to another server. Where
    this calls one mail two, the reader still finds the duplicate; never may it call two mails one.
    """
    words = b" ".join(fields.split())
    known = [words, str(size).encode()]
    if b"message-id:" not in words.lower():
        known.append(str(at).encode())
    return hashlib.sha256(b"\n".join(known)).hexdigest()[:32]


def verdict(cursor: Cursor, head: Head, *, history: bool, known: bool) -> Verdict:
    """What to do with a mail. `known` says whether a mail of its imprint was taken before."""
    if head.uid > cursor.edge:
        return "new"
    if not cursor.again:
        return "old"
    if known:
        return "again"
    if head.at is None or head.at > cursor.old_until - CLOCKS_APART:
        return "new"
    return "old" if history else "skip"


def portion(decided: Sequence[tuple[Head, Verdict]], most: int = BATCH_MAILS) -> list[tuple[Head, Verdict]]:
    """The beginning of `decided` whose mails may be in memory together: `most` or BATCH_BYTES, but at least one."""
    count = size = 0
    for n, (head, what) in enumerate(decided):
        if what in WANTED:
            if count and (count >= most or size + head.size > BATCH_BYTES):
                return list(decided[:n])
            count, size = count + 1, size + head.size
    return list(decided)


def advanced(cursor: Cursor, upto: int, taken: Sequence[int], *, front: bool) -> Cursor:
    """After everything up to the UID `upto` was decided; `taken` are those that something is to be done with."""
    pending = (*cursor.pending, *taken)[-PENDING:]
    if front:
        return replace(cursor, front=max(cursor.front, upto), pending=pending)
    return replace(cursor, back=max(cursor.back, upto), pending=pending)


def settled(cursor: Cursor, done: Iterable[int]) -> Cursor:
    """After those were flagged, moved or deleted."""
    gone = set(done)
    return replace(cursor, pending=tuple(uid for uid in cursor.pending if uid not in gone))
