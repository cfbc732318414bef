"""What goes wrong with an account: in words that hold no secret, and how long to wait. Pure."""

import re
import socket
import ssl

from imapclient.exceptions import CapabilityError, IMAPClientAbortError, IMAPClientError, ProtocolError
from pymongo.errors import PyMongoError

from postroom_plumbing.errors import StaleError

_CODE = re.compile(r"\[([A-Za-z-]{2,40})[\] ]")
FIRST_SECONDS = 1.0
LONGEST_SECONDS = 60.0
REFUSED_FIRST_SECONDS = 30.0
"""A refused log-in is tried less often: many servers lock accounts that are tried in vain."""
REFUSED_LONGEST_SECONDS = 900.0


class AccountError(Exception):
    """Why an account cannot be worked; the text is for people and holds no secret."""

    state = "failing"
    """What the account's state is called then."""


class RefusedError(AccountError):
    """Its password or token is refused: a person must give a new one."""

    state = "refused"


class MisconfiguredError(AccountError):
    """The setting cannot work: a person must change it."""

    state = "misconfigured"


class UnfetchableError(AccountError):
    """A single mail that the server does not hand out."""

    def __init__(self, uid: int, why: str) -> None:
        super().__init__(f"the server does not hand out the mail with UID {uid}: {why}")
        self.uid = uid
        self.why = why


def code_of(error: Exception) -> str:
    """The response code (RFC 9051 section 7.1, RFC 5530) in a server's answer, such as AUTHENTICATIONFAILED."""
    found = _CODE.search(str(error))
    return found[1].upper() if found else ""


def in_words(error: Exception) -> str:
    """An error for people. A server's own text is left out: it may repeat what it was told."""
    match error:
        case AccountError():
            return str(error)
        case ssl.SSLCertVerificationError():
            return f"the server's certificate is not trusted: {error.verify_message}"
        case ssl.SSLError():
            return f"no TLS connection: {getattr(error, 'reason', None) or 'the server speaks none'}"
        case TimeoutError():
            return "the server does not answer in time"
        case socket.gaierror():
            return "the server's name is not known"
        case OSError():
            return f"no connection to the server: {error.strerror or type(error).__name__}"
        case StaleError():
            return "another process works it"
        case PyMongoError():
            return "our own store does not answer"
        case CapabilityError():
            return "the server lacks a capability that is needed"
        case IMAPClientAbortError():
            return "the server closed the connection"
        case ProtocolError():
            return "the server's answer cannot be understood"
        case IMAPClientError():
            code = code_of(error)
            return f"the server refused a command{f' ({code})' if code else ''}"
        case _:
            return f"an error of our own: {type(error).__name__}"


def pause(state: str, failures: int, jitter: float) -> float:
    """Seconds to wait after so many failures in a row (the first is 1). `jitter` in 0..1 keeps accounts apart."""
    refused = state in {"refused", "misconfigured"}
    first, longest = (REFUSED_FIRST_SECONDS, REFUSED_LONGEST_SECONDS) if refused else (FIRST_SECONDS, LONGEST_SECONDS)
    return min(first * 2.0 ** min(failures - 1, 20), longest) * (0.75 + jitter / 4)
