"""What one peer may take of us. Pure: `now` is seconds of any clock that only goes forward."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

MINUTE = 60.0
TRIES_A_MINUTE = 10
"""Wrong passwords from one peer, over all its connections."""
SWEEP = 10_000
"""Peers known at once before those that are of no interest any more are forgotten."""


MAIL_SECONDS = 600.0
"""How long any mail may take to come in whole: RFC 5321 section 4.5.3.2 bounds only silence."""
MAIL_RATE = 4096
"""Bytes that give a large mail one second more."""


class Allowance:
    """So many a minute, unused ones saved up to a minute's worth."""

    __slots__ = ("_at", "_left", "_most")

    def __init__(self, a_minute: int, now: float) -> None:
        self._most = float(a_minute)
        self._left = float(a_minute)
        self._at = now

    def left(self, now: float) -> float:
        return min(self._most, self._left + (now - self._at) * self._most / MINUTE)

    def take(self, now: float) -> bool:
        """Use one; False when there is none."""
        self._left, self._at = self.left(now), now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def full(self, now: float) -> bool:
        return self.left(now) >= self._most


@dataclass(slots=True)
class _Peer:
    mails: Allowance
    tries: Allowance
    connections: int = 0


class Peers:
    """Counts connections, mails and wrong passwords by peer. Trusted networks may open any number of connections."""

    def __init__(
        self, connections: int, mails_a_minute: int, trusted: Sequence[IPv4Network | IPv6Network], sweep: int = SWEEP
    ) -> None:
        self._connections = connections
        self._mails = mails_a_minute
        self._trusted = tuple(trusted)
        self._sweep = sweep
        self._peers: dict[str, _Peer] = {}

    def trusts(self, address: str) -> bool:
        """Whether nothing is counted for this address."""
        return among(address, self._trusted)

    def enter(self, address: str, now: float) -> bool:
        """A connection begins; False when it is one too many, and then it need not `leave`."""
        peer = self._peer(address, now)
        if peer.connections >= self._connections and not self.trusts(address):
            return False
        peer.connections += 1
        return True

    def leave(self, address: str) -> None:
        """A connection ended."""
        self._peers[_name(address)].connections -= 1

    def may_send(self, address: str, now: float) -> bool:
        """Whether one more mail is all right; not to be asked for those we trust."""
        return self._peer(address, now).mails.take(now)

    def may_try(self, address: str, now: float) -> bool:
        """Whether one more password may be tried. Wrong ones count, whoever tries: a relay does not guess."""
        return self._peer(address, now).tries.left(now) >= 1

    def was_wrong(self, address: str, now: float) -> None:
        """A password was wrong."""
        self._peer(address, now).tries.take(now)

    def known(self) -> int:
        """How many peers are remembered."""
        return len(self._peers)

    def _peer(self, address: str, now: float) -> _Peer:
        name = _name(address)
        peer = self._peers.get(name)
        if peer is None:
            if len(self._peers) >= self._sweep:
                self._forget(now)
            peer = _Peer(Allowance(self._mails, now), Allowance(TRIES_A_MINUTE, now))
            self._peers[name] = peer
        return peer

    def _forget(self, now: float) -> None:
        self._peers = {
            name: peer
            for name, peer in self._peers.items()
            if peer.connections or not (peer.mails.full(now) and peer.tries.full(now))
        }


class Pace:
    """How long one mail may take to come: so long as any, and longer the more of it is there."""

    def __init__(self, largest: int, now: float) -> None:
        """More than `largest` bytes give no more time: they are not kept."""
        self._largest = largest
        self._began = now
        self._size = 0

    def came(self, size: int) -> None:
        """That many bytes more are there."""
        self._size += size

    def left(self, now: float) -> float:
        """Seconds until it has taken too long; 0 and below: it has."""
        return self._began + MAIL_SECONDS + min(self._size, self._largest) / MAIL_RATE - now


def among(address: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    """Whether an address is in one of these networks."""
    ip = _ip(address)
    return ip is not None and any(ip in network for network in networks)


def _ip(address: str) -> IPv4Address | IPv6Address | None:
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return (ip.ipv4_mapped or ip) if isinstance(ip, IPv6Address) else ip


def _name(address: str) -> str:
    """Who is counted as one: an IPv4 address, or an IPv6 network of 64 bits, which is what one host gets."""
    ip = _ip(address)
    return str(ip_network((ip, 64), strict=False)) if isinstance(ip, IPv6Address) else str(ip or address)
