"""How the router follows what others do to tickets."""

from typing import Any

import pytest

from postroom_contracts.config import Queue
from postroom_contracts.tickets import Ticket, TicketChanged, TicketOpened
from postroom_contracts.values import Actor
from postroom_router.placing import Map
from postroom_router.projection import Outcome, TicketFact, project
from postroom_router.row import Row, follow

KNOWN = Map([], {}, {"general": Queue(name="General"), "vip": Queue(name="VIP")})
ECHO = Actor(kind="service", id="router")


@pytest.fixture
def row(make: Any) -> Row:
    """An open ticket in general that the router gave to ann, which desk has not carried out yet."""
    return Row(
        ticket="t1",
        version=1,
        queue="general",
        rule="default",
        status="open",
        priority="normal",
        language=None,
        opened_at=make.later(0),
        agent="ann",
        seen_agent=None,
        decision=2,
    )


@pytest.mark.parametrize(
    ("before", "now", "agent", "queue", "waiting", "working"),
    [
        pytest.param({}, {"agent": None}, "ann", "general", False, True, id="decision-still-on-its-way"),
        pytest.param({}, {"queue": "general", "agent": "ann"}, "ann", "general", False, True, id="own-decision-back"),
        pytest.param({}, {"agent": "bob"}, "bob", "general", False, True, id="somebody-was-faster"),
        pytest.param({"seen_agent": "ann"}, {"agent": None}, None, "general", True, False, id="agent-cleared"),
        pytest.param({"seen_agent": "ann"}, {"agent": "bob"}, "bob", "general", False, True, id="agent-set"),
        pytest.param({"seen_agent": "ann"}, {"agent": "ann", "queue": "vip"}, None, "vip", True, False, id="moved"),
        pytest.param({}, {"queue": "vip"}, None, "vip", True, False, id="moved-before-the-decision-arrived"),
        pytest.param(
            {"seen_agent": "ann"}, {"agent": "bob", "queue": "vip"}, "bob", "vip", False, True, id="moved-to-somebody"
        ),
        pytest.param(
            {"seen_agent": "ann"}, {"agent": "ann", "status": "pending"}, "ann", "general", False, False, id="pending"
        ),
        pytest.param(
            {"seen_agent": "ann"}, {"agent": "ann", "status": "solved"}, "ann", "general", False, False, id="solved"
        ),
        pytest.param(
            {"agent": None}, {"agent": None, "status": "on_hold"}, None, "general", False, False, id="held-by-nobody"
        ),
        pytest.param({"status": "solved", "agent": None}, {}, None, "general", True, False, id="reopened-by-nobody"),
        pytest.param(
            {"status": "solved", "seen_agent": "ann"}, {"agent": "ann"}, "ann", "general", False, True, id="reopened"
        ),
        pytest.param(
            {"status": "solved", "agent": "away", "seen_agent": "away"},
            {"agent": "away"},
            None,
            "general",
            True,
            False,
            id="reopened-while-away",
        ),
        pytest.param({"status": "solved"}, {}, None, "general", True, False, id="reopened-decision-not-carried-out"),
        pytest.param(
            {"status": "pending", "agent": "away", "seen_agent": "away"},
            {"agent": "away"},
            "away",
            "general",
            False,
            True,
            id="answered-while-away-stays",
        ),
        pytest.param(
            {"agent": None, "seen_agent": "away"},
            {"agent": "away", "tags": ("x",)},
            None,
            "general",
            True,
            False,
            id="still-waits-though-desk-names-the-old-one",
        ),
    ],
)
def test_follow(
    make: Any,
    row: Row,
    before: dict[str, Any],
    now: dict[str, Any],
    agent: str | None,
    queue: str,
    waiting: bool,
    working: bool,
) -> None:
    fields = {name: before.get(name, getattr(row, name)) for name in row.__slots__}
    ticket: Ticket = make.ticket(version=2, **{"status": "open", **now})

    after = follow(Row(**fields), ticket, available={"ann", "bob"})

    assert (after.agent, after.queue, after.waiting, after.working) == (agent, queue, waiting, working)
    assert (after.version, after.decision, after.seen_agent) == (2, 2, ticket.agent)


def outcome(facts: list[TicketFact], rows: dict[str, Row], make: Any) -> Outcome:
    return project([(fact, None) for fact in facts], rows, KNOWN, {"ann"}, make.later(1))


def test_opening_decides_once_and_replaying_never(make: Any) -> None:
    opened: TicketOpened = make.opened("t1")

    first = outcome([opened, opened], {}, make)
    again = outcome([opened], first.rows, make)

    assert [(one.event.decision, one.event.agent, one.cause) for one in first.placed.values()] == [(1, None, 0)]
    assert first.waiting
    assert again == Outcome()


def test_a_ticket_whose_opening_is_missing_is_placed_by_the_next_fact(make: Any) -> None:
    changed: TicketChanged = make.changed("t1", 3, status="open")

    late = outcome([changed], {}, make)

    assert late.placed["t1"].event.queue == "general"
    assert outcome([make.opened("t1")], late.rows, make) == Outcome()


def test_several_facts_of_one_ticket_in_a_batch(make: Any) -> None:
    facts = [make.opened("t1"), make.changed("t1", 2, agent="ann"), make.changed("t1", 3, agent="ann", status="solved")]

    result = outcome(facts, {}, make)

    assert (result.rows["t1"].version, result.rows["t1"].agent, result.rows["t1"].status) == (3, "ann", "solved")
    assert len(result.placed) == 1
    assert result.room


def test_what_does_not_concern_routing_is_not_written(make: Any, row: Row) -> None:
    assert outcome([make.changed("t1", 2, status="open", tags=("x",))], {"t1": row}, make) == Outcome()


def test_own_decisions_coming_back_wake_nobody(make: Any, row: Row) -> None:
    result = outcome([make.changed("t1", 2, by=ECHO, status="open", queue="general", agent="ann")], {"t1": row}, make)

    assert (result.waiting, result.room, result.placed) == (False, False, {})
    assert result.rows["t1"].seen_agent == "ann"


@pytest.mark.parametrize(
    ("now", "waiting", "room"),
    [
        pytest.param({"agent": None}, True, True, id="given-back"),
        pytest.param({"agent": "bob"}, False, True, id="handed-over"),
        pytest.param({"agent": "ann", "status": "solved"}, False, True, id="solved"),
        pytest.param({"agent": "ann", "status": "pending"}, False, True, id="pending"),
        pytest.param({"agent": "ann", "priority": "urgent"}, False, False, id="only-more-urgent"),
    ],
)
def test_who_is_woken(make: Any, row: Row, now: dict[str, Any], waiting: bool, room: bool) -> None:
    seen = follow(row, make.ticket(version=2, status="open", agent="ann"), {"ann"})

    result = outcome([make.changed("t1", 3, **{"status": "open", **now})], {"t1": seen}, make)

    assert (result.waiting, result.room) == (waiting, room)


def test_imported_tickets_that_are_closed_wait_for_nobody(make: Any) -> None:
    result = outcome([make.opened("t1", status="closed")], {}, make)

    assert not result.rows["t1"].waiting
    assert not result.waiting
    assert len(result.placed) == 1
