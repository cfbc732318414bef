from datetime import UTC, datetime, timedelta

from postroom_sla.hearing import QUIET, STALE, Hearing

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
MOMENT = timedelta(milliseconds=1)


def test_nothing_is_known_until_events_reach_us_and_the_first_had_time_to_come() -> None:
    hearing = Hearing()
    assert hearing.until(NOW) is None
    hearing.listening(NOW)
    assert hearing.until(NOW + QUIET - MOMENT) is None
    assert hearing.until(NOW + QUIET) == NOW + QUIET


def test_behind_a_backlog_we_know_what_was_until_its_oldest_event() -> None:
    hearing = Hearing()
    hearing.listening(NOW)
    old = NOW - timedelta(hours=1)
    hearing.heard(old, NOW + MOMENT)
    assert hearing.until(NOW + QUIET) == old
    hearing.heard(old + timedelta(minutes=5), NOW + QUIET)
    assert hearing.until(NOW + QUIET) == old + timedelta(minutes=5)
    assert hearing.until(NOW + 2 * QUIET) == NOW + 2 * QUIET


def test_fresh_events_are_no_backlog() -> None:
    hearing = Hearing()
    hearing.listening(NOW - QUIET)
    hearing.heard(NOW - STALE, NOW)
    assert hearing.until(NOW) == NOW
