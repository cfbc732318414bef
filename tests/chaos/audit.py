"""Counts everything after a crash test and says what is lost, doubled or in the wrong place."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kafka_log import LoggedRecord, read_topics
from mailgen import GeneratedMail
from pymongo import AsyncMongoClient
from stack import Stack

from postroom_contracts import Topic


@dataclass
class Audit:
    """What was counted, and what is wrong."""

    counts: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def expect(self, name: str, found: int, expected: int) -> None:
        """A count that must be exact."""
        self.counts[name] = found
        if found != expected:
            self.wrong.append(f"{name}: {found}, expected {expected}")

    def none(self, name: str, offenders: list[Any]) -> None:
        """A list that must be empty."""
        self.counts[name] = len(offenders)
        if offenders:
            self.wrong.append(f"{name}: {len(offenders)}, such as {offenders[:3]}")


async def audit(stack: Stack, accepted: Mapping[str, GeneratedMail]) -> Audit:
    """Compare the mails that got a 250 (by Message-ID, in brackets) with what Postroom made of them."""
    result = Audit()
    roots = {mail.root for mail in accepted.values()}
    result.counts["mails with a 250"] = len(accepted)
    result.counts["threads"] = len(roots)
    urls = {name: one["address"] for name, one in stack.processes().items()}
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(urls["mongodb"])
    try:
        tickets = await _messages(client, accepted, result)
        await _sent(client, stack, tickets, result)
        await _clocks(client, result, len(roots))
    finally:
        await client.close()
    await _events(urls["kafka"], result, tickets)
    return result


async def _messages(
    client: "AsyncMongoClient[dict[str, Any]]", accepted: Mapping[str, GeneratedMail], result: Audit
) -> set[str]:
    desk = client["postroom_desk"]
    messages = [one async for one in desk["messages"].find({"kind": "contact"}, {"message_id": 1, "ticket": 1})]
    by_id = Counter(one["message_id"] for one in messages)
    ids = {message_id.strip("<>") for message_id in accepted}
    result.none("mails lost", sorted(ids - set(by_id)))
    result.none("mails twice", [one for one, count in by_id.items() if count > 1])
    result.none("mails nobody sent", sorted(set(by_id) - ids))
    ticket_of = {f"<{one['message_id']}>": one["ticket"] for one in messages}
    astray = [
        mail.message_id
        for mail in accepted.values()
        if mail.message_id in ticket_of and ticket_of.get(mail.root) != ticket_of[mail.message_id]
    ]
    result.none("replies on another ticket", astray)
    result.expect("tickets", await desk["tickets"].count_documents({}), len({m.root for m in accepted.values()}))
    numbers = [one["number"] async for one in desk["tickets"].find({}, {"number": 1})]
    result.none("ticket numbers twice", [one for one, count in Counter(numbers).items() if count > 1])
    unrouted = [one["_id"] async for one in desk["tickets"].find({"routing": None}, {"_id": 1})]
    result.none("tickets not routed", unrouted)
    return set(ticket_of.values())


async def _sent(client: "AsyncMongoClient[dict[str, Any]]", stack: Stack, tickets: set[str], result: Audit) -> None:
    outgoing = [one async for one in client["postroom_notifier"]["outgoing"].find({"kind": "acknowledgement"})]
    result.expect("acknowledgements decided", len(outgoing), len(tickets))
    states = Counter(one["state"] for one in outgoing)
    for state, count in sorted(states.items()):
        result.counts[f"acknowledgements {state}"] = count
    result.none("acknowledgements unsettled", [s for s in states if s not in ("sent", "uncertain")])
    caught: Counter[str] = Counter()
    async with stack.plain(stack.catcher_url) as http:
        start = 0
        while page := (await http.get("/api/v1/messages", params={"start": start, "limit": 500})).json()["messages"]:
            caught.update(one["MessageID"] for one in page)
            start += len(page)
    result.none("mails caught twice", [one for one, count in caught.items() if count > 1])
    missing = [one["_id"] for one in outgoing if one["state"] == "sent" and one["message_id"] not in caught]
    result.none("sent but not caught", missing)
    reached = sum(1 for one in outgoing if one["message_id"] in caught)
    result.counts["acknowledgements caught"] = reached
    if reached + states["uncertain"] < len(tickets):
        result.wrong.append(
            f"{len(tickets) - reached - states['uncertain']} acknowledgements neither caught nor uncertain"
        )


async def _clocks(client: "AsyncMongoClient[dict[str, Any]]", result: Audit, tickets: int) -> None:
    desk = client["postroom_desk"]
    wrong = []
    async for one in desk["tickets"].find({}, {"clocks": 1}):
        metrics = Counter(clock["metric"] for clock in one["clocks"])
        if metrics != Counter({"first_reply": 1, "resolution": 1}):
            wrong.append((one["_id"], dict(metrics)))
    result.none("tickets without exactly one clock of each kind", wrong)
    result.counts["tickets with clocks"] = tickets - len(wrong)


async def _events(kafka_url: str, result: Audit, tickets: set[str]) -> None:
    dead = await read_topics(kafka_url, [f"{topic}.dlq" for topic in Topic])
    result.none("dead letters", [record.headers.get("dlq_reason") for record in dead])
    records = await read_topics(kafka_url, ["tickets", "routing", "sla"])
    opened = _distinct(records, "postroom.ticket.opened.v1")
    result.expect("openings stated", sum(opened.values()), len(tickets))
    result.none("tickets opened twice", [one for one, count in opened.items() if count > 1])
    decided = _distinct(records, "postroom.routing.decided.v1")
    result.none("tickets never decided", sorted(tickets - set(decided)))
    first = _distinct([one for one in records if one.headers.get("ce_sequence") == "1"], "postroom.sla.clocks_set.v1")
    result.none("tickets whose clocks were set up twice", [one for one, count in first.items() if count > 1])
    result.expect("clocks set up", len(first), len(tickets))
    result.counts["records on tickets, routing, sla"] = len(records)
    result.counts["of them repeated by a relay"] = len(records) - len({one.headers["ce_id"] for one in records})


def _distinct(records: list[LoggedRecord], kind: str) -> Counter[str]:
    """How many different events (by id) of a type each ticket has."""
    seen = {(one.key, one.headers["ce_id"]) for one in records if one.headers.get("ce_type") == kind}
    return Counter(key for key, _ in seen)


def table(result: Audit, killed: Mapping[str, int]) -> str:
    """The audit for people."""
    lines = [f"{name:<46}{count:>8}" for name, count in result.counts.items()]
    lines += ["", *(f"killed {name:<39}{count:>8}" for name, count in sorted(killed.items()))]
    lines += ["", "WRONG: " + json.dumps(result.wrong, indent=1) if result.wrong else "all counts right"]
    return "\n".join(lines)
