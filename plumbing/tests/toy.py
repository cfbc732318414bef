"""A small service for the plumbing's tests: it keeps a document for each routing decision and answers with a survey.

In a test it runs in the test's own loop (`Toy`, `running`); `python toy.py` is the same as a process, to be killed.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Sequence

from postroom_contracts import Event
from postroom_contracts.csat import SurveyAnswered
from postroom_contracts.routing import RoutingDecided
from postroom_plumbing.clock import utc_now
from postroom_plumbing.errors import PermanentError
from postroom_plumbing.service import Service, run
from postroom_plumbing.settings import ServiceSettings, load
from postroom_plumbing.unit import Unit
from postroom_plumbing.wire import Received


class ToySettings(ServiceSettings):
    """What the toy does badly."""

    toy_pause: float = 0.0
    """Seconds between what it writes and the end of its transaction."""
    toy_once: bool = False
    """Whether it leaves out decisions it knows, as every service of Postroom does."""
    toy_trouble: str = ""
    """`background`: a part of it fails for good soon after the start."""


class Toy:
    """Its handler. A ticket among `poisoned` always fails, one in `flaky` so many times more."""

    def __init__(self, service: Service[ToySettings]) -> None:
        self.service = service
        self.effects = service.database["effects"]
        self.poisoned: set[str] = set()
        self.flaky: dict[str, int] = {}
        self.batches: list[int] = []
        service.on_start(self._prepare)
        service.consume("toy", [RoutingDecided], self.handle)

    async def _prepare(self) -> None:
        await self.effects.create_index("ticket")

    async def handle(self, batch: Sequence[Received[Event]], unit: Unit) -> None:
        self.batches.append(len(batch))
        decisions = [(one, one.event) for one in batch if isinstance(one.event, RoutingDecided)]
        if self.service.settings.toy_once:
            tickets = {event.ticket for _, event in decisions}
            known = {
                (document["ticket"], document["decision"])
                async for document in self.effects.find({"ticket": {"$in": sorted(tickets)}}, session=unit.session)
            }
            decisions = [(one, event) for one, event in decisions if (event.ticket, event.decision) not in known]
        if not decisions:
            return
        documents = [{"ticket": event.ticket, "decision": event.decision, "pid": os.getpid()} for _, event in decisions]
        await self.effects.insert_many(documents, session=unit.session)
        for one, event in decisions:
            self._fail_perhaps(event.ticket)
            unit.emit(answer(event.ticket, event.decision), cause=one)
        await asyncio.sleep(self.service.settings.toy_pause)

    def _fail_perhaps(self, ticket: str) -> None:
        if ticket.startswith("permanent"):
            raise PermanentError("it says so itself")
        if ticket in self.poisoned:
            raise RuntimeError("cannot be handled")
        if self.flaky.get(ticket, 0) > 0:
            self.flaky[ticket] -= 1
            raise RuntimeError("not yet")

    async def seen(self) -> list[tuple[str, int]]:
        """What it has kept: ticket and decision, in the order of writing."""
        return [(one["ticket"], one["decision"]) async for one in self.effects.find().sort("_id", 1)]


def decision(ticket: str, number: int = 1) -> RoutingDecided:
    """The event it consumes."""
    return RoutingDecided(
        ticket=ticket, decision=number, ticket_version=1, queue="q", rule="r", reason="x", decided_at=utc_now()
    )


def answer(ticket: str, number: int = 1) -> SurveyAnswered:
    """The event it states."""
    return SurveyAnswered(ticket=ticket, survey="s", rating=5, answer=number, at=utc_now())


@contextlib.asynccontextmanager
async def running(*services: Service[ToySettings]) -> AsyncIterator[None]:
    """Started, until the end of the block; a failure of a service fails the test."""
    for service in services:
        service.life = asyncio.create_task(service.start())
    try:
        yield
        for service in services:
            if service.life is not None and service.life.done():
                service.life.result()
    finally:
        await asyncio.gather(*(service.stop() for service in services))


async def _build(service: Service[ToySettings]) -> None:
    Toy(service)
    if service.settings.toy_trouble == "background":

        async def fail() -> None:
            raise RuntimeError("a part that fails for good")

        service.background(fail)


if __name__ == "__main__":
    settings = load(ToySettings)
    run("toy", settings, _build)
    logging.shutdown()
