"""docs/events.md tells the truth: its tables are those of the code, and what it says to run does what it says."""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from contract.examples import TYPES, Record, event, record
from given import ServerUrls
from pydantic import SecretStr

from postroom_contracts import Topic, event_types, headers
from postroom_contracts.flow import PARTS, TOPICS
from postroom_contracts.tickets import TicketEvent
from postroom_plumbing.cluster import Cluster
from postroom_plumbing.settings import ServiceSettings, physical_topic

GUIDE = (Path(__file__).parents[2] / "docs/events.md").read_text("utf-8")
PROGRAM = re.findall(r"```python\n(.+?)```", GUIDE, re.DOTALL)[0]
KCAT = re.findall(r"^kcat .+$", GUIDE, re.MULTILINE)
TOLD = ("postroom.ticket.opened.v1", "postroom.ticket.changed.v1", "postroom.ticket.message_added.v1")
DEAD_TOPIC = f"{Topic.TICKETS}.dlq"


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, without the code marks."""
    section = GUIDE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip().replace("`", "") for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_table_of_headers_has_all_of_them() -> None:
    sent = {name for name, _ in record("postroom.ticket.opened.v1").headers}
    assert {row[0] for row in rows("What an event is")} == sent


def test_the_table_of_topics_is_the_map() -> None:
    told = {row[0]: row[1:] for row in rows("Topics")}
    assert list(told) == [topic.value for topic in Topic]
    for topic in Topic:
        models = [model for model in event_types().values() if model.topic is topic]
        key, types, senders, readers, kept = told[topic]
        assert key in TOPICS[topic].key
        assert {f"postroom.{one}.v1" for one in types.split(", ")} == {model.type for model in models}
        assert senders.split(", ") == [name for name, part in PARTS.items() if {*part.sends} & {*models}]
        assert readers.split(", ") == [name for name, part in PARTS.items() if {*part.receives} & {*models}]
        assert (kept == "last of each key") is topic.compacted


def test_the_life_of_a_mail_is_told_with_real_events() -> None:
    for topic, name, sequence, _ in rows("The life of one mail"):
        example = event(f"postroom.{name}.v1")
        assert example.topic == topic
        assert bool(sequence) is (example.sequence is not None)


def test_what_is_counted_is_told() -> None:
    counted = {topic for row in rows("Order, repeats and gaps") if row[2] for topic in row[0].split(", ")}
    assert counted == {event(name).topic for name in TYPES if event(name).sequence is not None}


def test_the_table_of_dead_letters_has_all_headers() -> None:
    names = {value for name, value in vars(headers).items() if name.startswith("DEAD_")}
    assert {name for row in rows("Dead letters") for name in row[0].split(", ")} == names


def test_the_program_has_ten_lines() -> None:
    assert len([line for line in PROGRAM.splitlines() if line.strip()]) == 10


@pytest.fixture
async def published(servers: ServerUrls, namespace: str) -> AsyncIterator[list[Record]]:
    """One example of each event about tickets, one setting and one dead letter, on topics of our own."""
    settings = ServiceSettings(
        kafka_url=servers.kafka_url, namespace=namespace, http_port=1, secret=SecretStr("sixteen or more letters")
    )
    cluster = Cluster(settings)
    await cluster.connect()
    records = [record(name) for name in (*TOLD, "postroom.setting.changed.v1")]
    records.append(record(TOLD[0]))
    records[-1].topic = DEAD_TOPIC
    async with AIOKafkaProducer(bootstrap_servers=servers.kafka_url) as producer:
        for one in records:
            topic = physical_topic(namespace, one.topic)
            await producer.send_and_wait(topic, one.value, one.key, headers=list(one.headers))
    yield records
    await cluster.close()


async def lines_of(process: asyncio.subprocess.Process, count: int) -> list[str]:
    """The first lines that a program prints; it is killed then."""
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            return [(await process.stdout.readline()).decode().rstrip("\n") for _ in range(count)]
    finally:
        process.kill()
        await process.wait()


@pytest.mark.connected
async def test_the_program_prints_what_was_published(
    servers: ServerUrls, namespace: str, published: list[Record]
) -> None:
    topic = physical_topic(namespace, Topic.TICKETS)
    arguments = ("-c", PROGRAM, servers.kafka_url, topic, f"{namespace}-printer")
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    expected: list[str] = []
    for name in TOLD:
        example = event(name)
        assert isinstance(example, TicketEvent)
        ticket = example.ticket
        expected.append(f"{name} #{ticket.number} {ticket.status} {ticket.subject}")
    assert sorted(await lines_of(process, len(TOLD))) == sorted(expected)


def expected_of(command: str, published: list[Record]) -> set[str]:
    """What a kcat command of the guide should print, line by line."""

    def told(one: Record) -> str:
        return ",".join(f"{name}={(value or b'').decode()}" for name, value in one.headers)

    def values(one: Record) -> str:
        return (one.value or b"").decode()

    topic = command.split(" -t ")[1].split()[0]
    records = [one for one in published if one.topic == topic]
    if "-o end" in command:
        return set()
    if topic == Topic.CONFIG:
        return {f"{(one.key or b'').decode()} {values(one)}" for one in records}
    if "grep" in command:
        return {values(one) for one in records if TOLD[0] in told(one)}
    keys = {(one.key or b"").decode() for one in records} if "%k" in command else set()
    return keys | {line for one in records for line in (told(one), values(one))}


@pytest.mark.connected
@pytest.mark.skipif(shutil.which("kcat") is None, reason="kcat is not installed")
@pytest.mark.parametrize("command", KCAT)
async def test_kcat_shows_what_was_published(
    command: str, servers: ServerUrls, namespace: str, published: list[Record]
) -> None:
    here = command.replace(" -t ", f" -t {physical_topic(namespace, '')}").replace(" -C", " -C -e", 1)
    process = await asyncio.create_subprocess_shell(
        here,
        env=os.environ | {"KAFKA": servers.kafka_url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    async with asyncio.timeout(30):
        printed, _ = await process.communicate()
    assert process.returncode == 0
    assert set(printed.decode().splitlines()) == expected_of(command, published)
