"""What clocks a ticket has after what happened to it."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom_contracts import Event
from postroom_contracts.config import Policy, Schedule, Target
from postroom_contracts.sla import Clock, ClockBreached, ClocksSet, ClockWarned
from postroom_contracts.values import Metric
from postroom_sla.clocks import TicketClocks
from postroom_sla.firing import fire, moments, next_at
from postroom_sla.following import TicketFact, follow
from postroom_sla.promises import Promises


class Desk:
    """Follows a story under settings that a test may change on the way."""

    def __init__(self, policies: dict[str, Policy], schedules: dict[str, Schedule] | None = None) -> None:
        self.policies = policies
        self.schedules = schedules or {}
        self.state: TicketClocks | None = None
        self.stated: list[Event] = []

    def tell(self, *events: TicketFact, now: datetime | None = None) -> list[Event]:
        """Apply events as they happen (or at `now`); what they state."""
        stated: list[Event] = []
        for event in events:
            followed = follow(self.state, event, Promises(self.policies, self.schedules), now or event.at)
            if followed is not None:
                self.state = followed.state
                stated += followed.events
        self.stated += stated
        return stated

    def tick(self, now: datetime) -> list[Event]:
        assert self.state is not None
        self.state, fired = fire(self.state, now, now)
        self.stated += [one.event for one in fired]
        return [one.event for one in fired]

    def clock(self, metric: Metric) -> Clock:
        assert self.state is not None
        [clock] = [clock for clock in self.state.clocks if clock.metric == metric]
        return clock


@pytest.fixture
def desk(policy: Any) -> Desk:
    return Desk({"p": policy()})


def clocks_set(events: list[Event]) -> ClocksSet:
    [event] = events
    assert isinstance(event, ClocksSet)
    return event


def test_an_opening_sets_both_clocks(desk: Desk, story: Any) -> None:
    s = story()
    stated = clocks_set(desk.tell(s.opened()))
    assert (stated.ticket, stated.version, stated.policy, stated.schedule) == ("t1", 1, "p", None)
    assert [clock.metric for clock in stated.clocks] == ["first_reply", "resolution"]
    first, resolution = stated.clocks
    assert (first.state, first.started_at, first.due_at, first.warn_at) == ("running", s.at(0), s.at(60), s.at(45))
    assert (resolution.due_at, resolution.warn_at) == (s.at(240), s.at(180))


def test_the_warning_comes_in_business_time(story: Any, policy: Any, office: Schedule) -> None:
    s = story(start=datetime.fromisoformat("2026-06-05T16:30:00+00:00"))
    desk = Desk({"p": policy(schedule="office", warn_percent=50)}, {"office": office})
    [first, _] = clocks_set(desk.tell(s.opened())).clocks
    assert first.warn_at == datetime.fromisoformat("2026-06-05T17:00:00+00:00")
    assert first.due_at == datetime.fromisoformat("2026-06-08T09:30:00+00:00")


@pytest.mark.parametrize("automatic", ["auto-reply", "bounce", "list", "bulk"])
def test_machines_are_promised_nothing(desk: Desk, story: Any, automatic: str) -> None:
    s = story()
    stated = clocks_set(desk.tell(s.opened(automatic=automatic)))
    assert (stated.policy, stated.clocks) == (None, ())
    assert desk.tell(s.contact(5), s.changed(6, priority="urgent"), s.reply(7)) == []


def test_an_imported_ticket_has_no_clocks(desk: Desk, story: Any) -> None:
    assert clocks_set(desk.tell(story().opened(imported=True))).clocks == ()


def test_who_wants_no_acknowledgement_still_has_clocks(desk: Desk, story: Any) -> None:
    assert len(clocks_set(desk.tell(story().opened(automatic="no-reply-wanted"))).clocks) == 2


def test_without_a_policy_the_list_is_empty(policy: Any, story: Any) -> None:
    s = story()
    desk = Desk({"p": policy(queue="sales")})
    stated = clocks_set(desk.tell(s.opened(queue="support")))
    assert (stated.policy, stated.clocks) == (None, ())
    assert len(clocks_set(desk.tell(s.changed(5, queue="sales"))).clocks) == 2
    assert clocks_set(desk.tell(s.changed(9, queue="support"))).clocks == ()


def test_a_policy_without_a_target_for_the_priority_promises_nothing(desk: Desk, story: Any) -> None:
    stated = clocks_set(desk.tell(story().opened(priority="high")))
    assert (stated.policy, stated.clocks) == ("p", ())


@pytest.mark.parametrize(
    ("policies", "chosen"),
    [
        pytest.param({"a": {"order": 2}, "b": {"order": 1}}, "b", id="by order"),
        pytest.param({"b": {}, "a": {}}, "a", id="then by id"),
        pytest.param({"a": {"queue": "x"}, "b": {"queue": "q"}}, "b", id="by queue"),
        pytest.param(
            {"a": {"customer_domain": "ample.org"}, "b": {"customer_domain": "example.ORG"}}, "b", id="domain"
        ),
        pytest.param({"a": {"queue": "q", "customer_domain": "x.org"}, "b": {}}, "b", id="all conditions must hold"),
    ],
)
def test_which_policy_applies(policies: dict[str, dict[str, Any]], chosen: str, policy: Any, story: Any) -> None:
    made = {policy_id: policy(**fields) for policy_id, fields in policies.items()}
    assert clocks_set(Desk(made).tell(story().opened(queue="q"))).policy == chosen


def test_a_reply_by_an_agent_meets_the_first_reply(desk: Desk, story: Any) -> None:
    s = story()
    desk.tell(s.opened())
    stated = clocks_set(desk.tell(s.reply(20, status="open")))
    assert stated.version == 2
    assert (desk.clock("first_reply").state, desk.clock("first_reply").met_at) == ("met", s.at(20))
    assert desk.clock("first_reply").due_at == s.at(60)
    assert desk.clock("resolution").state == "running"


def test_notes_contacts_and_services_do_not_meet_it(desk: Desk, story: Any) -> None:
    s = story()
    desk.tell(s.opened())
    robot = s.opened().by.model_copy(update={"kind": "service"})
    assert desk.tell(s.note(5), s.contact(6), s.reply(7, by=robot)) == []
    assert desk.clock("first_reply").state == "running"


def test_only_the_first_reply_counts(desk: Desk, story: Any) -> None:
    s = story()
    desk.tell(s.opened(), s.reply(20))
    assert desk.tell(s.reply(30)) == []
    assert desk.clock("first_reply").met_at == s.at(20)


def test_pending_keeps_the_remaining_time(desk: Desk, story: Any) -> None:
    s = story()
    desk.tell(s.opened(), s.reply(40, status="pending"))
    paused = desk.clock("resolution")
    assert (paused.state, paused.due_at, paused.warn_at) == ("paused", None, None)
    stated = clocks_set(desk.tell(s.contact(1_000, status="open")))
    assert stated.version == 3
    resumed = desk.clock("resolution")
    assert (resumed.state, resumed.started_at) == ("running", s.at(0))
    assert (resumed.due_at, resumed.warn_at) == (s.at(1_200), s.at(1_140))


def test_what_was_due_before_a_pause_stays_due_then(desk: Desk, story: Any) -> None:
    s = story()
    desk.tell(s.opened(), s.reply(300, status="pending"), s.contact(400, status="open"))
    resumed = desk.clock("resolution")
    assert (resumed.state, resumed.due_at, resumed.breached_at) == ("running", s.at(240), s.at(240))


def test_pending_before_we_said_anything_does_not_stop_the_first_reply(desk: Desk, story: Any) -> None:
    s = story()
    desk.tell(s.opened(), s.changed(10, status="pending"))
    assert desk.clock("first_reply").due_at == s.at(60)


def test_on_hold_runs_on(desk: Desk, story: Any) -> None:
    s = story()
    desk.tell(s.opened())
    assert desk.tell(s.changed(10, status="on_hold")) == []


def test_a_pause_over_night_costs_no_business_time(policy: Any, office: Schedule, story: Any) -> None:
    s = story()
    desk = Desk({"p": policy(schedule="office")}, {"office": office})
    desk.tell(s.opened(), s.changed(60, status="pending"), s.contact(60 * 23, status="open"))  # Tuesday at eight
    assert desk.clock("resolution").due_at == datetime.fromisoformat("2026-06-02T12:00:00+00:00")


def test_solved_meets_the_resolution_and_reopening_runs_on(desk: Desk, story: Any) -> None:
    s = story()
    desk.tell(s.opened(), s.reply(100, status="solved"))
    met = desk.clock("resolution")
    assert (met.state, met.met_at, met.due_at) == ("met", s.at(100), s.at(240))
    assert desk.tell(s.changed(500, status="closed")) == []
    desk.tell(s.contact(1_000, status="open"))
    again = desk.clock("resolution")
    assert (again.state, again.met_at, again.due_at) == ("running", None, s.at(1_140))
    assert desk.clock("first_reply").met_at == s.at(100)


def test_solved_while_pending_was_never_due(desk: Desk, story: Any) -> None:
    s = story()
    desk.tell(s.opened(), s.reply(100, status="pending"), s.changed(999, status="solved"))
    met = desk.clock("resolution")
    assert (met.state, met.met_at, met.due_at, met.breached_at) == ("met", s.at(999), None, None)


def test_a_ticket_solved_without_a_reply_needs_none(desk: Desk, story: Any) -> None:
    s = story()
    desk.tell(s.opened(), s.changed(10, status="solved"))
    assert (desk.clock("first_reply").state, desk.clock("first_reply").due_at) == ("void", None)
    assert next_at(desk.state) is None  # type: ignore[arg-type]
    desk.tell(s.contact(100, status="open"))
    assert (desk.clock("first_reply").state, desk.clock("first_reply").due_at) == ("running", s.at(150))


def test_another_priority_counts_from_the_opening_without_the_pauses(desk: Desk, story: Any) -> None:
    s = story()
    desk.tell(s.opened(), s.changed(5, status="pending"), s.contact(25, status="open"))
    desk.tell(s.changed(30, priority="urgent"))
    assert desk.clock("resolution").due_at == s.at(60)
    assert desk.clock("resolution").started_at == s.at(0)
    assert desk.clock("resolution").target_minutes == 40


def test_what_is_met_stays_as_it_was(desk: Desk, story: Any) -> None:
    s = story()
    desk.tell(s.opened(), s.reply(20))
    before = desk.clock("first_reply")
    desk.tell(s.changed(30, priority="urgent"))
    assert desk.clock("first_reply") == before
    assert desk.clock("resolution").target_minutes == 40


def test_another_policy_holds_for_tickets_touched_afterwards(desk: Desk, policy: Any, story: Any) -> None:
    s = story()
    desk.tell(s.opened())
    desk.policies = {"p": policy(first_reply=30)}
    assert clocks_set(desk.tell(s.note(5))).clocks[0].due_at == s.at(30)


@pytest.mark.parametrize("known", [True, False], ids=["a schedule that never opens", "a schedule not known"])
def test_what_can_never_be_due_is_void(policy: Any, office: Schedule, story: Any, known: bool) -> None:
    s = story()
    days = tuple(s.start.date() + timedelta(days=day) for day in range(4_000))
    desk = Desk(
        {"p": policy(schedule="office")},
        {"office": office.model_copy(update={"holidays": days})} if known else {},
    )
    desk.tell(s.opened())
    assert (desk.clock("resolution").state, desk.clock("resolution").due_at) == ("void", None)
    assert next_at(desk.state) is None  # type: ignore[arg-type]
    desk.schedules = {"office": office}
    desk.tell(s.note(5))
    assert desk.clock("resolution").due_at == s.at(240)


def test_replayed_and_older_events_change_nothing(desk: Desk, story: Any) -> None:
    s = story()
    told = [s.opened(), s.reply(20, status="pending"), s.contact(30, status="open")]
    desk.tell(*told)
    state = desk.state
    assert desk.tell(*told) == []
    assert desk.state == state


def test_a_replay_is_no_touch_under_which_another_policy_would_hold(desk: Desk, policy: Any, story: Any) -> None:
    opened = story().opened()
    desk.tell(opened)
    desk.policies = {"p": policy(first_reply=30)}
    assert desk.tell(opened) == []


def test_nothing_is_done_before_the_opening_came(desk: Desk, story: Any) -> None:
    s = story()
    opened = s.opened()
    assert desk.tell(s.reply(5)) == []
    assert desk.state is None
    assert len(clocks_set(desk.tell(opened)).clocks) == 2


# Warnings and breaches


def test_a_clock_warns_and_breaches_once_and_says_when_it_was_due(desk: Desk, story: Any) -> None:
    s = story()
    desk.tell(s.opened())
    assert desk.tick(s.at(44)) == []
    [warned] = desk.tick(s.at(45))
    assert isinstance(warned, ClockWarned)
    assert (warned.metric, warned.due_at, warned.version) == ("first_reply", s.at(60), 2)
    assert desk.tick(s.at(59)) == []
    [breached] = desk.tick(s.at(75))
    assert isinstance(breached, ClockBreached)
    assert (breached.due_at, breached.at, breached.version) == (s.at(60), s.at(75), 3)
    assert desk.clock("first_reply").breached_at == s.at(60)
    assert desk.tick(s.at(100)) == []
    [*_, last] = desk.tick(s.at(1_000))
    assert isinstance(last, ClockBreached)
    assert last.metric == "resolution"
    assert next_at(desk.state) is None  # type: ignore[arg-type]


def test_a_paused_or_met_clock_never_fires(desk: Desk, story: Any) -> None:
    s = story()
    desk.tell(s.opened(), s.reply(10, status="pending"))
    assert desk.tick(s.at(10_000)) == []


def test_it_does_not_warn_again_when_it_gets_more_time(desk: Desk, story: Any) -> None:
    s = story()
    desk.tell(s.opened(priority="urgent"))
    assert len(desk.tick(s.at(9))) == 1
    desk.tell(s.changed(9.5, priority="normal"))
    assert desk.clock("first_reply").due_at == s.at(60)
    assert [type(event) for event in desk.tick(s.at(60))] == [ClockBreached]


def test_a_breach_heard_of_late_is_stated_before_what_ended_it(desk: Desk, story: Any) -> None:
    s = story()
    desk.tell(s.opened())
    warned, breached, changed = desk.tell(s.reply(90), now=s.at(500))
    assert isinstance(warned, ClockWarned)
    assert isinstance(breached, ClockBreached)
    assert isinstance(changed, ClocksSet)
    assert (breached.due_at, breached.at) == (s.at(60), s.at(500))
    assert (desk.clock("first_reply").breached_at, desk.clock("first_reply").met_at) == (s.at(60), s.at(90))


def test_a_breach_that_proves_false_is_taken_back(desk: Desk, story: Any) -> None:
    s = story()
    desk.tell(s.opened())
    desk.tick(s.at(61))
    desk.tell(s.reply(59), now=s.at(62))
    assert (desk.clock("first_reply").state, desk.clock("first_reply").breached_at) == ("met", None)


def test_a_shorter_target_that_is_over_already_breaches_at_once(desk: Desk, story: Any) -> None:
    s = story()
    desk.tell(s.opened(), s.changed(30, priority="urgent"))
    assert next_at(desk.state) == s.at(7.5)  # type: ignore[arg-type]
    breached = [event for event in desk.tick(s.at(30)) if isinstance(event, ClockBreached)]
    assert [event.due_at for event in breached] == [s.at(10)]


# Properties

unhurried = settings(deadline=None)  # a busy machine is no counterexample

statuses = st.sampled_from(["new", "open", "pending", "on_hold", "solved", "closed"])
steps = st.lists(
    st.tuples(
        st.sampled_from(["changed", "reply", "note", "contact", "tick"]),
        st.integers(0, 200),
        statuses,
        st.sampled_from(["normal", "urgent"]),
    ),
    max_size=12,
)


def _told(steps_taken: list[tuple[str, int, str, str]], make_story: Any, ticking: bool) -> Desk:
    targets = {
        "normal": Target(first_reply=60, resolution=240),
        "urgent": Target(first_reply=10, resolution=40),
    }
    desk = Desk({"p": Policy(name="p", targets=targets)})
    s = make_story()
    desk.tell(s.opened())
    minutes = 0
    for what, wait, status, priority in steps_taken:
        minutes += wait
        if what != "tick":
            desk.tell(getattr(s, what)(minutes, status=status, priority=priority))
        elif ticking:
            desk.tick(s.at(minutes))
    desk.tick(s.at(minutes))
    return desk


@unhurried
@given(steps=steps)
def test_whatever_happens_versions_count_and_each_thing_is_said_once(story: Any, steps: Any) -> None:
    desk = _told(steps, story, ticking=True)
    assert desk.state is not None
    versions = [event.sequence for event in desk.stated]
    assert versions == list(range(1, len(versions) + 1))
    assert desk.state.version == len(versions)
    said = [(type(event), event.metric) for event in desk.stated if isinstance(event, ClockWarned | ClockBreached)]
    assert len(said) == len(set(said))
    metrics = [clock.metric for clock in desk.state.clocks]
    assert len(metrics) == len(set(metrics))
    following = next_at(desk.state)
    assert following is None or following > max(event.at for event in desk.stated if hasattr(event, "at"))
    assert not moments(desk.state) or any(clock.state == "running" for clock in desk.state.clocks)


@unhurried
@given(steps=steps)
def test_clocks_are_set_exactly_when_they_changed(story: Any, steps: Any) -> None:
    desk = _told(steps, story, ticking=False)
    lists = [event.clocks for event in desk.stated if isinstance(event, ClocksSet)]
    assert all(before != after for before, after in pairwise(lists))


@unhurried
@given(steps=steps)
def test_an_outage_of_the_ticker_changes_no_breach(story: Any, steps: Any) -> None:
    assert _told(steps, story, True).state.breached == _told(steps, story, False).state.breached  # type: ignore[union-attr]


@unhurried
@given(work=st.lists(st.integers(1, 30), min_size=1, max_size=8), pause=st.integers(1, 5_000))
def test_pauses_never_cost_time(story: Any, work: list[int], pause: int) -> None:
    desk = Desk({"p": Policy(name="p", targets={"normal": Target(first_reply=60, resolution=240)})})
    s = story()
    desk.tell(s.opened())
    minutes = 0
    for stretch in work:
        minutes += stretch
        desk.tell(s.changed(minutes, status="pending"))
        minutes += pause
        desk.tell(s.contact(minutes, status="open"))
    assert desk.clock("resolution").due_at == s.at(minutes + 240 - sum(work))
