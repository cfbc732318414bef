"""Finding mail in files and folders: single mails, mboxes, Maildirs, and folders of any of them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from postroom_local.mbox import is_from_line, split_mbox

LARGEST_MAIL = 200_000_000
"""The most that ingest can be told to take; what it takes in fact it says itself."""
_HEAD_BYTES = 65_536
_FIELD = re.compile(
    rb"(?im)^(?:From|To|Cc|Date|Subject|Message-ID|Received|Return-Path|MIME-Version|Content-[a-z-]+|X-[a-z-]+)[ \t]*:"
)
_MAIL_SUFFIXES = {".eml", ".mbox", ".mbx"}


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail, and where it was found."""

    where: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Skipped:
    """What was not taken, and why; `lost` when it may well be mail, so that a person must look."""

    where: str
    reason: str
    lost: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A file to look into; `sure` when somebody says that it is mail: by its name, or by its place in a Maildir."""

    path: Path
    sure: bool


def find_files(paths: Iterable[Path]) -> Iterator[Found | Skipped]:
    """The files behind `paths`, each folder in the order of names; links to folders are not followed."""
    for path in paths:
        if path.is_dir():
            yield from _find_in(path)
        else:
            yield _look_at(path, sure=True)


def _find_in(folder: Path) -> Iterator[Found | Skipped]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        yield Skipped(str(folder), f"cannot be read: {error.strerror}", lost=True)
        return
    maildir = _is_maildir(folder)
    in_maildir = folder.name in ("cur", "new") and _is_maildir(folder.parent)
    for entry in entries:
        if entry.is_dir() and not entry.is_symlink():
            if not (maildir and entry.name == "tmp"):
                yield from _find_in(entry)
        elif not maildir:
            yield _look_at(entry, sure=in_maildir or entry.suffix.lower() in _MAIL_SUFFIXES)


def _is_maildir(folder: Path) -> bool:
    """Mails are in its cur and new; in tmp are unfinished ones, beside them the mail server's own files."""
    return (folder / "cur").is_dir() and (folder / "new").is_dir()


def _look_at(path: Path, *, sure: bool) -> Found | Skipped:
    if path.is_file():
        return Found(path, sure)
    return Skipped(str(path), "a link to a folder" if path.is_dir() else "not a file", lost=False)


def find_mails(paths: Iterable[Path]) -> Iterator[Mail | Skipped]:
    """The mails behind `paths`, one after the other, and what is none."""
    for found in find_files(paths):
        if isinstance(found, Found):
            yield from read_mails(found)
        else:
            yield found


def read_mails(file: Found) -> Iterator[Mail | Skipped]:
    """The mails in a file, in order."""
    name = str(file.path)
    try:
        size = file.path.stat().st_size
        with file.path.open("rb") as source:
            head = source.read(_HEAD_BYTES)
            source.seek(0)
            if not head.strip() and size <= len(head):
                yield Skipped(name, "empty", lost=False)
            elif _is_mbox(head):
                for number, mail in enumerate(split_mbox(source, LARGEST_MAIL), 1):
                    where = f"{name}, mail {number}"
                    yield too_large(where, mail.size) if mail.raw is None else Mail(where, mail.raw)
            elif not (file.sure or _looks_like_mail(head)):
                yield Skipped(name, "not mail", lost=False)
            elif size > LARGEST_MAIL:
                yield too_large(name, size)
            else:
                yield Mail(name, source.read())
    except OSError as error:
        yield Skipped(name, f"cannot be read: {error.strerror}", lost=True)


def too_large(where: str, size: int) -> Skipped:
    """A mail of `size` bytes that nobody takes."""
    return Skipped(where, f"too large: {size} bytes", lost=True)


def _is_mbox(head: bytes) -> bool:
    first, _, rest = head.lstrip(b"\r\n").partition(b"\n")
    return is_from_line(first, rest, after_blank=True)


def _looks_like_mail(head: bytes) -> bool:
    """Whether a known header field stands before the first blank line."""
    fields = re.split(rb"\r?\n\r?\n", head.lstrip(b"\r\n"), maxsplit=1)[0]
    return b"\0" not in fields and bool(_FIELD.search(fields))
