"""Judges which mails belong together, by the Message-IDs that were read from them.

Whether a mail that names another may join its ticket is decided with more care (a stranger may not): that is no
question of reading, so it is not asked here.
"""

import gzip
import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from corpus.cases import CORPUS, Case, Check, cases
from postroom_ingest.parse import Mail, parse

_MBOX_LINE = re.compile(rb"^From [^\n]*\n", re.MULTILINE)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def threads(case: Case) -> list[Check]:
    """What the case's source says of threads: of this mail's, or of a whole set's."""
    expect = case.expect
    if "thread_set_of" in expect:
        return _set_by_subject(expect, _folder(CORPUS / expect["thread_set_of"]))
    if "threads" in expect and case.form == "mbox":
        return _set_by_position(expect, _mbox(case.raw))
    if "thread" in expect:
        return _one(expect, _thread(case.source, expect["thread"]))
    return []


def _one(expect: dict[str, Any], mails: tuple[Mail, ...]) -> list[Check]:
    """All mails the source puts into one thread are in one."""
    sizes = sorted(map(len, grouped(mails)))
    checks = [Check("thread", len(sizes) == 1, 1, sizes)]
    if "thread_size" in expect:
        checks.append(Check("thread_size", sum(sizes) == expect["thread_size"], expect["thread_size"], sizes))
    return checks


def _set_by_subject(expect: dict[str, Any], mails: list[Mail]) -> list[Check]:
    """Threads told apart by the start of the first subject, size."""
    groups = grouped(mails)
    unique = len({mail.message_id for mail in mails})
    checks = [
        Check("n_messages", len(mails) == expect["n_messages"], expect["n_messages"], len(mails)),
        Check("n_unique_message_ids", unique == expect["n_unique_message_ids"], expect["n_unique_message_ids"], unique),
        Check("n_threads", len(groups) == expect["n_threads"], expect["n_threads"], len(groups)),
    ]
    found = Counter((_topic(group[0].subject), len(group)) for group in groups)
    for thread in expect["threads"]:
        start, size = _topic(thread["subject_starts"]), len(thread["messages"])
        match = next((one for one in found if one[0].startswith(start) and one[1] == size and found[one]), None)
        checks.append(Check("threads", match is not None, (start, size), [o for o in found if o[0].startswith(start)]))
        if match:
            found[match] -= 1
    return checks


def _topic(subject: str) -> str:
    """The subject as notmuch lists it."""
    return " ".join(subject.split()).removeprefix("Re: ")


def _set_by_position(expect: dict[str, Any], mails: list[Mail]) -> list[Check]:
    """Threads as sets of positions in an mbox."""
    place = {id(mail): number for number, mail in enumerate(mails)}
    groups = {frozenset(place[id(mail)] for mail in group) for group in grouped(mails)}
    checks = [
        Check("n_messages", len(mails) == expect["n_messages"], expect["n_messages"], len(mails)),
        Check("n_threads", len(groups) == expect["n_threads"], expect["n_threads"], len(groups)),
    ]
    for thread in expect["threads"]:
        members = frozenset(thread["members"])
        near = [sorted(group) for group in groups if group & members]
        checks.append(Check("threads", members in groups, (thread["subject"], sorted(members)), near))
    return checks


def grouped(mails: Iterable[Mail]) -> list[list[Mail]]:
    """The mails that name each other's Message-IDs, in the order they were sent; a second copy is left out."""
    thread_of: dict[str, list[Mail]] = {}
    seen: set[str] = set()
    for number, mail in enumerate(sorted(mails, key=lambda mail: mail.sent_at or _LONG_AGO)):
        own = mail.message_id or f"{number}@synthetic.invalid"
        ids = (own, mail.thread_root, *mail.references, *mail.in_reply_to)
        thread: list[Mail] = [] if own in seen else [mail]
        for known in {id(found): found for i in ids if (found := thread_of.get(i)) is not None}.values():
            thread += known
        seen.add(own)
        members = {id(found) for i in ids if (found := thread_of.get(i)) is not None}
        for key in [*ids, *(key for key, found in thread_of.items() if id(found) in members)]:
            thread_of[key] = thread
    groups = {id(thread): thread for thread in thread_of.values()}.values()
    return [sorted(group, key=lambda mail: mail.sent_at or _LONG_AGO) for group in groups]


def _folder(folder: Path) -> list[Mail]:
    return [parse(path.read_bytes()) for path in sorted(folder.rglob("*")) if path.is_file()]


def _mbox(raw: bytes) -> list[Mail]:
    raw = gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw
    starts = [match.start() for match in _MBOX_LINE.finditer(raw)]
    return [parse(raw[start:end]) for start, end in zip(starts, [*starts[1:], len(raw)], strict=True)]


@cache
def _thread(source: str, name: str) -> tuple[Mail, ...]:
    return tuple(case.mail for case in cases() if case.source == source and case.expect.get("thread") == name)
