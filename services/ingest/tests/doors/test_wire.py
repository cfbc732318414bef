"""The bytes of a connection, without a network."""

import asyncio
from typing import Any, cast

import pytest

from postroom_ingest.receive.smtp import wire
from postroom_ingest.receive.smtp.wire import Wire


class Deaf:
    """A transport whose client never takes what is left to send."""

    def __init__(self) -> None:
        self.closing = False
        self.aborted = asyncio.Event()

    def get_extra_info(self, _: str) -> None:
        return None

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        assert self.closing
        self.aborted.set()


async def test_a_client_that_does_not_listen_keeps_no_connection_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LINGER_SECONDS", 0.01)

    async def talk(one: Wire) -> None:
        one.close()

    deaf: Any = Deaf()
    Wire(talk, 300).connection_made(cast("asyncio.BaseTransport", deaf))
    await asyncio.wait_for(deaf.aborted.wait(), 5)
