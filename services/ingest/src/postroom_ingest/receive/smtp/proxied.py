"""The first bytes of a connection where a load balancer stands between us and the client."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from postroom_ingest.receive.smtp.proxy_header import BadHeaderError, client, missing
from postroom_ingest.receive.smtp.wire import Wire

log = logging.getLogger(__name__)

HEADER_SECONDS = 10.0
"""How long a load balancer may take to say whose connection it is."""


class Proxied(asyncio.BufferedProtocol):
    """Reads the PROXY header of a load balancer, and not a byte more, then makes way for a Wire.

    It must send one, others must not: nobody guesses whether there is a header (section 2 of its specification), so
    that of a stranger is no SMTP, and a load balancer that leaves it out or sends another thing is cut off.
    """

    def __init__(self, make: Callable[[str | None], Wire], tls: bool) -> None:
        """`make` is given the client's address, None where that is the one of the connection. Where `tls` comes first,
        it gets a connection that does not read yet."""
        self._make = make
        self._tls = tls
        self._header = b""
        self._room = bytearray()
        self._transport: Any = None
        self._alarm: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._alarm = asyncio.get_running_loop().call_later(HEADER_SECONDS, self._refuse)

    def get_buffer(self, _: int) -> bytearray:
        self._room = bytearray(missing(self._header))
        return self._room

    def buffer_updated(self, size: int) -> None:
        self._header += self._room[:size]
        try:
            if missing(self._header) == 0:
                self._make_way(client(self._header))
        except BadHeaderError:
            self._refuse()

    def connection_lost(self, _: Exception | None) -> None:
        if self._alarm is not None:
            self._alarm.cancel()

    def _refuse(self) -> None:
        name = self._transport.get_extra_info("peername")
        log.warning("no proxy header", extra={"peer": str(name[0]) if name else ""})
        self._transport.abort()

    def _make_way(self, address: str | None) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        wire = self._make(address)
        if self._tls:
            self._transport.pause_reading()
        self._transport.set_protocol(wire)
        wire.connection_made(self._transport)
