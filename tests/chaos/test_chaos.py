"""The crash test: mail comes in while everything is killed with SIGKILL again and again; then everything is counted.

POSTROOM_CHAOS_MAILS (2000) and POSTROOM_CHAOS_SEED (random, printed) change the run.
"""

import asyncio
import os
import random
import secrets
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from chaos.audit import audit, table
from mailgen import generate
from pymongo import AsyncMongoClient
from smtp_load import send_all
from stack import Stack, until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1500)]

SERVICES = (
    "ingest-receive",
    "ingest-read",
    "desk-api",
    "desk-record",
    "router",
    "sla",
    "notifier",
    "analytics",
    "portal",
)
SERVERS = ("kafka", "mongodb", "valkey")
ROUNDS = 3
"""How often each one is killed at least."""
UNCERTAIN_A_KILL = 16
"""As many mails as are being sent at one time: of those nobody can know whether they went out."""
MAILS_A_SECOND = 40
"""So that most of the killing happens while mail comes in."""


async def test_nothing_lost_nothing_twice(tmp_path: Path) -> None:
    count = int(os.environ.get("POSTROOM_CHAOS_MAILS", "2000"))
    seed = int(os.environ.get("POSTROOM_CHAOS_SEED", secrets.randbelow(10**6)))
    print(f"\n{count} mails, seed {seed}")
    stack = Stack(tmp_path / "home", {})
    await stack.start()
    try:
        mails = {mail.message_id: mail for mail in generate(count, seed)}
        started = time.monotonic()
        killed: Counter[str] = Counter()
        done = asyncio.Event()
        killer = asyncio.create_task(_kill(stack, random.Random(seed), killed, done))
        results = await send_all(mails.values(), "127.0.0.1", stack.smtp_port, rate=MAILS_A_SECOND, patience_s=300)
        done.set()
        await killer
        print(f"sent in {time.monotonic() - started:.0f} s; tried again: {sum(r.tries > 1 for r in results)}")
        refused = [result for result in results if result.code != 250]
        assert not refused, refused[:5]
        await _settled(stack)
        print(f"settled after {time.monotonic() - started:.0f} s")
        found = await audit(stack, {result.message_id: mails[result.message_id] for result in results})
        print(table(found, killed))
        uncertain = found.counts.get("acknowledgements uncertain", 0)
        assert uncertain <= UNCERTAIN_A_KILL * (killed["notifier"] + killed["mongodb"]), "more than was being sent"
        assert not found.wrong
        assert min(killed[name] for name in (*SERVICES, *SERVERS)) >= ROUNDS
    finally:
        await stack.stop()


async def _kill(stack: Stack, chance: random.Random, killed: Counter[str], done: asyncio.Event) -> None:
    """Kill in random order, at random moments, until each was killed ROUNDS times and the sender is done."""
    victims = [*SERVICES, *SERVERS] * ROUNDS
    chance.shuffle(victims)
    while victims or not done.is_set():
        await asyncio.sleep(chance.uniform(0.3, 2.0))
        victim = victims.pop() if victims else chance.choice((*SERVICES, *SERVERS))
        if stack.kill(victim):
            killed[victim] += 1
        else:
            victims.insert(0, victim)


async def _settled(stack: Stack) -> None:
    """Wait until nothing is on its way any more: outboxes empty, consumers at the end, mails sent."""

    async def ready() -> bytes:
        done = await asyncio.to_thread(stack.run, "status")
        return b"" if done.returncode == 0 else done.stdout

    await until(ready, lambda problem: not problem, "ready stack", 120)
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(stack.processes()["mongodb"]["address"])

    async def on_its_way() -> dict[str, Any]:
        accepted = await client["postroom_ingest"]["raws"].count_documents({"size": {"$exists": True}})
        read = await client["postroom_ingest"]["ledger"].count_documents({})
        tickets = await client["postroom_desk"]["tickets"].count_documents({})
        acknowledged = await client["postroom_notifier"]["outgoing"].count_documents(
            {"kind": "acknowledgement", "state": {"$in": ["sent", "uncertain", "failed"]}}
        )
        unrouted = await client["postroom_desk"]["tickets"].count_documents(
            {"$or": [{"routing": None}, {"clocks": []}]}
        )
        pending = 0
        for service in ("ingest", "desk", "router", "sla", "notifier", "portal"):
            pending += await client[f"postroom_{service}"]["outbox"].count_documents({"pending": True})
        return {
            "not read": accepted - read,
            "not acknowledged": tickets - acknowledged,
            "not routed or clocked": unrouted,
            "not published": pending,
        }

    try:
        await until(on_its_way, lambda left: not any(left.values()), "rest", 300, 0.5)
    finally:
        await client.close()
