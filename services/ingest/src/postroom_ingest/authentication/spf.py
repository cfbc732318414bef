"""SPF (RFC 7208): may this host send for this domain? The rules are pyspf's, the DNS is ours."""

import ipaddress
from typing import Any, Final, cast

import spf

from postroom_ingest.authentication.model import Result
from postroom_ingest.authentication.names import Asking, Kind, NoAnswerNowError

_MAX_VOID: Final = 2
"""RFC 7208 section 4.6.4."""


class _Query(spf.query):  # type: ignore[misc]
    """pyspf's check, asking our resolver in place of its own."""

    def __init__(self, asking: Asking, ip: str, sender: str, helo: str) -> None:
        super().__init__(i=ip, s=sender, h=helo)
        self._asking = asking

    def dns(self, name: str, qtype: Kind, cnames: object = None, ignore_void: bool = False) -> list[Any]:  # noqa: ARG002
        name = str(name).rstrip(".").lower()
        if not name or not all(0 < len(label) < 64 for label in name.split(".")):
            return []
        try:
            records = self._asking.records(name, qtype)
        except NoAnswerNowError as error:
            raise spf.TempError(str(error)) from error
        if not records and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > _MAX_VOID:
                raise spf.PermError("too many lookups without an answer")
        return [_value(record, qtype) for record in records]


def _value(record: Any, kind: Kind) -> object:
    if kind == "MX":
        return record.preference, record.exchange.to_text(omit_final_dot=True)
    if kind == "PTR":
        return record.target.to_text(omit_final_dot=True)
    return record.strings if kind == "TXT" else record.address


def check_spf(asking: Asking, *, ip: str, sender: str, helo: str) -> tuple[Result, str]:
    """The result and the domain it speaks of, that of HELO for the null sender (RFC 7208 section 2.4).

    `ip` is the address of the outside host that handed the mail in, `sender` the address of MAIL FROM.
    """
    sender = sender.strip("<> ")
    domain = (sender.rpartition("@")[2] if sender else helo).rstrip(".").lower()
    if not domain or "." not in domain:
        return "none", domain
    try:
        address = ipaddress.ip_address(ip)
        mapped = address.ipv4_mapped if address.version == 6 else None
        result = _Query(asking, str(mapped or address), sender, helo or domain).check()[0]
    except (ValueError, IndexError, KeyError, TypeError, AssertionError, UnicodeError):
        return "permerror", domain  # the library fails on some records that are none
    return cast("Result", result), domain
