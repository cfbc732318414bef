"""The measurements behind `make bench`."""

import asyncio
import os
import resource
import statistics
import time
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from kafka_log import topic_partitions
from mailgen import GeneratedMail, generate
from pymongo import AsyncMongoClient
from smtp_load import Result, send_all
from stack import Stack, until

TICKS = os.sysconf("SC_CLK_TCK")
_SETTLED = ["sent", "uncertain", "failed"]
Mongo = AsyncMongoClient[dict[str, Any]]


def _cpu_seconds(stack: Stack) -> dict[str, float]:
    """CPU time so far of every process of the stack, and of this one, by name."""
    used = {}
    for name, entry in stack.processes().items():
        if entry["pid"] is not None:
            fields = open(f"/proc/{entry['pid']}/stat").read().rpartition(")")[2].split()  # noqa: SIM115, PTH123
            used[name] = (int(fields[11]) + int(fields[12])) / TICKS
    mine = resource.getrusage(resource.RUSAGE_SELF)
    return used | {"(sender)": mine.ru_utime + mine.ru_stime}


def _mongo(stack: Stack) -> Mongo:
    return AsyncMongoClient(stack.processes()["mongodb"]["address"])


async def _left(client: Mongo, before: int, opened: int) -> dict[str, int]:
    """What of `opened` new tickets is not done yet."""
    desk, notifier = client["postroom_desk"], client["postroom_notifier"]
    tickets = await desk["tickets"].count_documents({}) - before
    undone = await desk["tickets"].count_documents({"$or": [{"routing": None}, {"clocks": []}]})
    acknowledged = await notifier["outgoing"].count_documents({"kind": "acknowledgement", "state": {"$in": _SETTLED}})
    return {
        "tickets": opened - tickets,
        "routed and clocked": undone,
        "acknowledged": before + opened - acknowledged,
    }


async def throughput_run(stack: Stack, count: int, seed: int) -> dict[str, Any]:
    """Send `count` mails over 4 connections as fast as they are taken, and wait until all is done."""
    mails = list(generate(count, seed))
    opened = len({mail.root for mail in mails})
    client = _mongo(stack)
    before = await client["postroom_desk"]["tickets"].count_documents({})
    cpu_before, started = _cpu_seconds(stack), time.monotonic()
    results = await send_all(mails, "127.0.0.1", stack.smtp_port)
    accepted = time.monotonic()
    assert all(result.code == 250 for result in results)
    await until(
        lambda: _left(client, before, opened), lambda left: not any(left.values()), "end of the work", 600, 0.25
    )
    finished, cpu_after = time.monotonic(), _cpu_seconds(stack)
    right, replies = await _replies(client, mails)
    await client.close()
    used = {name: cpu_after[name] - cpu_before[name] for name in cpu_before}
    return {
        "mails": count,
        "mails_a_second": count / (finished - started),
        "accepted_a_second": count / (accepted - started),
        "cpu_s_per_1000": {name: seconds * 1000 / count for name, seconds in used.items()},
        "cores_busy": sum(used.values()) / (finished - started),
        "replies": replies,
        "replies_right": right,
    }


async def _replies(client: Mongo, mails: list[GeneratedMail]) -> tuple[int, int]:
    """How many replies are on the ticket of their thread's first mail, and how many there are."""
    ids = [mail.message_id.strip("<>") for mail in mails]
    found = client["postroom_desk"]["messages"].find({"message_id": {"$in": ids}}, {"message_id": 1, "ticket": 1})
    ticket_of = {f"<{one['message_id']}>": one["ticket"] async for one in found}
    replies = [mail for mail in mails if mail.parent is not None]
    right = sum(1 for mail in replies if ticket_of.get(mail.message_id) == ticket_of.get(mail.root, 0))
    return right, len(replies)


