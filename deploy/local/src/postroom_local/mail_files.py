"""Finding mail in files and folders: single mails, mboxes, Maildirs, zips, and folders of any of them.

Nothing here holds more than the names in one folder and one mail. The order is always the same, and every mail says
where it ends, so that an import can go on where it was.
"""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

from postroom_local.archives import BROKEN, BombError, Entry, Zip, open_gzip
from postroom_local.mail_kinds import GZIP, HEAD_BYTES, ZIP, is_litter, is_mbox, looks_like_mail, what_else
from postroom_local.mbox import split_mbox

LARGEST_MAIL = 200_000_000
"""The most that ingest can be told to take; what it takes in fact it says itself."""
NOT_MAIL = "not mail"
_MAIL_SUFFIXES = {".eml", ".mbox", ".mbx"}


@dataclass(frozen=True, slots=True)
class Position:
    """How far a file has been read: so many mails, and bytes of what it holds when unpacked."""

    mails: int
    end: int


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail, and where it was found: in the file known as `place`, up to `position` there.

    `passed` counts the bytes on disk from the beginning of everything up to here.
    """

    where: str
    raw: bytes
    place: bytes
    position: Position
    passed: int


@dataclass(frozen=True, slots=True)
class Taken:
    """Mails that were taken before, up to here."""

    passed: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """What was not taken, and why; `lost` when it may well be mail, so that a person must look."""

    where: str
    reason: str
    lost: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A file to look into: `sure` when its name or its place in a Maildir says that it is mail; `named` by a person."""

    path: Path
    size: int
    mtime_ns: int
    sure: bool
    named: bool = False


Item = Mail | Taken | Skipped
Known = Callable[[bytes], Position | None]
"""How far a file has been taken already, by its place."""


def find_files(paths: Iterable[Path]) -> Iterator[Found | Skipped]:
    """The files behind `paths`, each folder in the order of names; links to folders are not followed."""
    for path in paths:
        if path.is_dir():
            yield from _find_in(path)
        else:
            yield _look_at(path, sure=_says_mail(path.name), named=True)


def _find_in(folder: Path) -> Iterator[Found | Skipped]:
    try:
        with os.scandir(folder) as entries:
            names = sorted((entry.name for entry in entries), reverse=True)
    except OSError as error:
        yield Skipped(str(folder), f"cannot be read: {error.strerror}", lost=True)
        return
    maildir = _is_maildir(folder)
    in_maildir = folder.name in ("cur", "new") and _is_maildir(folder.parent)
    while names:
        name = names.pop()  # so that of a folder of a million mails less and less is held
        entry = folder / name
        if entry.is_dir() and not entry.is_symlink():
            if not (maildir and name == "tmp"):
                yield from _find_in(entry)
        elif not maildir:
            yield _look_at(entry, sure=in_maildir or _says_mail(name))


def _is_maildir(folder: Path) -> bool:
    """Mails are in its cur and new; in tmp are unfinished ones, beside them the mail server's own files."""
    return (folder / "cur").is_dir() and (folder / "new").is_dir()


