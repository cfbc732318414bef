"""Listening sockets and the connections they bring."""

import asyncio
import contextlib
import functools
import logging
import socket
from collections.abc import Mapping

from postroom_ingest.receive.accept import Acceptor
from postroom_ingest.receive.smtp.door import Door, uptime
from postroom_ingest.receive.smtp.gate import Gate
from postroom_ingest.receive.smtp.session import Session
from postroom_ingest.receive.smtp.wire import HANDSHAKE_SECONDS, Wire
from postroom_ingest.receive.tally import Tally
from postroom_ingest.settings import SmtpSettings
from postroom_plumbing.settings_view import SettingsView

log = logging.getLogger(__name__)

BACKLOG = 512
STOP_SECONDS = 8.0
"""How long mails under way may take at a stop: less than a process is given for each step of it."""

PROTOCOLS = ("smtp", "smtps", "lmtp")


def listeners(settings: SmtpSettings) -> dict[str, socket.socket]:
    """A listening socket for each protocol that has a port.

    Raises:
        OSError: a port cannot be had.
    """
    ports = {"smtp": settings.smtp_port, "smtps": settings.smtps_port, "lmtp": settings.lmtp_port}
    found: dict[str, socket.socket] = {}
    try:
        for protocol, port in ports.items():
            if port is not None:
                found[protocol] = _listener(settings.smtp_host, port)
    except OSError:
        for one in found.values():
            one.close()
        raise
    return found


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    one = socket.create_server((host, port), family=family, backlog=BACKLOG, dualstack_ipv6=host == "::")
    one.setblocking(False)
    return one


class SmtpServer:
    """Takes connections and gives each a session."""

    def __init__(
        self,
        acceptor: Acceptor,
        view: SettingsView,
        settings: SmtpSettings,
        tally: Tally | None = None,
        sockets: Mapping[str, socket.socket] | None = None,
    ) -> None:
        """`sockets` are given where another process opened them; else `start` opens those the settings name."""
        self._settings = settings
        self._door = Door(acceptor, view, settings, tally or Tally())
        self.sockets = dict(sockets or {})
        self._servers: list[asyncio.Server | Gate] = []
        self._wires: set[Wire] = set()
        self._looking: asyncio.Task[None] | None = None
        self._empty = asyncio.Event()

    async def start(self) -> None:
        """Listen. Raises OSError when a port or the certificate cannot be had."""
        self._door.load_certificate()
        self.sockets = self.sockets or listeners(self._settings)
        certificate = self._door.certificate
        for protocol, listener in self.sockets.items():
            self._servers.append(await self._serve(protocol, listener))
        if certificate is not None:
            self._looking = asyncio.create_task(certificate.keep_fresh())

    async def _serve(self, protocol: str, listener: socket.socket) -> asyncio.Server | Gate:
        make = functools.partial(Wire, functools.partial(self._talk, protocol), self._settings.smtp_idle_seconds)
        secure, proxies = protocol == "smtps", self._settings.smtp_proxies
        context = self._door.certificate.context if self._door.certificate is not None and secure else None
        if proxies and protocol != "lmtp":
            return Gate(listener, make, proxies, context)
        patience = HANDSHAKE_SECONDS if context is not None else None
        return await asyncio.get_running_loop().create_server(
            make, sock=listener, ssl=context, backlog=BACKLOG, ssl_handshake_timeout=patience
        )

    async def _talk(self, protocol: str, wire: Wire) -> None:
        self._wires.add(wire)
        peer = wire.peer
        try:
            if protocol == "smtps" and wire.tls is None and not await self._agree(wire, peer):
                return
            refusal = self._refusal(peer)
            if refusal is not None:
                log.warning("connection refused", extra={"peer": peer, "reply": refusal})
                await wire.say(refusal)
                return
            try:
                await Session(self._door, wire, protocol).run()
            finally:
                self._door.peers.leave(peer)
        except (TimeoutError, OSError) as error:
            log.info("the last reply did not get through", extra={"peer": peer, "error": type(error).__name__})
        finally:
            wire.close()
            self._wires.discard(wire)
            if not self._wires:
                self._empty.set()

    async def _agree(self, wire: Wire, peer: str) -> bool:
        """Begin TLS behind a load balancer; False when the client does not speak it: a port scanner, mostly."""
        assert self._door.certificate is not None  # noqa: S101 - there is no smtps without
        try:
            await wire.start_tls(self._door.certificate.context, None)
        except OSError as error:
            log.debug("no agreement on TLS", extra={"peer": peer, "error": type(error).__name__})
            return False
        return True

    def _refusal(self, peer: str) -> str | None:
        """Why this connection is one too many, None when it is not."""
        if len(self._wires) > self._settings.smtp_max_connections:
            return "421 4.7.0 Too many connections, please come back"
        if not self._door.peers.enter(peer, uptime()):
            return "421 4.7.0 Too many connections from you"
        return None

    async def stop(self) -> None:
        """Take no new connections, end those where nothing is under way, and answer the mails that are."""
        for server in self._servers:
            server.close()
        if self._looking is not None:
            self._looking.cancel()
        for wire in self._wires:
            wire.ask_to_stop()
        if self._wires:
            self._empty.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await self._empty.wait()
        for wire in self._wires:  # what they have sent was not acknowledged, so it is sent again
            wire.abort()
