"""Ports: which are free, and which to choose."""

import random
import socket
import time
from contextlib import closing
from pathlib import Path

from postroom_local.errors import StackError

LOCALHOST = "127.0.0.1"
_LOWEST = 20_000
_KERNEL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` of this machine now."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOCALHOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def choose_port(taken: set[int]) -> int:
    """A free port below those the kernel gives to outgoing connections.

    One of those can be taken by any client while its server is down for a moment, even by a client of that
    very server connecting to itself, and then the server cannot come back to its address.
    """
    candidates = [port for port in range(_LOWEST, _first_outgoing_port()) if port not in taken]
    random.shuffle(candidates)
    for port in candidates:
        if is_free(port):
            return port
    raise StackError(f"no free port between {_LOWEST} and {_first_outgoing_port()}")


def require_free(port: int, advice: str, patience: float = 0.0) -> None:
    """Raise StackError naming `port` and saying `advice` unless it is, within `patience` seconds, free."""
    deadline = time.monotonic() + patience
    while not is_free(port):
        if time.monotonic() >= deadline:
            raise StackError(f"port {port} is in use by another program: {advice}")
        time.sleep(0.05)


def _first_outgoing_port() -> int:
    try:
        first = int(_KERNEL_RANGE.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        first = 32_768
    return first if first > _LOWEST + 1000 else 32_768
