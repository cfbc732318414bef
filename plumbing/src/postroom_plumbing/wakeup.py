"""Wake-ups between the processes of a service, so that nobody polls: a hint through Redis that may be lost."""

import asyncio
import logging

from redis.asyncio import Redis
from redis.exceptions import RedisError

from postroom_plumbing.settings import ServiceSettings

log = logging.getLogger(__name__)

HINT_SECONDS = 0.25
"""A hint is not worth waiting for: whoever misses it looks by itself a second later."""


class Wakeup:
    """An event that any process of the service can set. Without Redis it works within the process."""

    def __init__(self, redis: "Redis", settings: ServiceSettings, service: str, what: str) -> None:
        self._redis = redis
        self._channel = f"{settings.namespace or 'postroom'}:{service}:{what}"
        self._event = asyncio.Event()

    def set_here(self) -> None:
        """Wake the waiter of this process."""
        self._event.set()

    async def set_everywhere(self) -> None:
        """Wake the waiters of all processes, this one included."""
        self._event.set()
        try:
            async with asyncio.timeout(HINT_SECONDS):
                await self._redis.publish(self._channel, b"")
        except (RedisError, OSError):
            log.debug("wake-up not passed on; the others look by themselves within a second")

    def clear(self) -> None:
        self._event.clear()

    async def wait(self, seconds: float) -> None:
        """Wait until woken, at most `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return

    async def listen(self) -> None:
        """Pass on the wake-ups of other processes, until cancelled."""
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as channel:
                    await channel.subscribe(self._channel)
                    async for _ in channel.listen():
                        self._event.set()
            except (RedisError, OSError) as error:
                log.warning("no wake-ups from other processes", extra={"error": type(error).__name__})
                await asyncio.sleep(1)
