"""Real mail with its sources' own expectations: floors under the shares that are read as they expect.

The mails are not part of this repository: POSTROOM_CORPUS names their folder, and without it these tests skip.
`make corpus` prints the whole table and every miss.
"""

from collections import Counter
from functools import cache

import pytest
from corpus.__main__ import Result, judged, judges
from corpus.cases import DEV, cases, parts

from postroom_ingest.parse import parse, thread_root

pytestmark = pytest.mark.skipif(DEV not in parts(), reason="no corpus: see POSTROOM_CORPUS")

FLOORS = {"parsing": 0.99, "trimming": 0.9, "forwards": 0.97, "bounces": 0.9, "automatic": 0.9}


@cache
def results() -> list[Result]:
    parse(b"\n\nThe model of the languages is read once, before anything is timed.")
    return [judged(case, judges()) for case in cases()]


@pytest.mark.parametrize("judge", judges())
def test_real_mail_is_read_as_its_sources_expect(judge: str) -> None:
    checks = [c for result in results() for name, c in result.checks if name == judge and c.name != "read at all"]
    missed = Counter(check.name for check in checks if not check.right)
    assert len(checks) > 50
    assert sum(check.right for check in checks) >= FLOORS[judge] * len(checks), missed


def test_every_mail_is_read_without_our_mistake() -> None:
    mistakes = [r.case.file for r in results() for _, c in r.misses() if c.name in ("read at all", "must not crash")]
    assert mistakes == []


def test_every_mail_is_read_in_bounded_time() -> None:
    assert [result.case.file for result in results() if result.seconds > 1] == []


def test_every_thread_root_agrees() -> None:
    for case in cases():
        assert thread_root(case.raw) == parse(case.raw).thread_root
