"""`postroom dlq`: pure parts, and reading and replaying on a real Kafka."""

import asyncio
import json
import sys
from collections.abc import Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord

from postroom_contracts import Topic
from postroom_local.cli import main
from postroom_local.dead_letter_log import DeadLetter, Log, make_log, read_log, redact, replay
from postroom_local.deadletters import describe, summary, table
from postroom_local.errors import StackError
from postroom_plumbing.cluster import Cluster
from postroom_plumbing.dead_letters import dead_letter
from postroom_plumbing.errors import PermanentError
from postroom_plumbing.settings import ServiceSettings, physical_topic

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from given import ServerUrls

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
ORIGINAL = (("ce_type", b"postroom.mail.received.v1"), ("ce_subject", b"c1"), ("traceparent", b"00-1-2-01"))


def record(
    topic: str, offset: int, key: bytes | None, value: bytes, headers: Sequence[tuple[str, bytes]] = ORIGINAL
) -> ConsumerRecord:
    return ConsumerRecord(topic, 2, offset, 0, 0, key, value, None, 0, len(value), tuple(headers))


def buried(
    topic: str, value: bytes, reason: str = "no such thing"
) -> tuple[str, bytes, bytes, list[tuple[str, bytes]]]:
    """What plumbing writes for an event it gives up."""
    letter = dead_letter(record(topic, len(value), b"k1", value), PermanentError(reason), "sla", 3, NOW)
    return letter["topic"], letter["key"].encode(), letter["value"], [tuple(pair) for pair in letter["headers"]]


def letter(value: bytes = b"{}", reason: str = "no such thing") -> DeadLetter:
    name, key, content, headers = buried("inbound", value, reason)
    return make_log([record(name, 4, key, content, headers)], "").letters[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no customer anna.berg@example.com", "no customer a…@example.com"),
        ("<a@b.example>, 'x+y@c.example'", "<a…@b.example>, 'x…@c.example'"),
        ("mailto:anna@例え.jp", "mailto:a…@例え.jp"),
        ("at 10@ and @home", "at 10@ and @home"),
    ],
)
def test_of_an_address_only_its_first_letter_and_domain_are_shown(text: str, expected: str) -> None:
    assert redact(text) == expected


def test_a_summary_says_what_and_why_and_hides_addresses() -> None:
    one = letter(reason="no customer anna@example.com")

    assert summary(one, Log((one,), frozenset())) == {
        "reference": "inbound.dlq/2/4",
        "at": "2026-11-23T10:00:00.000Z",
        "type": "postroom.mail.received.v1",
        "subject": "c1",
        "group": "sla",
        "error": "PermanentError",
        "attempts": 3,
        "reason": "no customer a…@example.com",
        "replayed": False,
    }


def test_a_table_has_a_line_for_each_whatever_the_error_said() -> None:
    one = letter(reason="first\nsecond\t" + "x" * 500)

    header, line = table([summary(one, Log((one,), frozenset()))])

    assert header.split() == ["REFERENCE", "AT", "TYPE", "SUBJECT", "GROUP", "ERROR", "ATTEMPTS", "REASON"]
    assert "first second x" in line
    assert line.endswith("…")


@pytest.mark.parametrize(("value", "shown"), [(b'{"a":"\xc3\xa9"}', ' "a": "é"'), (b"\xff no json", "\\xff no json")])
def test_show_has_headers_stack_and_value(value: bytes, shown: str) -> None:
    lines = "\n".join(describe(letter(value))).splitlines()

    assert "traceparent: 00-1-2-01" in lines
    assert f"dlq_offset: {len(value)}" in lines
    assert "key: k1" in lines
    assert "postroom_plumbing.errors.PermanentError: no such thing" in lines
    assert shown in lines


def test_a_record_that_postroom_did_not_write_can_be_looked_at() -> None:
    (one,) = make_log([record("ns.sla.dlq", 0, None, b"", ())], "ns").letters

    assert (one.reference, one.topic) == ("sla.dlq/2/0", Topic.SLA)
    assert summary(one, Log((one,), frozenset()))["attempts"] == 0
    assert describe(one)