def _says_mail(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in _MAIL_SUFFIXES  # noqa: PTH122 - of names in zips too


def _look_at(path: Path, *, sure: bool, named: bool = False) -> Found | Skipped:
    if path.is_file():
        stat = path.stat()
        return Found(path, stat.st_size, stat.st_mtime_ns, sure, named)
    return Skipped(str(path), "a link to a folder" if path.is_dir() else "not a file", lost=False)


def find_mails(paths: Iterable[Path], known: Known = lambda _: None) -> Iterator[Item]:
    """The mails behind `paths` in order, and what is none; those that are `known` are passed over."""
    passed = 0
    for found in find_files(paths):
        if isinstance(found, Found):
            yield from _read_file(found, known, passed)
            passed += found.size
        else:
            yield found


def _read_file(found: Found, known: Known, before: int) -> Iterator[Item]:
    name = str(found.path)
    place = f"{found.path.absolute()}\0{found.size}\0{found.mtime_ns}"
    try:
        with found.path.open("rb") as disk:

            def passed() -> int:
                return before + disk.tell()

            magic = disk.read(4)
            disk.seek(0)
            if magic in ZIP and (found.named or found.path.suffix.lower() == ".zip"):
                yield from _read_zip(_Source(name, place, disk, found.size, found.sure, passed), known)
            elif magic.startswith(GZIP):
                stream = open_gzip(disk, found.size)
                sure = _says_mail(found.path.stem)
                yield from _read(_Source(name, place, stream, None, sure, passed, found.named), known)
            else:
                yield from _read(_Source(name, place, disk, found.size, found.sure, passed, found.named), known)
    except OSError as error:
        yield Skipped(name, f"cannot be read: {error.strerror or error}", lost=True)
    except BombError as error:
        yield Skipped(name, str(error), lost=True)
    except BROKEN as error:
        yield Skipped(name, f"broken: {error}", lost=True)


@dataclass(frozen=True, slots=True)
class _Source:
    """Content to read mail from; its `size` is None where only reading tells."""

    name: str
    place: str
    stream: BinaryIO
    size: int | None
    sure: bool
    passed: Callable[[], int]
    named: bool = False


def _read_zip(source: _Source, known: Known) -> Iterator[Item]:
    opened = Zip(source.stream, source.size or 0)
    if opened.encrypted:
        yield Skipped(source.name, f"encrypted: {opened.encrypted} files in it, unpack it with its password", lost=True)
    for entry in opened.entries():
        try:
            with opened.open(entry) as stream:
                yield from _read(_in_zip(source, entry, stream), known)
        except BROKEN as error:
            yield Skipped(f"{source.name}, {entry.name}", f"broken: {error}", lost=True)


def _in_zip(source: _Source, entry: Entry, stream: BinaryIO) -> _Source:
    sure = entry.in_maildir or _says_mail(entry.name)
    place = f"{source.place}\0{entry.name}"
    return _Source(f"{source.name}, {entry.name}", place, stream, entry.size, sure, source.passed)


def _read(source: _Source, known: Known) -> Iterator[Item]:
    """The mails in one file, in order."""
    place = blake2b(os.fsencode(source.place), digest_size=16).digest()
    before = known(place)
    if before is not None:
        yield from _read_on(source, place, before)
        return
    head = source.stream.read(HEAD_BYTES)
    source.stream.seek(0)
    if is_mbox(head):
        yield from _read_mbox(source, place, Position(0, 0))
    elif not head or head.isspace():
        yield Skipped(source.name, "empty", lost=False)
    elif (what := what_else(head)) is not None:
        yield Skipped(source.name, what, lost=True)
    elif is_litter(head) or not (source.sure or looks_like_mail(head)):
        yield Skipped(source.name, NOT_MAIL, lost=source.named)
    else:
        yield _read_one(source, place)


def _read_on(source: _Source, place: bytes, before: Position) -> Iterator[Item]:
    if source.size is None or before.end < source.size:
        source.stream.seek(before.end)
        yield Taken(source.passed())
        yield from _read_mbox(source, place, before)
    else:
        yield Taken(source.passed())


def _read_mbox(source: _Source, place: bytes, before: Position) -> Iterator[Item]:
    for number, mail in enumerate(split_mbox(source.stream, LARGEST_MAIL), before.mails + 1):
        where = f"{source.name}, mail {number}"
        if mail.raw is None:
            yield too_large(where, mail.size)
        else:
            yield Mail(where, mail.raw, place, Position(number, mail.end), source.passed())


def _read_one(source: _Source, place: bytes) -> Item:
    raw = source.stream.read(LARGEST_MAIL + 1)
    if len(raw) > LARGEST_MAIL:
        return too_large(source.name, source.size or len(raw))
    return Mail(source.name, raw, place, Position(1, max(len(raw), 1)), source.passed())


def bytes_under(path: Path) -> int:
    """The size of a file, or of all files in a folder, nearly: nothing is looked into, and nothing sorted."""
    if not path.is_dir():
        return path.stat().st_size if path.is_file() else 0
    found, folders = 0, [path]
    while folders:
        with contextlib.suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(Path(entry.path))
                elif entry.is_file():
                    found += entry.stat().st_size
    return found


def is_no_mail(path: Path) -> bool:
    """Whether a file is something else than mail."""
    first = next(find_mails([path]), None)
    return isinstance(first, Skipped) and first.reason == NOT_MAIL


def too_large(where: str, size: int) -> Skipped:
    """A mail of `size` bytes that nobody takes."""
    return Skipped(where, f"too large: {size} bytes", lost=True)
