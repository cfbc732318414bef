"""What is known of a mail's origin."""

from dataclasses import dataclass
from typing import Literal

Result = Literal["pass", "fail", "softfail", "neutral", "none", "temperror", "permerror"]


@dataclass(frozen=True, slots=True)
class Authentication:
    """The results of the three methods (RFC 8601 section 2.7); `none` where a method found nothing to say."""

    spf: Result
    dkim: Result
    """The best of all signatures."""
    dmarc: Result
    by: str
    """The authserv-id of the server that said so, or the name given to our own verification."""
    dkim_domains: tuple[str, ...] = ()
    """Domains whose signature verified, in the order of the signatures, lower case."""
    spf_domain: str = ""
    """The domain SPF spoke of, lower case; empty where it is not known."""
