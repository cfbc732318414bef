"""The router on the real MongoDB and Valkey."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient

from postroom_contracts.config import Queue, Rule
from postroom_contracts.values import Actor
from postroom_plumbing.testing import BEARER, until
from postroom_router import assigner as assigner_module
from postroom_router.api import api

pytestmark = pytest.mark.connected

GENERAL = {"general": Queue(name="General")}


async def loads(router: Any) -> dict[str, int]:
    counted: dict[str, int] = await router.store.loads()
    return counted


async def test_opening_makes_one_decision_and_replaying_none(router: Any, make: Any) -> None:
    router.know(queue={**GENERAL, "vip": Queue(name="VIP")}, rule={"r1": Rule(name="VIPs", queue="vip", tag="vip")})
    batch = [make.opened("t1", tags=("vip",)), make.opened("t2"), make.agent("ann", availability="away")]

    await router.feed(*batch)
    await router.feed(*batch)

    assert [(one.ticket, one.decision, one.queue, one.agent, one.rule) for one in await router.decisions()] == [
        ("t1", 1, "vip", None, "r1"),
        ("t2", 1, "general", None, "default"),
    ]


async def test_assigning_respects_capacity_and_states_the_decision(router: Any, make: Any) -> None:
    router.know(queue=GENERAL)
    await router.feed(make.agent("ann"), make.agent("bob", capacity=1), *(make.opened(f"t{n}") for n in range(5)))

    assert await router.assigner.drain() is False

    assert await loads(router) == {"ann": 2, "bob": 1}
    assigned = [one for one in await router.decisions() if one.decision == 2]
    assert len({one.ticket for one in assigned}) == len(assigned) == 3
    for one in assigned:
        assert await router.agent_of(one.ticket) == one.agent
        assert next(c.agent for c in one.candidates if c.verdict == "chosen") == one.agent
    assert await router.assigner.drain() is False
    assert len(await router.decisions()) == 8


async def test_two_assigners_racing_never_exceed_capacity_nor_decide_twice(
    router: Any, second_router: Any, make: Any
) -> None:
    agents = {f"a{n}": n % 4 for n in range(8)}
    for one in (router, second_router):
        one.know(queue=GENERAL)
    await router.feed(*(make.agent(name, capacity=capacity) for name, capacity in agents.items()))
    for wave in range(6):
        await router.feed(*(make.opened(f"t{wave}-{n}") for n in range(4)))
        await asyncio.gather(router.assigner.drain(), second_router.assigner.drain())

    assert await loads(router) == {name: capacity for name, capacity in agents.items() if capacity}
    decisions = Counter((one.ticket, one.decision) for one in await router.decisions())
    assert set(decisions.values()) == {1}
    assert len(decisions) == 24 + sum(agents.values())


async def test_two_assigners_with_different_tickets_in_view_share_one_free_place(
    router: Any, second_router: Any, make: Any
) -> None:
    """The second begins while the first has not committed, and sees a more urgent ticket that the first does not."""
    for one in (router, second_router):
        one.know(queue=GENERAL)
    await router.feed(make.agent("ann", capacity=1), make.opened("t1"))
    second: list[asyncio.Task[bool]] = []

    async def work(unit: Any) -> None:
        await router.assigner._round(unit)
        if not second:
            await second_router.feed(make.opened("t2", priority="urgent"))
            second.append(asyncio.create_task(second_router.assigner.drain()))
            await asyncio.wait(second, timeout=0.5)  # it must not be able to finish before the first has

    await router.units.run(work)
    await second[0]

    assert await loads(router) == {"ann": 1}


async def test_the_last_free_place_goes_to_the_most_urgent_then_the_oldest(router: Any, make: Any) -> None:
    router.know(queue=GENERAL)
    await router.feed(
        make.agent("ann", capacity=2),
        make.opened("oldest", priority="low"),
        make.opened("young", opened_at=make.later(2)),
        make.opened("old", opened_at=make.later(1)),
        make.opened("urgent", priority="urgent", opened_at=make.later(3)),
    )

    await router.assigner.drain()

    assert {one.ticket for one in await router.decisions() if one.agent} == {"urgent", "old"}


async def test_a_row_that_changed_is_not_assigned(router: Any, make: Any) -> None:
    """The guard of the write itself, should two transactions ever not conflict."""
    router.know(queue=GENERAL)
    await router.feed(make.agent("ann"), make.opened("t1"))
    row = (await router.store.find("t1"))[0]
    await router.feed(make.changed("t1", 2, priority="urgent"))
    event = (await router.decisions())[0].model_copy(update={"agent": "ann", "decision": 2})

    async def work(unit: Any) -> None:
        await router.store.assign([(row, event)], unit.now, unit.session)

    with pytest.raises(Exception, match="changed while"):
        await router.units.run(work)
    assert await router.agent_of("t1") is None


async def test_an_agent_who_becomes_available_drains_the_queue(
    router: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the bell alone. While nobody has room, batches of new tickets cost not one look."""
    monkeypatch.setattr(assigner_module, "LOOK_SECONDS", 60.0)
    router.know(queue=GENERAL)
    await router.leases.renew()
    router.start(router.assigner.run())
    await router.feed(make.agent("ann", availability="away", capacity=500))

    async def looked() -> bool:
        return bool(router.assigner.rounds == 1)

    await until(looked, bool, "look")
    for batch in range(15):
        await router.feed(*(make.opened(f"t{batch}-{n}") for n in range(20)))
    assert router.assigner.rounds <= 2  # the first, and at most one that was under way when tickets began to wait

    await router.feed(make.agent("ann", 2, capacity=500))

    async def drained() -> bool:
        return await loads(router) == {"ann": 300}

    await until(drained, bool, "drained queue")
    await router.feed(make.opened("one-more"))

    async def has_agent() -> bool:
        return bool(await router.agent_of("one-more") == "ann")

    await until(has_agent, bool, "agent of the ticket")


