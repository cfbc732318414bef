"""The whole service as a process: Kafka in, mail out, Kafka out, and what is left of it when it is killed."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from given import ServerUrls

from postroom_contracts import Event
from postroom_contracts.delivery import MailFailed, MailSent
from postroom_notifier.sender import ROUND
from postroom_plumbing.settings import physical_topic
from postroom_plumbing.testing import BEARER, SECRET, TOKEN, until
from postroom_plumbing.wire import encode

from .conftest import PORTAL, Notifier
from .making import NOW, clocks, mailbox_set, opened, outgoing, reply, solved
from .smarthost import Moment

pytestmark = [pytest.mark.connected, pytest.mark.timeout(120)]


class Processes:
    """Starts notifiers on the servers of a test, and feeds them through Kafka."""

    def __init__(self, notifier: Notifier, servers: ServerUrls, namespace: str, port: int) -> None:
        self.notifier = notifier
        self.kafka_url = servers.kafka_url
        self.namespace = namespace
        self.url = f"http://127.0.0.1:{port}"
        self.started: list[Process] = []
        self.environment = {
            **os.environ,
            **servers.environment(),
            "POSTROOM_NAMESPACE": namespace,
            "POSTROOM_HTTP_PORT": str(port),
            "POSTROOM_SECRET": SECRET,
            "POSTROOM_INTERNAL_TOKEN": TOKEN,
            "POSTROOM_PORTAL_URL": PORTAL,
            "POSTROOM_SMARTHOST_URL": notifier.smarthost.url,
            "POSTROOM_PARTITIONS": "2",
        }

    async def start(self) -> Process:
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", "postroom_notifier", env=self.environment)
        self.started.append(process)
        return process

    async def ready(self) -> bool:
        """Whether the process says that all is well."""
        try:
            async with httpx.AsyncClient() as http:
                return (await http.get(f"{self.url}/health/ready")).status_code == 200
        except httpx.TransportError:
            return False

    async def publish(self, *events: Event) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.kafka_url, acks="all", enable_idempotence=False)
        await producer.start()
        try:
            for event in events:
                _, headers, value = encode(event, source="test", at=NOW, traceparent=None)
                topic = physical_topic(self.namespace, event.topic)
                await producer.send_and_wait(topic, value, key=event.key.encode(), headers=headers)
        finally:
            await producer.stop()

    async def published(self, count: int) -> list[Any]:
        """Wait until so many events are in Kafka; what was stated."""
        outbox = self.notifier.service.database["outbox"]

        async def left_and_stated() -> tuple[int, int]:
            return await outbox.count_documents({"pending": True}), len(await self.notifier.stated())

        await until(left_and_stated, lambda counts: counts == (0, count), f"{count} published events", 40)
        return await self.notifier.stated()


@pytest.fixture
async def processes(
    notifier: Notifier, servers: ServerUrls, namespace: str, unused_tcp_port: int
) -> AsyncIterator[Processes]:
    made = Processes(notifier, servers, namespace, unused_tcp_port)
    yield made
    for process in made.started:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_from_kafka_to_mail_to_kafka(processes: Processes) -> None:
    process = await processes.start()
    notifier = processes.notifier
    await until(processes.ready, bool, "ready process", 40)
    await processes.publish(mailbox_set(), opened(), clocks(due_at=NOW), reply(), solved())
    told = await processes.published(3)
    assert Counter(type(one) for one in told) == {MailSent: 3}
    assert {one.message_id for one in told} == set(notifier.smarthost.message_ids())
    assert {one.kind for one in told} == {"acknowledgement", "reply", "survey"}
    await processes.publish(opened(), clocks(due_at=NOW), reply(), solved(), opened("t2"), clocks("t2"))
    await processes.published(4)
    assert len(notifier.smarthost.taken) == 4
    async with httpx.AsyncClient(base_url=processes.url, headers=BEARER) as http:
        answer = await http.get("/v1/outgoing", params={"state": "sent"})
        metrics = (await http.get("/metrics")).text
    assert len(answer.json()["outgoing"]) == 4
    assert "postroom_mail_sent" in metrics
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 30) in (0, -signal.SIGTERM)


@pytest.mark.parametrize("moment", ["mail", "dot"])
async def test_killed_between_record_and_result_nothing_goes_out_twice(processes: Processes, moment: Moment) -> None:
    """Forty queued: those being sent end as uncertain, all others are sent once by the process that comes after."""
    notifier, smarthost = processes.notifier, processes.notifier.smarthost
    smarthost.hold = moment
    await notifier.queue(*(outgoing(f"ack:{number}", ticket=f"t{number}") for number in range(40)))
    process = await processes.start()
    await smarthost.asked(4)
    process.kill()
    await process.wait()
    states = Counter((await notifier.states()).values())
    assert states == {"sending": ROUND, "claimed": 40 - ROUND}
    tried = smarthost.tried
    smarthost.hold = None
    smarthost.released.set()
    past = datetime(2020, 1, 1, tzinfo=UTC)
    await notifier.service.database["outgoing"].update_many({}, {"$set": {"until": past}})  # time passes
    await processes.start()
    told = await processes.published(40)
    uncertain = {one.outgoing for one in told if isinstance(one, MailFailed) and one.uncertain}
    sent = {one.outgoing for one in told if isinstance(one, MailSent)}
    assert (len(uncertain), len(sent), len(told)) == (ROUND, 40 - ROUND, 40)
    assert smarthost.tried - tried == 40 - ROUND
    assert len(smarthost.taken) <= 40 - ROUND + 4
    assert Counter((await notifier.states()).values()) == {"uncertain": ROUND, "sent": 40 - ROUND}
