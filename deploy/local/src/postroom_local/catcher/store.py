"""The catcher's SQLite file. All of it is blocking: call it from a thread."""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from postroom_local.catcher.mail import read_mail
from postroom_local.catcher.query import Term
from postroom_local.catcher.shape import list_fields, rfc3339, search_words

# The bytes and the search words lie apart from the list, so that listing never reads past them.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS mail (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, created_ms INTEGER NOT NULL,
  sender TEXT NOT NULL, recipients TEXT NOT NULL, size INTEGER NOT NULL,
  seen INTEGER NOT NULL DEFAULT 0, summary TEXT);
CREATE INDEX IF NOT EXISTS mail_unseen ON mail (seq) WHERE seen = 0;
CREATE INDEX IF NOT EXISTS mail_unread_source ON mail (seq) WHERE summary IS NULL;
CREATE TABLE IF NOT EXISTS source (seq INTEGER PRIMARY KEY, raw BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS words (
  seq INTEGER PRIMARY KEY, message_id TEXT NOT NULL, sender TEXT NOT NULL, recipients TEXT NOT NULL,
  subject TEXT NOT NULL, body TEXT NOT NULL);
"""
_COLUMNS = {
    "from": "instr(words.sender, ?)",
    "to": "instr(words.recipients, ?)",
    "subject": "instr(words.subject, ?)",
    "message-id": "instr(words.message_id, ?)",
}
_ANYWHERE = " OR ".join(f"instr(words.{c}, ?)" for c in ("subject", "sender", "recipients", "message_id", "body"))
_CHUNK = 200  # mails summarised in one transaction
_LIST = "SELECT seq, id, created_ms, size, seen, summary FROM mail"


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail as SMTP delivered it; `sender` is empty for the null reverse-path (RFC 5321 4.5.5)."""

    id: str
    at: datetime
    sender: str
    recipients: tuple[str, ...]
    raw: bytes


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the list, newest first, with the numbers around it."""

    total: int
    unread: int
    matching: int
    matching_unread: int
    messages: list[dict[str, Any]]


class Store:
    """All caught mail. A mail is read for its summary when somebody first looks, not when it comes in."""

    def __init__(self, path: Path) -> None:
        """Open the file, making it and its folder where they are missing."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._writing = threading.Lock()
        self._summarising = threading.Lock()
        self._writer = self._connect()
        self._writer.execute("PRAGMA journal_mode = WAL")
        self._writer.executescript(_SCHEMA)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
        # In WAL mode this survives any death of the process; only a power cut may cost the last commits.
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    def close(self) -> None:
        """Close the file."""
        with self._writing:
            self._writer.close()

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._writing:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            self._writer.execute("COMMIT")

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        connection = self._connect()
        try:
            yield connection
        finally:
            connection.close()

    def add(self, batch: Iterable[Arrived]) -> None:
        """Store all of them in one transaction; on return they are committed."""
        with self._write() as db:
            for mail in batch:
                row = (
                    mail.id, int(mail.at.timestamp() * 1000), mail.sender, json.dumps(mail.recipients),
                    len(mail.raw),
                )  # fmt: skip
                cursor = db.execute(
                    "INSERT INTO mail (id, created_ms, sender, recipients, size) VALUES (?, ?, ?, ?, ?)", row
                )
                db.execute("INSERT INTO source VALUES (?, ?)", (cursor.lastrowid, mail.raw))

    def get(self, mail_id: str) -> Arrived | None:
        """One mail by its id, or the newest for the id `latest`."""
        newest = mail_id == "latest"
        where = "ORDER BY seq DESC LIMIT 1" if newest else "WHERE id = ?"
        with self._read() as db:
            row = db.execute(
                f"SELECT id, created_ms, sender, recipients, raw FROM mail JOIN source USING (seq) {where}",  # noqa: S608
                () if newest else (mail_id,),
            ).fetchone()
        if row is None:
            return None
        return Arrived(row[0], _time(row[1]), row[2], tuple(json.loads(row[3])), row[4])

    def mark_read(self, mail_id: str) -> None:
        """Remember that somebody opened it."""
        with self._write() as db:
            db.execute("UPDATE mail SET seen = 1 WHERE id = ? AND seen = 0", (mail_id,))

    def delete(self, ids: Sequence[str] | None) -> None:
        """Remove these mails, or all for None; unknown ids are passed over."""
        with self._write() as db:
            if ids is None:
                for table in ("source", "words", "mail"):
                    db.execute(f"DELETE FROM {table}")  # noqa: S608 - three literals
                return
            for mail_id in ids:
                for table in ("source", "words"):
                    db.execute(
                        f"DELETE FROM {table} WHERE seq = (SELECT seq FROM mail WHERE id = ?)",  # noqa: S608
                        (mail_id,),
                    )
                db.execute("DELETE FROM mail WHERE id = ?", (mail_id,))

    def counts(self) -> tuple[int, int]:
        """How many mails there are, and how many nobody opened."""
        with self._read() as db:
            return _counts(db)

    def page(self, start: int, limit: int) -> Listing:
        """The newest mails, `limit` of them after skipping `start`."""
        listing = f"{_LIST} ORDER BY seq DESC LIMIT ? OFFSET ?"
        with self._read() as db:
            total, unread = _counts(db)
            rows = db.execute(listing, (limit, start)).fetchall()
        return Listing(total, unread, total, unread, self._summaries(rows))

    def search(self, terms: Sequence[Term], start: int, limit: int) -> Listing:
        """The newest mails that contain every term."""
        while pending := self._without_summary():
            self._summarise(pending)
        where, values = _condition(terms)
        with self._read() as db:
            total, unread = _counts(db)
            found = db.execute(
                f"SELECT seq, seen FROM words JOIN mail USING (seq) WHERE {where} ORDER BY seq DESC",  # noqa: S608
                values,
            ).fetchall()
            page = [db.execute(f"{_LIST} WHERE seq = ?", (f[0],)).fetchone() for f in found[start : start + limit]]
        rows = [row for row in page if row is not None]
        unseen = sum(not seen for _, seen in found)
        return Listing(total, unread, len(found), unseen, self._summaries(rows))

    def _summaries(self, rows: Sequence[tuple[Any, ...]]) -> list[dict[str, Any]]:
        fresh = self._summarise([row[0] for row in rows if row[5] is None])
        return [_listed(row, row[5] or fresh[row[0]]) for row in rows if row[5] or row[0] in fresh]

    def _without_summary(self) -> list[int]:
        with self._read() as db:
            query = "SELECT seq FROM mail WHERE summary IS NULL LIMIT ?"
            return [row[0] for row in db.execute(query, (_CHUNK,))]

    def _summarise(self, numbers: Sequence[int]) -> dict[int, str]:
        """Read these mails and keep what the list and the search need; says each one's summary (JSON)."""
        done: dict[int, str] = {}
        if not numbers:
            return done
        query = "SELECT recipients, raw FROM mail JOIN source USING (seq) WHERE seq = ?"
        with self._summarising:
            words = []
            with self._read() as db:
                for seq in numbers:
                    row = db.execute(query, (seq,)).fetchone()
                    if row is None:  # deleted meanwhile
                        continue
                    mail, recipients = read_mail(row[1]), json.loads(row[0])
                    done[seq] = json.dumps(list_fields(mail, recipients), ensure_ascii=False)
                    words.append((seq, *search_words(mail, recipients)))
            with self._write() as db:
                for columns in words:
                    seq = columns[0]
                    if db.execute("UPDATE mail SET summary = ? WHERE seq = ?", (done[seq], seq)).rowcount:
                        db.execute("INSERT OR REPLACE INTO words VALUES (?, ?, ?, ?, ?, ?)", columns)
        return done


def _counts(db: sqlite3.Connection) -> tuple[int, int]:
    total, unread = db.execute(
        "SELECT (SELECT count(*) FROM mail), (SELECT count(*) FROM mail WHERE seen = 0)"
    ).fetchone()
    return int(total), int(unread)


def _condition(terms: Sequence[Term]) -> tuple[str, list[str]]:
    """The WHERE clause for the terms, all literals, and the values it takes."""
    clauses, values = ["1"], []
    for term in terms:
        clause = _COLUMNS[term.field] if term.field else f"({_ANYWHERE})"
        clauses.append(clause)
        values += [term.text] * clause.count("?")
    return " AND ".join(clauses), values


def _listed(row: tuple[Any, ...], summary_json: str) -> dict[str, Any]:
    _, mail_id, created_ms, size, seen, _ = row
    known: dict[str, Any] = json.loads(summary_json)
    created = rfc3339(_time(created_ms))
    return {"ID": mail_id, **known, "Read": bool(seen), "Created": created, "Size": size, "Tags": []}


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
