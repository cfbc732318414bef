"""Settings over the real API: every change is an event, and nothing points to nothing."""

import asyncio
from typing import Any

import pytest

from postroom_contracts.config import SettingChanged
from postroom_plumbing.ids import new_id

from .running import Desk

pytestmark = pytest.mark.connected
BASE = "/api/v1/settings"
HOURS = [{"day": 0, "start": "09:00", "end": "17:00"}]
TARGETS = {"normal": {"first_reply": 60, "resolution": 600}}


def name() -> str:
    return f"s-{new_id()}"


async def versions(desk: Desk, key: str) -> list[tuple[int, bool]]:
    """The versions stated of a setting, and whether it is there in each."""
    told = [event for event in await desk.stated(key) if isinstance(event, SettingChanged)]
    return [(event.version, event.value is not None) for event in told]


async def test_a_setting_is_made_changed_removed_and_made_again(desk: Desk) -> None:
    queue = name()
    url = f"{BASE}/queue/{queue}"
    assert (await desk.admin.get(url)).status_code == 404
    made = await desk.admin.put(url, json={"name": "Money", "tier": 2})
    assert (made.status_code, made.headers["etag"]) == (200, '"1"')
    assert made.json() == {"id": queue, "version": 1, "name": "Money", "tier": 2, "skills": []}
    assert (await desk.admin.get(url)).json() == made.json()
    again = await desk.admin.put(url, json=made.json() | {"name": "Gold"})
    assert (again.status_code, again.json()["version"], again.json()["name"]) == (200, 2, "Gold")
    assert queue in [one["id"] for one in (await desk.admin.get(f"{BASE}/queue")).json()]
    assert (await desk.admin.delete(url)).status_code == 204
    assert (await desk.admin.delete(url)).status_code == 404
    assert (await desk.admin.get(url)).status_code == 404
    assert queue not in [one["id"] for one in (await desk.admin.get(f"{BASE}/queue")).json()]
    assert (await desk.admin.put(url, json={"name": "Back"})).json()["version"] == 4
    assert await versions(desk, f"queue/{queue}") == [(1, True), (2, True), (3, False), (4, True)]


async def test_a_stale_change_is_refused(desk: Desk) -> None:
    url = f"{BASE}/queue/{name()}"
    await desk.admin.put(url, json={"name": "A"})
    await desk.admin.put(url, json={"name": "B"}, headers={"If-Match": '"1"'})
    stale = await desk.admin.put(url, json={"name": "C"}, headers={"If-Match": '"1"'})
    gone = await desk.admin.delete(url, headers={"If-Match": '"1"'})
    assert (stale.status_code, gone.status_code, stale.headers["etag"]) == (412, 412, '"2"')
    assert (await desk.admin.get(url)).json()["name"] == "B"


async def test_of_two_at_once_on_one_version_one_wins(desk: Desk) -> None:
    url = f"{BASE}/queue/{name()}"
    await desk.admin.put(url, json={"name": "A"})
    answers = await asyncio.gather(
        *(desk.admin.put(url, json={"name": f"B{n}"}, headers={"If-Match": '"1"'}) for n in range(3))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412]


async def test_several_make_the_same_setting_at_once(desk: Desk) -> None:
    for _ in range(5):
        queue = name()
        answers = await asyncio.gather(
            *(desk.admin.put(f"{BASE}/queue/{queue}", json={"name": f"B{n}"}) for n in range(4))
        )
        assert [answer.status_code for answer in answers] == [200] * 4
        assert await versions(desk, f"queue/{queue}") == [(n, True) for n in (1, 2, 3, 4)]


