"""Sending, on a real MongoDB and a real SMTP server."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from postroom_contracts.delivery import MailFailed, MailSent
from postroom_notifier.outgoing import CRASH
from postroom_notifier.sender import CONNECTIONS, Sender
from postroom_plumbing.clock import utc_now

from .conftest import HASTY, Notifier
from .making import clocks, opened, outgoing, reply, solved
from .smarthost import Moment

pytestmark = pytest.mark.connected

ANNA = ("anna@example.org",)


async def test_everything_is_sent_once_and_told(notifier: Notifier) -> None:
    await notifier.feed(opened(), clocks(), reply(), solved())
    raw = {mail_id: (await notifier.mail(mail_id)).raw for mail_id in await notifier.states()}
    await notifier.look()
    await notifier.look()
    assert set((await notifier.states()).values()) == {"sent"}
    assert notifier.smarthost.contents() == sorted(raw.values())
    told = await notifier.stated()
    assert all(isinstance(one, MailSent) and one.attempts == 1 and one.to == ANNA for one in told)
    assert Counter(one.outgoing for one in told) == {"ack:t1": 1, "reply:r1": 1, "survey:t1": 1}
    assert {one.message_id for one in told} == set(notifier.smarthost.message_ids())


async def test_many_over_few_connections(notifier: Notifier) -> None:
    await notifier.queue(*(outgoing(f"ack:{number}") for number in range(150)))
    await notifier.look()
    assert len(notifier.smarthost.taken) == 150
    assert Counter((await notifier.states()).values()) == {"sent": 150}
    assert len(await notifier.stated()) == 150
    assert notifier.smarthost.connections == CONNECTIONS


async def test_a_smarthost_that_allows_fewer_connections(notifier: Notifier) -> None:
    notifier.smarthost.most = 1
    await notifier.queue(*(outgoing(f"ack:{number}") for number in range(20)))
    await notifier.look()
    assert len(notifier.smarthost.taken) == 20
    assert Counter((await notifier.states()).values()) == {"sent": 20}


async def test_two_processes_never_send_the_same(notifier: Notifier) -> None:
    other = Sender(
        notifier.store, notifier.service.units, notifier.smarthost.smarthost, notifier.wakeup, patience=HASTY
    )
    await notifier.queue(*(outgoing(f"ack:{number}") for number in range(60)))

    async def all_of_it(sender: Sender) -> None:
        while "queued" in (await notifier.states()).values():
            await sender._look()

    await asyncio.gather(all_of_it(notifier.sender), all_of_it(other))
    assert len(notifier.smarthost.taken) == 60
    assert Counter((await notifier.states()).values()) == {"sent": 60}
    assert Counter(one.outgoing for one in await notifier.stated()).most_common(1)[0][1] == 1


async def test_refused_for_good(notifier: Notifier) -> None:
    notifier.smarthost.answers[ANNA[0]] = "550 5.1.1 no such user"
    await notifier.queue(outgoing())
    await notifier.look()
    (told,) = await notifier.stated()
    assert isinstance(told, MailFailed)
    assert (told.reason, told.uncertain, told.to) == ("550 5.1.1 no such user", False, ANNA)
    assert (await notifier.mail("ack:t1")).state == "failed"


async def test_refused_for_now_is_tried_again_when_due_and_not_before(notifier: Notifier) -> None:
    notifier.smarthost.answers["content"] = "451 4.3.0 later"
    await notifier.queue(outgoing())
    await notifier.look()
    await notifier.look()
    mail = await notifier.mail("ack:t1")
    assert (mail.state, mail.attempts, mail.deferrals, mail.reason) == ("queued", 1, 1, "451 4.3.0 later")
    assert timedelta(seconds=20) < mail.next_at - utc_now() <= timedelta(seconds=30)
    assert await notifier.stated() == []
    notifier.smarthost.answers.clear()
    assert await notifier.store.due(utc_now(), 10) == []
    assert await notifier.store.due(utc_now() + timedelta(seconds=31), 10) == ["ack:t1"]


@pytest.mark.parametrize("moment", ["mail", "rcpt", "data", "content"])
async def test_cut_before_the_final_dot_is_tried_again_later(notifier: Notifier, moment: Moment) -> None:
    """Twice: the first time the connection was kept, and might just have been closed for being idle."""
    notifier.smarthost.hang_up = moment
    notifier.smarthost.times = 2
    await notifier.queue(outgoing())
    await notifier.look()
    mail = await notifier.mail("ack:t1")
    assert (mail.state, mail.attempts, mail.deferrals) == ("queued", 1, 1)
    assert await notifier.stated() == []
    assert notifier.smarthost.taken == []


@pytest.mark.parametrize(("moment", "taken"), [("dot", 0), ("taken", 1)])
async def test_cut_after_the_final_dot_is_uncertain_and_never_repeated(
    notifier: Notifier, moment: Moment, taken: int
) -> None:
    notifier.smarthost.hang_up = moment
    await notifier.queue(outgoing())
    await notifier.look()
    await notifier.look()
    await notifier.sender.take_over()
    assert (await notifier.mail("ack:t1")).state == "uncertain"
    (told,) = await notifier.stated()
    assert isinstance(told, MailFailed)
    assert told.uncertain
    assert notifier.smarthost.tried == 1
    assert len(notifier.smarthost.taken) == taken


async def test_while_the_smarthost_is_away_everything_waits(notifier: Notifier) -> None:
    notifier.smarthost.hang_up = "greeting"
    notifier.smarthost.times = 3
    await notifier.queue(*(outgoing(f"ack:{number}") for number in range(5)))
    for _ in range(3):
        assert not await notifier.sender._look()
    assert set((await notifier.states()).values()) == {"queued"}
    assert (await notifier.mail("ack:0")).attempts == 0
    await notifier.look()
    assert set((await notifier.states()).values()) == {"sent"}


async def test_the_loop_is_woken_by_a_handler_and_stops_cleanly(notifier: Notifier) -> None:
    running = asyncio.create_task(notifier.sender.run())
    await notifier.feed(opened(), clocks())
    await notifier.smarthost.asked(1)
    async with asyncio.timeout(5):
        await notifier.sender.stop()
        await running
    assert (await notifier.mail("ack:t1")).state == "sent"
    assert len(await notifier.stated()) == 1


async def test_stopping_waits_for_what_is_being_sent(notifier: Notifier) -> None:
    notifier.smarthost.hold = "dot"
    await notifier.queue(*(outgoing(f"ack:{number}") for number in range(40)))
    running = asyncio.create_task(notifier.sender.run())
    await notifier.smarthost.asked(1)
    async with asyncio.timeout(5):
        stopping = asyncio.create_task(notifier.sender.stop())
        notifier.smarthost.released.set()
        await stopping
        await running
    states = Counter((await notifier.states()).values())
    assert set(states) <= {"sent", "queued"}
    assert states["sent"] == len(notifier.smarthost.taken) == len(await notifier.stated()) > 0


async def test_what_the_dead_only_claimed_is_queued_again_and_what_they_sent_is_uncertain(notifier: Notifier) -> None:
    await notifier.queue(outgoing("ack:claimed"), outgoing("ack:sending"))
    await notifier.store.claim("the dead", ["ack:claimed", "ack:sending"])
    await notifier.store.begin("the dead", ["ack:sending"])
    await notifier.sender.take_over()
    assert await notifier.states() == {"ack:claimed": "claimed", "ack:sending": "sending"}
    async with asyncio.timeout(5):
        while {"claimed", "sending"} & set((await notifier.states()).values()):
            await asyncio.sleep(0.1)
            await notifier.sender.take_over()
    assert await notifier.states() == {"ack:claimed": "queued", "ack:sending": "uncertain"}
    (told,) = await notifier.stated()
    assert isinstance(told, MailFailed)
    assert (told.outgoing, told.uncertain, told.reason, told.attempts) == ("ack:sending", True, CRASH, 1)
    await notifier.look()
    assert len(notifier.smarthost.taken) == 1


async def test_a_slow_but_living_process_keeps_its_claims(notifier: Notifier) -> None:
    await notifier.queue(outgoing())
    await notifier.store.claim("slow", ["ack:t1"])
    await notifier.store.begin("slow", ["ack:t1"])
    for _ in range(4):
        await asyncio.sleep(0.5)
        await notifier.store.renew("slow")
        await notifier.sender.take_over()
    assert (await notifier.mail("ack:t1")).state == "sending"
