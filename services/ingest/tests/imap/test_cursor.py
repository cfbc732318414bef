"""What is taken of a folder, and when: pure."""

import ssl
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from postroom_ingest.imap.cursor import (
    BATCH_BYTES,
    CLOCKS_APART,
    WANTED,
    WINDOW,
    Cursor,
    Head,
    Sight,
    Verdict,
    advanced,
    imprint,
    place,
    portion,
    settled,
    sighted,
    verdict,
    window,
)
from postroom_ingest.imap.trouble import LONGEST_SECONDS, REFUSED_LONGEST_SECONDS, RefusedError, in_words, pause

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HERE = place("ann", "INBOX")


class Folder(RuleBasedStateMachine):
    """A folder, other programs that change it, and a worker that may die between any two steps."""

    history = False

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.uidvalidity = 1
        self.uidnext = 1
        self.there: dict[int, int] = {}
        """Mails by UID."""
        self.came: dict[int, datetime] = {}
        self.cursor: Cursor | None = None
        self.open = False
        self.taken: list[tuple[int, Verdict]] = []
        self.imprints: set[str] = set()
        self.wanted: set[int] = set()

    def _tick(self) -> datetime:
        self.now += 2 * CLOCKS_APART
        return self.now

    @rule()
    def a_mail_comes(self) -> None:
        number = len(self.came)
        self.came[number] = self._tick()
        self.there[self.uidnext] = number
        self.uidnext += 1
        if self.cursor is not None or self.history:
            self.wanted.add(number)

    @precondition(lambda self: self.there)
    @rule(data=st.data())
    def somebody_deletes_one(self, data: st.DataObject) -> None:
        uid = data.draw(st.sampled_from(sorted(self.there)))
        self.wanted.discard(self.there.pop(uid))

    @rule(more=st.integers(0, 3))
    def uids_change(self, more: int) -> None:
        self.uidvalidity += 1
        self.there = dict(enumerate(self.there.values(), 1 + more))
        self.uidnext = max(self.there, default=more) + 1
        self.open = False

    @rule()
    def the_worker_dies(self) -> None:
        self.open = False

    @rule()
    def the_worker_looks(self) -> None:
        sight = Sight(self.uidvalidity, len(self.there), self.uidnext - 1)
        self.cursor = sighted(self.cursor, HERE, sight, self._tick(), history=self.history)
        self.open = True

    @precondition(lambda self: self.open)
    @rule(most=st.integers(1, 3))
    def the_worker_takes_new(self, most: int) -> None:
        assert self.cursor is not None
        self._step([uid for uid in sorted(self.there) if uid > self.cursor.front], most, front=True)

    @precondition(lambda self: self.open and self.cursor.history_left)
    @rule(most=st.integers(1, 3))
    def the_worker_takes_old(self, most: int) -> None:
        assert self.cursor is not None
        uids = [uid for uid in sorted(self.there) if self.cursor.back < uid <= self.cursor.edge]
        if uids:
            self._step(uids, most, front=False)
        else:
            self.cursor = advanced(self.cursor, self.cursor.edge, (), front=False)

    def _step(self, uids: list[int], most: int, *, front: bool) -> None:
        assert self.cursor is not None
        heads = [Head(uid, 1, self.came[self.there[uid]], str(self.there[uid])) for uid in uids]
        known = self.imprints if self.cursor.again and not front else set()
        decided = [
            (head, verdict(self.cursor, head, history=self.history, known=head.imprint in known)) for head in heads
        ]
        now = portion(decided, most)
        if now:
            self.cursor = advanced(self.cursor, now[-1][0].uid, (), front=front)
        for head, what in now:
            if what in WANTED:
                self.taken.append((int(head.imprint), what))
                self.imprints.add(head.imprint)

    @invariant()
    def nothing_is_taken_twice(self) -> None:
        numbers = [number for number, _ in self.taken]
        assert len(set(numbers)) == len(numbers)

    @invariant()
    def only_what_is_wanted_is_taken_and_what_came_since_is_new(self) -> None:
        for number, what in self.taken:
            old = self.cursor is not None and self.came[number] <= self.cursor.old_until
            assert what == ("old" if old else "new")
            assert not old or self.history

    @invariant()
    def what_was_decided_was_taken(self) -> None:
        if self.open and self.cursor is not None:
            taken = {number for number, _ in self.taken}
            for uid, number in self.there.items():
                decided = uid <= self.cursor.back or self.cursor.edge < uid <= self.cursor.front
                assert not decided or number in taken or number not in self.wanted

    def teardown(self) -> None:
        self.the_worker_looks()
        while self.cursor is not None and self.cursor.history_left:
            self.the_worker_takes_old(3)
        for _ in range(len(self.there)):
            self.the_worker_takes_new(3)
        assert self.wanted <= {number for number, _ in self.taken}


class FolderWithHistory(Folder):
    history = True