@pytest.mark.parametrize(
    ("kind", "value", "fields"),
    [
        ("mailbox", {"name": "M", "address": "m1@x.example", "queue": "nowhere"}, ["queue"]),
        ("rule", {"name": "R", "queue": "nowhere", "mailbox": "nowhere"}, ["queue", "mailbox"]),
        ("policy", {"name": "P", "targets": TARGETS, "schedule": "nowhere", "queue": "nowhere"}, ["queue", "schedule"]),
        ("rule", {"name": "R"}, ["queue"]),
        ("queue", {"name": "Q", "nmae": "Q"}, ["nmae"]),
        ("macro", {}, ["name"]),
    ],
)
async def test_what_points_to_nothing_is_refused(
    desk: Desk, kind: str, value: dict[str, Any], fields: list[str]
) -> None:
    setting = name()
    answer = await desk.admin.put(f"{BASE}/{kind}/{setting}", json=value)
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == fields
    assert await versions(desk, f"{kind}/{setting}") == []


async def test_what_others_use_cannot_be_removed(desk: Desk) -> None:
    queue, schedule, mailbox, rule, policy = (name() for _ in range(5))
    for kind, setting, value in (
        ("queue", queue, {"name": "Q"}),
        ("schedule", schedule, {"name": "S", "timezone": "Asia/Tehran", "hours": HOURS, "holidays": ["2026-03-21"]}),
        ("mailbox", mailbox, {"name": "M", "address": f"{mailbox}@x.example"}),
        ("rule", rule, {"name": "R", "queue": queue, "mailbox": mailbox}),
        ("policy", policy, {"name": "P", "targets": TARGETS, "schedule": schedule}),
    ):
        answer = await desk.admin.put(f"{BASE}/{kind}/{setting}", json=value)
        assert answer.status_code == 200, answer.text
    for kind, setting, user in (
        ("queue", queue, f"rule/{rule}"),
        ("schedule", schedule, f"policy/{policy}"),
        ("mailbox", mailbox, f"rule/{rule}"),
    ):
        refused = await desk.admin.delete(f"{BASE}/{kind}/{setting}")
        assert (refused.status_code, user in refused.json()["detail"]) == (409, True)
    for kind, setting in (("rule", rule), ("policy", policy), ("queue", queue), ("schedule", schedule)):
        assert (await desk.admin.delete(f"{BASE}/{kind}/{setting}")).status_code == 204


@pytest.mark.parametrize(("domain", "same"), [("X.example", "x.EXAMPLE"), ("bücher.example", "xn--bcher-kva.example")])
async def test_an_address_belongs_to_one_mailbox(desk: Desk, domain: str, same: str) -> None:
    first, second, local = name(), name(), name()
    address = f"{local}@{domain}"
    assert (await desk.admin.put(f"{BASE}/mailbox/{first}", json={"name": "A", "address": address})).status_code == 200
    body = {"name": "B", "address": f"{local.upper()}@{same}"}
    taken = await desk.admin.put(f"{BASE}/mailbox/{second}", json=body)
    assert (taken.status_code, taken.json()["errors"][0]["field"]) == (422, "address")
    assert (await desk.admin.put(f"{BASE}/mailbox/{first}", json=body)).status_code == 200, "it may keep its own"
    await desk.admin.delete(f"{BASE}/mailbox/{first}")
    assert (await desk.admin.put(f"{BASE}/mailbox/{second}", json=body)).status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("queue/Upper", 422),
        ("queue/-x", 422),
        ("queue/a b", 422),
        ("queue/" + "x" * 62, 422),
        ("queue/a.b", 422),
        ("colour/x", 422),
    ],
)
async def test_ids_and_kinds_that_cannot_be(desk: Desk, path: str, status: int) -> None:
    assert (await desk.admin.put(f"{BASE}/{path}", json={"name": "A"})).status_code == status
    assert (await desk.admin.get(f"{BASE}/{path}")).status_code == status


async def test_a_new_desk_has_one_queue_and_one_admin(fresh_desk: Desk) -> None:
    assert [one["id"] for one in (await fresh_desk.admin.get(f"{BASE}/queue")).json()] == ["general"]
    before = await fresh_desk.stated()
    for step in fresh_desk.service._prepare:
        await step()
    assert await fresh_desk.stated() == before, "starting again makes nothing again"
    assert [one["role"] for one in (await fresh_desk.admin.get("/api/v1/agents")).json()] == ["admin"]