async def test_without_the_lease_nothing_is_assigned(
    router: Any, second_router: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assigner_module, "LOOK_SECONDS", 0.1)
    for one in (router, second_router):
        one.know(queue=GENERAL)
    await second_router.leases.renew()
    router.start(router.assigner.run())
    second_router.start(second_router.assigner.run())
    await router.feed(make.agent("ann"), make.opened("t1"))

    async def has_agent() -> bool:
        return bool(await router.agent_of("t1") == "ann")

    await until(has_agent, bool, "agent of the ticket")
    assert router.assigner.rounds == 0


async def test_solving_makes_room_and_reopening_finds_another_agent(router: Any, make: Any) -> None:
    router.know(queue=GENERAL)
    echo = Actor(kind="service", id="router")
    await router.feed(make.agent("ann", capacity=1), make.opened("t1"), make.opened("t2", opened_at=make.later(1)))
    await router.assigner.drain()
    assert (await router.agent_of("t1"), await router.agent_of("t2")) == ("ann", None)

    await router.feed(make.changed("t1", 2, by=echo, queue="general", agent="ann", status="open"))
    await router.feed(make.changed("t1", 3, queue="general", agent="ann", status="solved"))
    await router.assigner.drain()
    assert await router.agent_of("t2") == "ann"

    await router.feed(make.agent("ann", 2, availability="away"), make.agent("bob"))
    await router.feed(make.changed("t1", 4, queue="general", agent="ann", status="open"))
    await router.assigner.drain()
    assert await router.agent_of("t1") == "bob"
    assert [one.decision for one in await router.decisions() if one.ticket == "t1"] == [1, 2, 3]


async def test_an_agent_set_by_hand_is_respected_and_counts(router: Any, make: Any) -> None:
    router.know(queue=GENERAL)
    await router.feed(make.agent("ann", capacity=1), make.agent("bob", availability="away"), make.opened("t1"))
    await router.feed(make.changed("t1", 2, agent="bob", status="open"))
    await router.feed(make.opened("t2"), make.changed("t2", 2, agent="ann", status="open"), make.opened("t3"))

    assert await router.assigner.drain() is False
    assert await loads(router) == {"ann": 1, "bob": 1}
    assert await router.agent_of("t3") is None


async def test_an_older_state_of_an_agent_changes_nothing(router: Any, make: Any) -> None:
    await router.feed(make.agent("ann", 3, availability="away"), make.agent("ann", 2))
    await router.feed(make.agent("ann", 1))

    assert [(one.version, one.availability) for one in await router.store.agents()] == [(3, "away")]


async def test_questions_over_http(router: Any, make: Any) -> None:
    router.know(queue=GENERAL)
    await router.feed(make.agent("ann", capacity=1), make.opened("t1"), make.opened("t2", opened_at=make.later(1)))
    await router.assigner.drain()
    app = router.service.app
    app.include_router(api(router.store, router.view, router.service.settings.internal_token))
    async with AsyncClient(transport=ASGITransport(app), base_url="http://router", headers=BEARER) as http:
        first = (await http.get("/v1/decisions/t1")).json()
        second = (await http.get("/v1/decisions/t2")).json()
        missing = await http.get("/v1/decisions/nope")
        load = (await http.get("/v1/load")).json()
        strangers = [await http.get(f"/v1/{path}", headers={"Authorization": ""}) for path in ("decisions/t1", "load")]

    assert [answer.status_code for answer in strangers] == [401, 401]
    assert (first["agent"], first["waiting"], first["decided"]["decision"]) == ("ann", False, 2)
    assert first["decided"]["candidates"] == [{"agent": "ann", "load": 0, "capacity": 1, "verdict": "chosen"}]
    assert (second["agent"], second["waiting"]) == (None, True)
    assert second["decided"]["candidates"][0]["verdict"] == "at capacity (1 of 1)"
    assert (missing.status_code, missing.headers["content-type"]) == (404, "application/problem+json")
    assert load["waiting"] == {"general": 1}
    assert load["agents"] == [{"agent": "ann", "active": True, "availability": "available", "load": 1, "capacity": 1}]


async def test_finding_waiting_tickets_and_loads_reads_indexes_only(router: Any, make: Any) -> None:
    """Neither sorts a backlog in memory nor reads a document to count."""
    queues = [f"q{n}" for n in range(3)]
    await router.feed(*(make.opened(f"t{n}", queue=queues[n % 3], agent="ann" if n % 2 else None) for n in range(60)))
    tickets = router.database["tickets"]

    search = tickets.find({"waiting": True, "queue": {"$in": queues}}).hint("waiting")
    plan = await search.sort([("rank", -1), ("opened_at", 1)]).limit(5).explain()
    steps = [{"$match": {"working": True}}, {"$group": {"_id": "$agent", "tickets": {"$sum": 1}}}]
    command = {"aggregate": "tickets", "pipeline": steps, "hint": "working", "cursor": {}}
    count = await router.database.command({"explain": command, "verbosity": "executionStats"})

    assert plan["executionStats"]["totalDocsExamined"] == 5
    assert "'stage': 'SORT'" not in str(plan["queryPlanner"]["winningPlan"])
    assert "FETCH" not in str(count["queryPlanner"] if "queryPlanner" in count else count["stages"][0])