TestNewMailOnly = Folder.TestCase
TestOldMailToo = FolderWithHistory.TestCase


def head(uid: int, size: int = 1) -> Head:
    return Head(uid, size, START, str(uid))


@given(st.lists(st.tuples(st.integers(0, 2 * BATCH_BYTES), st.sampled_from(["new", "old", "again", "skip"]))))
def test_a_portion_fits_into_memory_and_portions_are_the_whole(mails: list[tuple[int, Verdict]]) -> None:
    rest = [(head(uid, size), what) for uid, (size, what) in enumerate(mails, 1)]
    seen: list[Head] = []
    while rest:
        now = portion(rest, 5)
        fetched = [one.size for one, what in now if what in WANTED]
        assert now
        assert len(fetched) == 1 or (len(fetched) <= 5 and sum(fetched) <= BATCH_BYTES)
        seen += [one for one, _ in now]
        rest = rest[len(now) :]
    assert [one.uid for one in seen] == list(range(1, len(mails) + 1))


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**6))
def test_windows_reach_the_end_and_never_hold_too_many(after: int, more: int, exists: int) -> None:
    sight = Sight(1, exists, after + more)
    first, last = window(after, after + more, sight)
    assert first == after + 1
    assert last is not None
    assert last <= after + more
    assert exists <= WINDOW or last - after <= WINDOW
    assert more == 0 or last > after


@given(st.integers(0, 10**9), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_window_never_covers_mails_that_are_still_to_come(after: int, more: int, exists: int) -> None:
    first, last = window(after, None, Sight(1, exists, after + more))
    assert first == after + 1
    assert last is None or after < last < after + more


@pytest.mark.parametrize(("minutes", "what"), [(1, "new"), (0, "new"), (-4, "new"), (-6, "skip")])
def test_a_mail_that_came_at_about_first_sight_is_not_lost_when_uids_change(minutes: int, what: Verdict) -> None:
    cursor = sighted(None, HERE, Sight(1, 0, 0), START, history=False)
    cursor = sighted(cursor, HERE, Sight(2, 1, 1), START + timedelta(hours=1), history=False)
    head = Head(1, 1, START + timedelta(minutes=minutes), "one")
    assert verdict(cursor, head, history=False, known=False) == what


def test_another_folder_is_begun_anew_and_another_name_of_the_server_is_not() -> None:
    sight = Sight(7, 3, 30)
    first = sighted(None, HERE, sight, START, history=False)
    assert (first.back, first.edge, first.front, first.again) == (30, 30, 30, False)
    assert sighted(first, place("ANN", "inbox"), sight, START, history=True) is first
    other = sighted(first, place("ann", "Help"), sight, START, history=True)
    assert (other.back, other.edge, other.again, other.version) == (0, 30, True, first.version)


def test_a_mail_is_known_by_itself_and_not_by_where_it_lies() -> None:
    fields = b"Message-ID: <a@b>\r\nSubject: one\r\n two\r\n\r\n"
    folded = b"Message-ID: <a@b>\r\nSubject: one two\r\n\r\n"
    assert imprint(fields, 9, START) == imprint(folded, 9, START + timedelta(hours=1))
    assert imprint(fields, 9, START) != imprint(fields, 10, START)
    nameless = b"Subject: one\r\n\r\n"
    assert imprint(nameless, 9, START) != imprint(nameless, 9, START + timedelta(seconds=1))


def test_what_was_finished_is_not_pending() -> None:
    cursor = advanced(sighted(None, HERE, Sight(1, 0, 0), START, history=False), 9, [7, 8, 9], front=True)
    assert (cursor.front, cursor.pending) == (9, (7, 8, 9))
    assert settled(cursor, [7, 9]).pending == (8,)


@given(st.sampled_from(["failing", "refused", "misconfigured"]), st.integers(1, 10**6), st.floats(0, 1))
def test_pauses_grow_and_end(state: str, failures: int, jitter: float) -> None:
    longest = LONGEST_SECONDS if state == "failing" else REFUSED_LONGEST_SECONDS
    assert 0.7 <= pause(state, failures, jitter) <= pause(state, failures + 5, 1.0) <= longest


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RefusedError("the server refuses the password"), "the server refuses the password"),
        (ConnectionRefusedError(111, "Connection refused"), "no connection to the server: Connection refused"),
        (TimeoutError("timed out"), "the server does not answer in time"),
        (ssl.SSLError(1, "wrong version"), "no TLS connection: the server speaks none"),
        (IMAPClientAbortError("socket error: EOF"), "the server closed the connection"),
        (IMAPClientError("fetch failed: [SERVERBUG] ann's secret"), "the server refused a command (SERVERBUG)"),
        (IMAPClientError("no such thing as ann's secret"), "the server refused a command"),
        (RuntimeError("ann's secret"), "an error of our own: RuntimeError"),
    ],
)
def test_errors_are_told_without_what_the_server_said(error: Exception, words: str) -> None:
    assert in_words(error) == words