@asynccontextmanager
async def producing(kafka_url: str) -> "AsyncIterator[AIOKafkaProducer]":
    producer = AIOKafkaProducer(bootstrap_servers=kafka_url)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def bury(servers: "ServerUrls", namespace: str, letters: Sequence[tuple[Topic, bytes]]) -> None:
    """Make the topics of `namespace` and put dead letters into them."""
    cluster = Cluster(ServiceSettings(kafka_url=servers.kafka_url, namespace=namespace, http_port=1, secret="x" * 16))
    await cluster.connect()
    await cluster.close()
    async with producing(servers.kafka_url) as producer:
        for topic, value in letters:
            name, key, content, headers = buried(physical_topic(namespace, topic), value)
            await producer.send_and_wait(name, content, key, headers=headers)


async def first_of(kafka_url: str, topic: str, count: int) -> list[ConsumerRecord]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka_url, auto_offset_reset="earliest")
    await consumer.start()
    try:
        return [await asyncio.wait_for(consumer.getone(), 20) for _ in range(count)]
    finally:
        await consumer.stop()


@pytest.mark.connected
async def test_a_replayed_event_is_back_as_it_was_and_no_longer_waits(servers: "ServerUrls", namespace: str) -> None:
    await bury(servers, namespace, [(Topic.INBOUND, b"one"), (Topic.SLA, b"two"), (Topic.INBOUND, b"three")])
    log = await read_log(servers.kafka_url, namespace, list(Topic))
    chosen = log.find("inbound.dlq/0/1")

    done = [one async for one in replay(servers.kafka_url, [chosen], namespace)]

    (back,) = await first_of(servers.kafka_url, physical_topic(namespace, Topic.INBOUND), 1)
    assert (back.key, back.value, tuple(back.headers)) == (b"k1", b"three", ORIGINAL)
    assert done == [("inbound.dlq/0/1", f"{back.topic}/{back.partition}/{back.offset}")]
    after = await read_log(servers.kafka_url, namespace, list(Topic))
    assert after.letters == log.letters
    assert [one.reference for one in after.waiting()] == ["inbound.dlq/0/0", "sla.dlq/0/0"]
    only = await read_log(servers.kafka_url, namespace, [Topic.SLA])
    assert [one.value for one in only.letters] == [b"two"]


@pytest.mark.connected
async def test_before_the_first_start_there_are_none(servers: "ServerUrls", namespace: str) -> None:
    assert (await read_log(servers.kafka_url, namespace, list(Topic))).letters == ()


@pytest.mark.connected
async def test_the_commands(
    servers: "ServerUrls", namespace: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await bury(servers, namespace, [(Topic.CONTACTS, b"one"), (Topic.CONFIG, b"two"), (Topic.INBOUND, b"three")])
    monkeypatch.setenv("POSTROOM_KAFKA_URL", servers.kafka_url)
    monkeypatch.setenv("POSTROOM_NAMESPACE", namespace)

    async def dlq(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["postroom", "dlq", *arguments])
        with pytest.raises(SystemExit) as exit_:
            await asyncio.to_thread(main)
        return int(exit_.value.code or 0), capsys.readouterr().out

    status, shown = await dlq("show", "inbound.dlq/0/0")
    assert (status, shown.splitlines()[-1]) == (0, "three")
    status, refused = await dlq("replay", "config.dlq/0/0")
    assert (status, refused.splitlines()[-1]) == (1, "0 replayed")
    assert (await dlq("replay", "--all", "--limit", "1", "--topic", "inbound"))[0] == 0
    assert (await dlq("list", "--topic", "inbound")) == (0, "no dead letters\n")
    _, listed = await dlq("list", "--all", "--json")
    assert {row["reference"]: row["replayed"] for row in json.loads(listed)} == {
        "config.dlq/0/0": False,
        "contacts.dlq/0/0": False,
        "inbound.dlq/0/0": True,
    }


@pytest.mark.parametrize("arguments", [["replay"], ["replay", "--all", "x.dlq/0/0"], ["replay", "x", "--limit", "1"]])
def test_a_replay_says_clearly_what(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["postroom", "dlq", *arguments])

    with pytest.raises(SystemExit) as exit_:
        main()

    assert exit_.value.code == 2


async def test_a_kafka_that_is_away_is_one_line() -> None:
    with pytest.raises(StackError, match=r"Kafka at 127\.0\.0\.1:9 does not answer"):
        await read_log("127.0.0.1:9", "", [Topic.SLA])
