from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_analytics.sketch import ERROR, bucket, quantile

durations = st.lists(st.floats(min_value=1, max_value=10 * 366 * 86_400, allow_nan=False), min_size=1, max_size=200)


def sketch(values: list[float]) -> Counter[int]:
    return Counter(bucket(value) for value in values)


@given(durations, st.floats(0, 1))
def test_a_quantile_is_within_the_error_of_the_true_one(values: list[float], share: float) -> None:
    true = sorted(values)[int(share * (len(values) - 1))]
    told = quantile(sketch(values), share)
    assert told is not None
    assert abs(told - true) <= ERROR * true * (1 + 1e-9)


@given(durations, durations, st.floats(0, 1))
def test_merged_sketches_are_the_sketch_of_the_union(left: list[float], right: list[float], share: float) -> None:
    assert quantile(sketch(left) + sketch(right), share) == quantile(sketch(left + right), share)


@pytest.mark.parametrize("seconds", [-5.0, 0.0, 0.4, 1.0])
def test_less_than_a_second_counts_as_one_second(seconds: float) -> None:
    told = quantile(sketch([seconds]), 0.5)
    assert told == pytest.approx(1, abs=0.03)


def test_no_durations_have_no_quantile() -> None:
    assert quantile({}, 0.5) is None
    assert quantile({12: 0}, 0.5) is None


def test_counts_that_were_taken_back_do_not_matter() -> None:
    assert quantile({5: 0, 90: 3, 200: 0}, 0.5) == quantile({90: 3}, 0.5)
