"""Durations as counts in logarithmic buckets, from which any quantile can be told within 2 %.

The buckets of DDSketch (Masson, Rim, Lee: "DDSketch: A Fast and Fully-Mergeable Quantile Sketch", VLDB 2019): bucket i
holds the durations in (g^(i-1), g^i] seconds. Two sketches are merged by adding their counts, so counts can be kept per
quarter of an hour and added up for any question.
"""

import math
from collections.abc import Mapping

ERROR = 0.02
"""The most a quantile of a second or longer may be off, as a share of the true duration."""
_GROWTH = (1 + ERROR) / (1 - ERROR)
_LOG_GROWTH = math.log(_GROWTH)


def bucket(seconds: float) -> int:
    """The bucket of a duration; everything up to a second, negative ones too, shares bucket 0."""
    if seconds <= 1:
        return 0
    return math.ceil(math.log(seconds) / _LOG_GROWTH)


def duration(index: int) -> float:
    """The seconds that stand for a bucket: at most ERROR away from everything in it (a second away in bucket 0)."""
    return 2 * _GROWTH**index / (_GROWTH + 1)


def quantile(counts: Mapping[int, int], share: float) -> float | None:
    """The duration in seconds that `share` (0 to 1) of the counted ones do not exceed; None when none was counted.

    The one at rank floor(share * (n - 1)) of n in order, counted from 0: the lower of the two middle ones for a median.
    """
    total = sum(counts.values())
    if total <= 0:
        return None
    rank = math.floor(share * (total - 1))
    seen = 0
    for index in sorted(counts):
        seen += counts[index]
        if seen > rank:
            return duration(index)
    return None
