"""Questions to the DNS, within a time limit and with a memory (RFC 1035)."""

import time
from typing import Final, Literal

import dns.exception
import dns.rdata
import dns.resolver
from dns.rdtypes.txtbase import TXTBase

Kind = Literal["A", "AAAA", "MX", "PTR", "TXT"]

_REMEMBERED: Final = 10_000
"""Answers kept, each as long as its TTL allows; what does not exist is remembered too."""
_MAX_QUESTIONS: Final = 40
"""Per mail: SPF alone may ask 10 terms with 10 hosts each (RFC 7208 section 4.6.4), more is an attack on somebody."""


class NoAnswerNowError(Exception):
    """The DNS did not answer in time or failed; another time it may."""


class Names:
    """A resolver with its cache; safe to use from several threads."""

    def __init__(self, resolver: dns.resolver.Resolver | None = None, *, seconds: float = 5.0) -> None:
        """Without `resolver` the machine's own settings are used; `seconds` is what one mail may take in all."""
        self._resolver = dns.resolver.Resolver() if resolver is None else resolver
        if self._resolver.cache is None:
            self._resolver.cache = dns.resolver.LRUCache(_REMEMBERED)
        self._seconds = seconds

    def for_one_mail(self) -> "Asking":
        """The questions of one mail: the clock starts now."""
        return Asking(self._resolver, self._seconds)


class Asking:
    """Answers questions until the time or the number of them is used up."""

    def __init__(self, resolver: dns.resolver.Resolver, seconds: float) -> None:
        self._resolver = resolver
        self._until = time.monotonic() + seconds
        self._asked = 0

    def records(self, name: str, kind: Kind) -> list[dns.rdata.Rdata]:
        """The records of this name, CNAMEs followed; empty where there are none or the name is none.

        Raises NoAnswerNowError.
        """
        left = self._until - time.monotonic()
        self._asked += 1
        if left <= 0 or self._asked > _MAX_QUESTIONS:
            raise NoAnswerNowError("the time for this mail is used up")
        try:
            return list(self._resolver.resolve(name, kind, lifetime=left, search=False))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.Timeout, dns.resolver.NoNameservers, OSError) as error:
            raise NoAnswerNowError(f"no answer about {kind} records: {type(error).__name__}") from error
        except (dns.exception.DNSException, UnicodeError, ValueError):
            return []  # not a name at all

    def texts(self, name: str) -> list[bytes]:
        """The TXT records of this name, each joined (RFC 7208 section 3.3). Raises NoAnswerNowError."""
        return [b"".join(one.strings) for one in self.records(name, "TXT") if isinstance(one, TXTBase)]
