"""A port where load balancers come, and others."""

import asyncio
import functools
import logging
import socket
import ssl
from collections.abc import Callable, Coroutine, Sequence
from ipaddress import IPv4Network, IPv6Network

from postroom_ingest.receive.smtp.limits import among
from postroom_ingest.receive.smtp.proxied import Proxied
from postroom_ingest.receive.smtp.wire import HANDSHAKE_SECONDS, Wire
from postroom_plumbing.errors import described

log = logging.getLogger(__name__)

AGAIN_SECONDS = 1.0


class Gate:
    """Takes the connections of a listener, as an `asyncio.Server` does, and sees who comes before anything is read.

    A transport begins to read at once, and uvloop's is not held back by `pause_reading` in `connection_made`: the
    first bytes of those with whom TLS begins must not come to anything but TLS.
    """

    def __init__(
        self,
        listener: socket.socket,
        make: Callable[[str | None], Wire],
        proxies: Sequence[IPv4Network | IPv6Network],
        context: ssl.SSLContext | None,
    ) -> None:
        """`make` is given the client's address, None where that is the one of the connection. With a `context` TLS
        comes first; behind the header of one of the `proxies`, the Wire begins it."""
        self._listener = listener
        self._make = make
        self._proxies = proxies
        self._context = context
        self._tasks: set[asyncio.Task[None]] = set()
        listener.setblocking(False)
        self._start(self._accept())

    def close(self) -> None:
        """Take no more of them, and give up the handshakes under way."""
        for task in self._tasks:
            task.cancel()
        asyncio.get_running_loop().remove_reader(self._listener)
        self._listener.close()

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(self._listener)
            except OSError as error:  # no file or no memory to be had just now
                log.error("a connection cannot be taken, trying again", extra=described(error))
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                self._start(self._let_in(connection, str(address[0])))

    async def _let_in(self, connection: socket.socket, peer: str) -> None:
        loop, tls = asyncio.get_running_loop(), self._context
        try:
            if among(peer, self._proxies):
                await loop.connect_accepted_socket(functools.partial(Proxied, self._make, tls is not None), connection)
            else:
                patience = HANDSHAKE_SECONDS if tls is not None else None
                await loop.connect_accepted_socket(
                    functools.partial(self._make, None), connection, ssl=tls, ssl_handshake_timeout=patience
                )
        except OSError as error:  # of a port scanner, mostly
            log.debug("no agreement on TLS", extra={"peer": peer, "error": type(error).__name__})
