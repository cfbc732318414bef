"""When somebody sends so much that it has to go onto one ticket, and when machines talk in circles.

One subject is a flood early if its mails also say the same words, whatever their digits and punctuation: a form that
sends for many customers under one address and subject does not, and what one customer wrote must not come onto the
ticket of another. More than any form or person sends, `sender_tickets`, is one whatever it says.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

_NO_LETTERS = re.compile(r"[\W\d_]+")
_WESTERN = "cp1252"
_WESTERN_NO_LETTERS = bytes(
    code for code in range(256) if _NO_LETTERS.fullmatch(bytes([code]).decode(_WESTERN, "replace"))
)
TOPIC_CHARS = 100
WORDS_CHARS = 10_000
"""How many letters of a mail's own words are compared; it is looked for them in twice as many characters."""


@dataclass(frozen=True, slots=True)
class Caps:
    """How much is too much. All are counts within a time."""

    sender_tickets: int = 30
    """New tickets from one sender by when they were written, before what comes goes onto the newest of them."""
    arriving_tickets: int = 500
    """The same by when they arrived: after an outage, mail that was written over days comes at once."""
    sender_window: timedelta = timedelta(minutes=10)
    topic_tickets: int = 5
    """The same with one subject and the same words, whatever their digits and punctuation."""
    topic_window: timedelta = timedelta(minutes=60)
    automatic_mails: int = 20
    """Automatic mails on one ticket, before further ones are set aside."""
    automatic_window: timedelta = timedelta(minutes=60)

    @property
    def longest(self) -> timedelta:
        """How far back one has to look."""
        return max(self.sender_window, self.topic_window, self.automatic_window)


@dataclass(frozen=True, slots=True)
class Opened:
    """A ticket somebody opened, or a mail that would open one, and what of a flood went onto it since."""

    ticket: str
    at: datetime
    """When its first mail arrived."""
    said_at: datetime
    """When that was written."""
    topic: str
    words: str
    grown: tuple[datetime, ...] = ()
    """When mail was put there because there was too much of it."""


def topic(subject: str) -> str:
    """What a subject is about when digits and punctuation are left out, such as `order shipped`."""
    return _NO_LETTERS.sub(" ", subject).strip().casefold()[:TOPIC_CHARS]


def words(text: str, subject: str) -> str:
    """What stands for the letters of a mail's own words; for those of its subject where it has none."""
    letters = _letters(text[: 2 * WORDS_CHARS])[:WORDS_CHARS] or topic(subject)
    return blake2b(letters.encode("utf-8", "replace"), digest_size=8).hexdigest()


def _letters(text: str) -> str:
    try:  # most mail, and ten times as fast
        letters = text.encode(_WESTERN).translate(None, _WESTERN_NO_LETTERS).decode(_WESTERN)
    except UnicodeEncodeError:
        letters = _NO_LETTERS.sub("", text)
    return letters.casefold()


def flooded(opened: Sequence[Opened], mail: Opened, caps: Caps) -> tuple[Opened, ...]:
    """Where a mail can go instead of opening one more ticket, the newest first; empty if it may open.

    `opened` are the tickets of its sender, in any order. Mail put onto one of them counts like a ticket, so that a
    flood stays one for as long as it goes on.
    """
    if len(opened) == 0:
        return ()
    if _count(opened, mail.said_at, caps.sender_window) >= caps.sender_tickets:
        return _newest(opened, mail.at, caps)
    if _within((one.at for one in opened), mail.at, caps.sender_window) >= caps.arriving_tickets:
        return _newest(opened, mail.at, caps)
    same = [one for one in opened if (one.topic, one.words) == (mail.topic, mail.words)]
    if _count(same, mail.said_at, caps.topic_window) >= caps.topic_tickets:
        return _newest(same, mail.at, caps)
    return ()


def looping(automatic: Iterable[datetime], at: datetime, caps: Caps) -> bool:
    """Whether a ticket got so much automatic mail of late that one more is a circle."""
    return _within(automatic, at, caps.automatic_window) >= caps.automatic_mails


def _count(opened: Iterable[Opened], at: datetime, window: timedelta) -> int:
    return sum(_within((one.said_at, *one.grown), at, window) for one in opened)


def _within(moments: Iterable[datetime], at: datetime, window: timedelta) -> int:
    """How many lie near `at`; after it too, since mails need not come in order and readers are not quite in step."""
    return sum(1 for moment in moments if abs(moment - at) < window)


def _newest(opened: Iterable[Opened], at: datetime, caps: Caps) -> tuple[Opened, ...]:
    since = at - caps.longest
    recent = [one for one in opened if one.at > since or any(moment > since for moment in one.grown)]
    return tuple(sorted(recent, key=lambda one: (one.at, one.ticket), reverse=True))
