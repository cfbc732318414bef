"""Packed files, opened within bounds: what they inflate to is counted, and nothing is unpacked to disk."""

import gzip
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

MOST_ENTRIES = 200_000
"""Files in one zip: their list has to be held in memory."""
_DIRECTORY_BYTES = 48_000_000
MOST_INFLATED = 500_000_000_000
_FREE_BYTES = 200_000_000
_FOLD = 200
"""Mail packs to a fifth or a tenth; deflate alone can do a thousandfold."""
BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError, struct.error)
"""What reading a broken archive raises; a broken gzip file besides raises gzip.BadGzipFile, an OSError."""


class BombError(Exception):
    """It would inflate to more than anybody packs mail to."""


class Budget:
    """What one archive of `size` bytes may inflate to, all its files together."""

    def __init__(self, size: int) -> None:
        self._left = min(MOST_INFLATED, max(_FREE_BYTES, _FOLD * size))

    def spend(self, count: int) -> None:
        """Count bytes that came out; raises BombError when that is too much."""
        self._left -= count
        if self._left < 0:
            raise BombError("too large when unpacked: it may be meant to do harm")


class _Inflating(Protocol):
    """What gzip and zipfile give to read from."""

    def read(self, size: int, /) -> bytes: ...
    def seek(self, offset: int, whence: int, /) -> int: ...
    def tell(self) -> int: ...


class _Counted(io.RawIOBase):
    """What comes out of `inflating`, counted."""

    def __init__(self, inflating: _Inflating, budget: Budget) -> None:
        self._inflating = inflating
        self._budget = budget

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        data = self._inflating.read(len(buffer))
        self._budget.spend(len(data))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._inflating.seek(offset, whence)

    def tell(self) -> int:
        return self._inflating.tell()


def _counted(inflating: _Inflating, budget: Budget) -> BinaryIO:
    return io.BufferedReader(_Counted(inflating, budget), 65_536)


def open_gzip(disk: BinaryIO, size: int) -> BinaryIO:
    """The content of a gzip file of `size` bytes."""
    return _counted(gzip.open(disk), Budget(size))


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a zip. `in_maildir` when it is in cur or new of a Maildir."""

    name: str
    size: int
    in_maildir: bool
    _info: zipfile.ZipInfo


class Zip:
    """The files in a zip of `size` bytes, in the order they are stored in.

    Raises one of BROKEN when it cannot be opened, BombError when there are too many files in it.
    """

    def __init__(self, disk: BinaryIO, size: int) -> None:
        if _directory_bytes(disk, size) > _DIRECTORY_BYTES:
            raise BombError(_TOO_MANY)
        self._zip = zipfile.ZipFile(disk)
        if len(self._zip.infolist()) > MOST_ENTRIES:
            raise BombError(_TOO_MANY)
        self._budget = Budget(size)
        self.encrypted = sum(bool(one.flag_bits & 1) for one in self._zip.infolist())

    def entries(self) -> Iterator[Entry]:
        """All files that are not encrypted, but for the unfinished mail of a Maildir and the litter of macOS."""
        parents = {one.filename.rpartition("/")[0] for one in self._zip.infolist()}
        for info in sorted(self._zip.infolist(), key=lambda one: one.header_offset):
            folder, _, name = info.filename.rpartition("/")
            beside, _, last = folder.rpartition("/")
            above = f"{beside}/" if beside else ""
            maildir = {f"{above}cur", f"{above}new"} <= parents
            litter = info.filename.startswith("__MACOSX/") or (maildir and last == "tmp")
            if name and not litter and not info.flag_bits & 1:
                yield Entry(info.filename, info.file_size, maildir and last in ("cur", "new"), info)

    def open(self, entry: Entry) -> BinaryIO:
        """The content of a file; reading it raises one of BROKEN, or BombError."""
        return _counted(self._zip.open(entry._info), self._budget)


_TOO_MANY = f"holds more than {MOST_ENTRIES} files: unpack it first"


def _directory_bytes(disk: BinaryIO, size: int) -> int:
    """The size of a zip's list of files, as its end says (APPNOTE.TXT 4.3.14 and 4.3.16), before it is loaded."""
    disk.seek(max(0, size - 66_000))
    tail = disk.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + 22 > len(tail):
        raise zipfile.BadZipFile("it is cut off")
    (length,) = struct.unpack_from("<L", tail, at + 12)
    if length == 0xFFFFFFFF and at >= 76 and tail[at - 76 :].startswith(b"PK\x06\x06"):
        (length,) = struct.unpack_from("<Q", tail, at - 76 + 40)
    return int(length)
