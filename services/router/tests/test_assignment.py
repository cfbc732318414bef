"""Who gets which ticket."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom_contracts.config import Queue
from postroom_router.assignment import CANDIDATES, Agent, assign, room, verdicts
from postroom_router.row import Row

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
QUEUES = {"general": Queue(name="General"), "expert": Queue(name="Expert", skills=("tax", "law"))}


def waiting(ticket: str = "t1", **other: Any) -> Row:
    fields: dict[str, Any] = {
        "ticket": ticket,
        "version": 1,
        "queue": "general",
        "rule": "r",
        "status": "new",
        "priority": "normal",
        "language": None,
        "opened_at": START,
        "agent": None,
        "seen_agent": None,
        "decision": 1,
    }
    return Row(**{**fields, **other})


def agent(name: str, **other: Any) -> Agent:
    fields: dict[str, Any] = {
        "id": name,
        "version": 1,
        "active": True,
        "availability": "available",
        "capacity": 5,
        "queues": frozenset({"general", "expert"}),
        "skills": frozenset({"tax", "law"}),
        "languages": (),
        "assigned_at": None,
    }
    return Agent(**{**fields, **other})


@pytest.mark.parametrize(
    ("other", "load", "verdict"),
    [
        pytest.param({"active": False}, 0, "not active", id="inactive"),
        pytest.param({"availability": "away"}, 0, "away", id="away"),
        pytest.param({"availability": "offline"}, 0, "offline", id="offline"),
        pytest.param({"queues": frozenset({"general"})}, 0, "does not work in queue expert", id="other-queue"),
        pytest.param({"skills": frozenset({"tax"})}, 0, "lacks skill law", id="skill"),
        pytest.param({}, 5, "at capacity (5 of 5)", id="full"),
        pytest.param({}, 7, "at capacity (7 of 5)", id="overfull-by-hand"),
        pytest.param({"capacity": 0}, 0, "at capacity (0 of 0)", id="no-capacity"),
    ],
)
def test_who_cannot_and_why(other: dict[str, Any], load: int, verdict: str) -> None:
    only, row = [agent("ann", **other)], waiting(queue="expert")

    assert assign([row], only, {"ann": load}, QUEUES) == []
    assert [(one.agent, one.load, one.verdict) for one in verdicts(row, only, {"ann": load}, QUEUES)] == [
        ("ann", load, verdict)
    ]
    both = assign([row], [*only, agent("zoe")], {"ann": load}, QUEUES)
    assert [(one.agent, one.verdict) for one in both[0].candidates] == [("zoe", "chosen"), ("ann", verdict)]


@pytest.mark.parametrize(
    ("ann", "bob", "loads", "verdict", "reason"),
    [
        pytest.param(
            {},
            {"languages": ("fa",)},
            {"bob": 4},
            "does not speak fa",
            "speaks fa; least loaded (4 of 5) of 1 free in queue general",
            id="language-before-load",
        ),
        pytest.param(
            {"capacity": 2},
            {"capacity": 10},
            {"ann": 1, "bob": 2},
            "busier (1 of 2)",
            "nobody free speaks fa; least loaded (2 of 10) of 2 free in queue general",
            id="load-by-capacity",
        ),
        pytest.param(
            {"assigned_at": START},
            {"assigned_at": START - timedelta(minutes=1)},
            {},
            "was given a ticket more recently",
            "nobody free speaks fa; least loaded (0 of 5) of 2 free in queue general",
            id="longest-ago",
        ),
        pytest.param(
            {"assigned_at": START},
            {},
            {},
            "was given a ticket more recently",
            "nobody free speaks fa; least loaded (0 of 5) of 2 free in queue general",
            id="never-before-ever",
        ),
    ],
)
def test_whom_we_prefer(
    ann: dict[str, Any], bob: dict[str, Any], loads: dict[str, int], verdict: str, reason: str
) -> None:
    """Bob is chosen, though Ann comes first by id."""
    chosen = assign([waiting(language="fa")], [agent("ann", **ann), agent("bob", **bob)], loads, QUEUES)

    assert [(one.agent, one.reason) for one in chosen] == [("bob", reason)]
    assert [(one.agent, one.verdict) for one in chosen[0].candidates] == [("bob", "chosen"), ("ann", verdict)]


def test_equals_take_turns_beginning_with_the_first_id() -> None:
    rows = [waiting(f"t{number}") for number in range(6)]
    trio = [agent(name, capacity=9) for name in ("cat", "ann", "bob")]

    assert [one.agent for one in assign(rows, trio, {}, QUEUES)] == ["ann", "bob", "cat", "ann", "bob", "cat"]


def test_the_urgent_come_first_then_the_old() -> None:
    rows = [
        waiting("young", opened_at=START + timedelta(hours=1)),
        waiting("old"),
        waiting("urgent", priority="urgent", opened_at=START + timedelta(hours=2)),
        waiting("low", priority="low", opened_at=START - timedelta(days=9)),
    ]

    assert [one.ticket for one in assign(rows, [agent("ann", capacity=3)], {}, QUEUES)] == ["urgent", "old", "young"]


def test_a_queue_that_is_not_configured_asks_for_no_skills() -> None:
    clerk = agent("ann", queues=frozenset({"attic"}), skills=frozenset())

    assert [one.agent for one in assign([waiting(queue="attic")], [clerk], {}, {})] == ["ann"]


def test_candidates_are_capped_with_the_chosen_first_and_the_nearest_kept() -> None:
    crowd = [agent(f"x{number:02}", queues=frozenset()) for number in range(30)]
    crowd += [agent("full", capacity=1), agent("free")]

    listed = assign([waiting()], crowd, {"full": 1}, QUEUES)[0].candidates

    assert len(listed) == CANDIDATES
    assert [one.agent for one in listed[:3]] == ["free", "full", "x00"]


def test_a_waiting_ticket_lists_who_is_free() -> None:
    listed = verdicts(waiting(), [agent("ann", capacity=1), agent("bob")], {"ann": 1}, QUEUES)

    assert [(one.agent, one.verdict) for one in listed] == [("bob", "free"), ("ann", "at capacity (1 of 1)")]


names = st.sampled_from(["general", "expert", "attic"])
skills = st.frozensets(st.sampled_from(["tax", "law"]))
tongues = st.sampled_from(["fa", "pt-BR", "de"])
agents = st.lists(
    st.builds(
        agent,
        st.sampled_from("abcdefgh"),
        active=st.sampled_from([True, True, True, False]),
        availability=st.sampled_from(["available", "available", "away", "offline"]),
        capacity=st.integers(0, 3),
        queues=st.frozensets(names),
        skills=skills,
        languages=st.lists(st.sampled_from(["fa", "pt", "de"])).map(tuple),
        assigned_at=st.none() | st.integers(0, 3).map(lambda minutes: START + timedelta(minutes=minutes)),
    ),
    unique_by=lambda one: one.id,
)
rows = st.lists(
    st.builds(
        waiting,
        st.integers(0, 99).map(lambda number: f"t{number:02}"),
        queue=names,
        priority=st.sampled_from(["low", "normal", "high", "urgent"]),
        language=st.none() | tongues,
        opened_at=st.integers(0, 5).map(lambda minutes: START + timedelta(minutes=minutes)),
    ),
    unique_by=lambda one: one.ticket,
    max_size=20,
)
loads = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 4))


def may(one: Agent, row: Row) -> bool:
    needed = {"tax", "law"} if row.queue == "expert" else set()
    return one.active and one.availability == "available" and row.queue in one.queues and needed <= one.skills


def speaks(one: Agent, row: Row) -> bool:
    return row.language is None or row.language.partition("-")[0] in one.languages


@given(rows, agents, loads)
@settings(max_examples=300, deadline=None)
def test_every_choice_is_allowed_and_none_is_missed(
    tickets: list[Row], people: list[Agent], load: dict[str, int]
) -> None:
    by_id, by_ticket, now = {one.id: one for one in people}, {row.ticket: row for row in tickets}, Counter(load)

    given_out = assign(tickets, people, load, QUEUES)

    for choice in given_out:
        chosen, row = by_id[choice.agent], by_ticket[choice.ticket]
        rivals = [one for one in people if may(one, row) and now[one.id] < one.capacity]
        assert chosen in rivals
        assert speaks(chosen, row) or not any(speaks(one, row) for one in rivals)
        equals = [one for one in rivals if speaks(one, row) == speaks(chosen, row)]
        assert now[chosen.id] / chosen.capacity == min(now[one.id] / one.capacity for one in equals)
        assert [one.agent for one in choice.candidates if one.verdict == "chosen"] == [chosen.id]
        assert len({one.agent for one in choice.candidates}) == len(choice.candidates)
        now[chosen.id] += 1
    left = set(by_ticket) - {choice.ticket for choice in given_out}
    assert len(given_out) + len(left) == len(tickets)
    for ticket in left:
        assert not any(may(one, by_ticket[ticket]) and now[one.id] < one.capacity for one in people)


@given(rows, agents, loads, st.integers())
@settings(max_examples=100, deadline=None)
def test_the_order_of_the_arguments_does_not_matter(
    tickets: list[Row], people: list[Agent], load: dict[str, int], seed: int
) -> None:
    shuffled_tickets, shuffled_people = tickets[:], people[:]
    Random(seed).shuffle(shuffled_tickets)
    Random(seed + 1).shuffle(shuffled_people)

    assert assign(tickets, people, load, QUEUES) == assign(shuffled_tickets, shuffled_people, load, QUEUES)


@given(rows, agents, loads)
@settings(max_examples=100, deadline=None)
def test_room_tells_exactly_where_a_ticket_would_be_taken(
    tickets: list[Row], people: list[Agent], load: dict[str, int]
) -> None:
    free = room(people, load, QUEUES)

    for queue in ("general", "expert", "attic"):
        assert (queue in free.queues) == bool(assign([waiting(queue=queue)], people, load, QUEUES))
    assert len(assign(tickets, people, load, QUEUES)) <= free.tickets
    everywhere = [replace(one, queues=frozenset({"general"})) for one in people]
    many = [waiting(f"m{number:03}") for number in range(60)]
    assert len(assign(many, everywhere, load, QUEUES)) == room(everywhere, load, QUEUES).tickets