async def latency_run(stack: Stack, count: int, seed: int, rate: float) -> dict[str, Any]:
    """Send `count` mails at `rate` a second; how long from each 250 until a subscriber sees the routing decision."""
    mails = list(generate(count, seed))
    accepted: dict[str, float] = {}
    routed: dict[str, float] = {}

    def note(result: Result) -> None:
        if result.accepted_s is not None:
            accepted[result.message_id] = result.accepted_s

    consumer = await _at_the_end(stack.processes()["kafka"]["address"], "routing")
    watcher = asyncio.create_task(_watch(consumer, routed))
    client = _mongo(stack)
    try:
        await send_all(mails, "127.0.0.1", stack.smtp_port, on_result=note, rate=rate)
        openers = {mail.message_id for mail in mails if mail.parent is None}

        async def tickets() -> dict[str, str]:
            ids = [one.strip("<>") for one in openers]
            found = client["postroom_desk"]["messages"].find({"message_id": {"$in": ids}})
            return {f"<{one['message_id']}>": one["ticket"] async for one in found}

        ticket_of = await until(
            tickets,
            lambda of: len(of) == len(openers) and all(ticket in routed for ticket in of.values()),
            "routing of all",
            120,
            0.5,
        )
    finally:
        watcher.cancel()
        await consumer.stop()
        await client.close()
    waits = sorted((routed[ticket] - accepted[message]) * 1000 for message, ticket in ticket_of.items())
    return {
        "rate": rate,
        "mails": count,
        "p50_ms": statistics.median(waits),
        "p99_ms": waits[int(len(waits) * 0.99) - 1],
        "max_ms": waits[-1],
    }


async def _at_the_end(kafka_url: str, topic: str) -> AIOKafkaConsumer:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka_url)
    await consumer.start()
    partitions = [TopicPartition(topic, number) for number in await topic_partitions(consumer, topic)]
    consumer.assign(partitions)
    await consumer.seek_to_end(*partitions)
    return consumer


async def _watch(consumer: AIOKafkaConsumer, routed: dict[str, float]) -> None:
    async for record in consumer:
        routed.setdefault((record.key or b"").decode(), time.monotonic())


def _median(runs: list[dict[str, Any]], name: str) -> float:
    return float(statistics.median(one[name] for one in runs))


def end_to_end_table(runs: list[dict[str, Any]], latency: dict[str, Any]) -> list[str]:
    """Lines of a table."""
    low, high = min(r["mails_a_second"] for r in runs), max(r["mails_a_second"] for r in runs)
    lines = [
        (
            f"{'mails/s, SMTP to routed, clocked, acknowledged':<52}{_median(runs, 'mails_a_second'):>8.0f}"
            f"   (of {len(runs)} runs {low:.0f} to {high:.0f})"
        ),
        f"{'mails/s accepted over SMTP meanwhile':<52}{_median(runs, 'accepted_a_second'):>8.0f}",
        (
            f"{'replies on their thread':<52}{sum(r['replies_right'] for r in runs):>8} of "
            f"{sum(r['replies'] for r in runs)}"
        ),
        (
            f"{'ms from 250 to routed, p50, at ' + format(latency['rate'], '.0f') + ' mails/s':<52}"
            f"{latency['p50_ms']:>8.0f}"
        ),
        f"{'ms from 250 to routed, p99':<52}{latency['p99_ms']:>8.0f}",
        "",
        f"{'CPU seconds per 1,000 mails':<52}{'median':>8}",
    ]
    names = sorted(runs[0]["cpu_s_per_1000"], key=lambda n: -runs[0]["cpu_s_per_1000"][n])
    shares = {name: statistics.median(run["cpu_s_per_1000"][name] for run in runs) for name in names}
    lines += [f"  {name:<50}{share:>8.2f}" for name, share in shares.items()]
    total = statistics.median(sum(r["cpu_s_per_1000"].values()) for r in runs)
    busy = statistics.median(r["cores_busy"] for r in runs)
    return [
        *lines,
        f"  {'all of it':<50}{total:>8.2f}",
        "",
        f"what bounds it: {busy:.1f} of {os.cpu_count()} cores busy; the largest shares are {', '.join(names[:3])}",
    ]
