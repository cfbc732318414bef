"""A DNS server of our own on the loopback: the real protocol, with the records a test puts in."""

import socketserver
import threading
from collections import defaultdict
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset
import pytest

from postroom_ingest.authentication import Names


class Zone:
    """Records by name and type; `broken` names answer SERVFAIL, `silent` ones never. Counts what was asked."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}
        self.broken: set[str] = set()
        self.silent: set[str] = set()
        self.asked: defaultdict[str, int] = defaultdict(int)

    def text(self, name: str, text: str) -> None:
        """Put a TXT record, in strings of 200 as long ones must be."""
        pieces = [text[at : at + 200] for at in range(0, len(text), 200)]
        self.records.setdefault((name, "TXT"), []).append(" ".join(f'"{piece}"' for piece in pieces))

    def answer(self, wire: bytes) -> bytes | None:
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked[name] += 1
        if name in self.silent:
            return None
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        if name in self.broken:
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif found := self.records.get((name, kind)):
            reply.answer.append(dns.rrset.from_text_list(question.name, 300, "IN", kind, found))
        elif not any(known == name for known, _ in self.records):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply.to_wire()


class _Server(socketserver.ThreadingUDPServer):
    daemon_threads = True

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        wire, sock = self.request
        assert isinstance(self.server, _Server)
        if (answer := self.server.zone.answer(wire)) is not None:
            sock.sendto(answer, self.client_address)


@pytest.fixture
def zone() -> Zone:
    return Zone()


@pytest.fixture
def resolver(zone: Zone) -> Iterator[dns.resolver.Resolver]:
    with _Server(zone) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        asks = dns.resolver.Resolver(configure=False)
        asks.nameservers = ["127.0.0.1"]
        asks.port = server.server_address[1]
        yield asks
        server.shutdown()
        thread.join()


@pytest.fixture
def names(resolver: dns.resolver.Resolver) -> Names:
    return Names(resolver, seconds=2.0)
