"""What of an import ingest has taken, on disk, so that it can be stopped at any time and go on where it was."""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

from postroom_local.errors import StackError
from postroom_local.mail_files import Mail, Position
from postroom_plumbing.ids import new_id

_TABLES = """
PRAGMA locking_mode = exclusive;
PRAGMA journal_mode = wal;
PRAGMA synchronous = normal;
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS import (run TEXT NOT NULL, taken INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS files (place BLOB PRIMARY KEY, mails INTEGER, end INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lost (name TEXT PRIMARY KEY, reason TEXT) WITHOUT ROWID;
COMMIT;
"""


class Journal:
    """One import of these files into this mailbox. `run` is its name at ingest, the same from one start to the next.

    The caller sets `through` at the end: then it is deleted.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        row = database.execute("SELECT run, taken FROM import").fetchone()
        self.run: str = row[0] if row else self._begin()
        self.taken: int = row[1] if row else 0
        self.through = False

    def _begin(self) -> str:
        run = new_id()
        with self._database:
            self._database.execute("INSERT INTO import VALUES (?, 0)", (run,))
        return run

    def known(self, place: bytes) -> Position | None:
        """How far a file was taken."""
        if not self.taken:
            return None
        row = self._database.execute("SELECT mails, end FROM files WHERE place = ?", (place,)).fetchone()
        return row and Position(*row)

    def took(self, mails: Sequence[Mail]) -> None:
        """Ingest has these mails, and all before them."""
        far = {mail.place: (mail.place, mail.position.mails, mail.position.end) for mail in mails}
        with self._database:
            self._database.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", far.values())
            self._database.execute("UPDATE import SET taken = taken + ?", (len(mails),))
        self.taken += len(mails)

    def lose(self, name: str, reason: str) -> None:
        """Something was not taken that may well be mail."""
        with self._database:
            self._database.execute("INSERT OR REPLACE INTO lost VALUES (?, ?)", (printable(name), printable(reason)))

    def lost(self) -> list[str]:
        """The reasons of everything lost, in all starts."""
        return [reason for (reason,) in self._database.execute("SELECT reason FROM lost")]

    def forget(self) -> None:
        """Begin again, under a new name."""
        with self._database:
            for table in ("import", "files", "lost"):
                self._database.execute(f"DELETE FROM {table}")  # noqa: S608 - the three names above
        self.run, self.taken = self._begin(), 0


@contextmanager
def opened_journal(folder: Path, paths: Iterable[Path], mailbox: str) -> Iterator[Journal]:
    """The journal of an import; raises StackError when this import is running already."""
    wanted = "\0".join([mailbox, *sorted({str(path.absolute()) for path in paths})])
    file = folder / f"{blake2b(os.fsencode(wanted), digest_size=12).hexdigest()}.sqlite"
    database = _open(file)
    journal = Journal(database)
    try:
        yield journal
    finally:
        database.close()
        if journal.through:
            _delete(file)


def _open(file: Path) -> sqlite3.Connection:
    database = sqlite3.connect(file, timeout=0.5)
    try:
        database.executescript(_TABLES)
    except sqlite3.DatabaseError as error:
        database.close()
        if error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise StackError("this import is running already") from None
        if error.sqlite_errorcode not in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            raise StackError(f"{file} cannot be used: {error}") from None
        _delete(file)
        return _open(file)
    return database


def _delete(file: Path) -> None:
    for one in (file, file.with_name(f"{file.name}-wal")):
        one.unlink(missing_ok=True)


def printable(text: str) -> str:
    """A file name as it can be shown and stored: what is no character is a question mark."""
    shown = text.encode("utf-8", "replace").decode()
    return "".join(one if one.isprintable() else "?" for one in shown)
