"""From where a relay looks: never past something that still waits, whatever fails in between."""

from hypothesis import given
from hypothesis import strategies as st

from postroom_plumbing.relay import LOOK_BACK_SECONDS, RECENT_SECONDS, Horizon

SHARDS = [0, 2]
START = 1_800_000_000.0


def test_the_first_look_begins_at_the_beginning_and_the_next_a_little_before_it() -> None:
    horizon = Horizon()
    assert horizon.since(SHARDS, 100) is None
    horizon.cleared(SHARDS, None, START, 100)
    assert horizon.since(SHARDS, 101) == START - RECENT_SECONDS


def test_a_look_that_left_something_is_followed_by_one_from_the_same_place() -> None:
    horizon = Horizon()
    horizon.cleared(SHARDS, None, START, 100)
    assert horizon.since(SHARDS, 100 + LOOK_BACK_SECONDS * 0.9) == START - RECENT_SECONDS


def test_other_shards_a_failure_and_time_lead_back_to_the_beginning() -> None:
    horizon = Horizon()
    horizon.cleared(SHARDS, None, START, 100)
    assert horizon.since([0], 101) is None
    assert horizon.since(SHARDS, 100 + LOOK_BACK_SECONDS) is None
    horizon.forget()
    assert horizon.since(SHARDS, 101) is None


Step = tuple[float, int, bool]
"""Seconds that pass, events written meanwhile, and whether the look succeeds."""


@given(st.lists(st.tuples(st.floats(0.05, 30), st.integers(0, 3), st.booleans()), max_size=40), st.integers(1, 4))
def test_events_are_published_in_the_order_of_their_writing(steps: list[Step], most: int) -> None:
    """A small relay in words: events of one key, a look that takes `most`, Kafka that takes them or does not."""
    horizon, now, written, published = Horizon(), 0.0, list[float](), list[float]()
    for seconds, count, taken in steps:
        written += [START + now + seconds * part / (count + 1) for part in range(1, count + 1)]
        now += seconds
        since = horizon.since(SHARDS, now)
        waiting = [at for at in written if at not in published and (since is None or at >= since)]
        if taken:
            published += waiting[:most]
            if len(waiting) < most:
                horizon.cleared(SHARDS, since, START + now, now)
    assert published == written[: len(published)]
