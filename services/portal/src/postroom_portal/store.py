"""Answers in MongoDB, and how often a survey was called in Redis.

Documents of `answers`: `_id` is `ticket.survey` (neither holds a dot), `rating`, `comment`, `number`, `at`.
"""

import asyncio
import logging
from collections.abc import Awaitable
from datetime import datetime
from typing import Any, TypeVar

from pymongo.errors import OperationFailure, PyMongoError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from postroom_contracts.csat import SurveyAnswered
from postroom_plumbing import measures
from postroom_plumbing.errors import described
from postroom_plumbing.mongo import Database, Document
from postroom_plumbing.unit import Unit, Units
from postroom_portal.answers import Answer, Survey, decide
from postroom_portal.errors import unavailable

log = logging.getLogger(__name__)

T = TypeVar("T")
PATIENCE_SECONDS = 6.0
"""Longer than MongoDB takes to elect a primary in the good case, shorter than a visitor waits."""
REDIS_SECONDS = 0.5
CALLS_A_MINUTE = 30
NAMESPACE_EXISTS = 48
"""MongoDB's error code for a collection that is there already."""


class Answers:
    """The answers to all surveys."""

    def __init__(self, database: Database, units: Units) -> None:
        self._database = database
        self._collection = database["answers"]
        self._units = units

    async def prepare(self) -> None:
        """Create the collection: transactions that would create it at the same moment fail when they commit."""
        try:
            await self._database.create_collection(self._collection.name, check_exists=False)
        except OperationFailure as error:
            if error.code != NAMESPACE_EXISTS:
                raise

    async def known(self, survey: Survey) -> Answer | None:
        """The latest answer.

        Raises:
            VisitorError: the store cannot be reached.
        """
        return await _patiently(self._find(survey, None))

    async def answer(self, survey: Survey, rating: int, comment: str | None) -> Answer:
        """Record an answer and state it, unless it says the same again; durable when this returns.

        Raises:
            VisitorError: the store cannot be reached. Saying the same again later is safe.
        """

        async def work(unit: Unit) -> tuple[Answer, bool]:
            known = await self._find(survey, unit.session)
            answer = decide(known, rating, comment)
            if answer is None:
                assert known is not None  # noqa: S101 - only what is known can be said again
                return known, False
            await self._collection.replace_one(
                {"_id": _key(survey)}, _document(answer, unit.now), upsert=True, session=unit.session
            )
            unit.emit(_event(survey, answer, unit.now))
            return answer, True

        answer, new = await _patiently(self._units.run(work))
        if new:
            measures.survey_answers.add(1, {"rating": answer.rating})
        return answer

    async def _find(self, survey: Survey, session: Any) -> Answer | None:
        found = await self._collection.find_one({"_id": _key(survey)}, session=session)
        return None if found is None else Answer(found["rating"], found["comment"], found["number"])


def _key(survey: Survey) -> str:
    return f"{survey.ticket}.{survey.id}"


def _document(answer: Answer, at: datetime) -> Document:
    return {"rating": answer.rating, "comment": answer.comment, "number": answer.number, "at": at}


def _event(survey: Survey, answer: Answer, at: datetime) -> SurveyAnswered:
    return SurveyAnswered(
        ticket=survey.ticket,
        survey=survey.id,
        rating=answer.rating,
        comment=answer.comment,
        answer=answer.number,
        at=at,
    )


async def _patiently(action: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await action
    except (TimeoutError, PyMongoError) as error:
        log.warning("the store did not answer", extra=described(error))
        raise unavailable() from error


class Limits:
    """How often each survey may be called. Without Redis there is no limit."""

    def __init__(self, redis: "Redis", namespace: str) -> None:
        self._redis = redis
        self._prefix = f"{namespace or 'postroom'}:portal:calls"

    async def allows(self, survey: Survey, now: datetime) -> bool:
        """Count a call, and say whether it is within CALLS_A_MINUTE of this minute."""
        name = f"{self._prefix}:{_key(survey)}:{int(now.timestamp() // 60)}"
        try:
            async with asyncio.timeout(REDIS_SECONDS), self._redis.pipeline(transaction=False) as pipe:
                pipe.incr(name)
                pipe.expire(name, 120)
                calls, _ = await pipe.execute()
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("calls are not limited", extra={"error": type(error).__name__})
            return True
        return int(calls) <= CALLS_A_MINUTE
