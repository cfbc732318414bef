"""DKIM (RFC 6376): which domains signed this mail as it is. The cryptography is dkimpy's, the DNS is ours."""

import binascii
import re
from typing import Final

import dkim

from postroom_ingest.authentication.model import Result
from postroom_ingest.authentication.names import Asking, NoAnswerNowError

_SIGNATURE = re.compile(rb"^dkim-signature[ \t]*:", re.IGNORECASE | re.MULTILINE)
_MAX_SIGNATURES: Final = 5
"""Of one mail: two or three are usual, and each hashes the whole body."""
_MAX_KEY: Final = 1_600
"""Bytes of a key record: an RSA key of 8192 bits. Larger ones only cost time."""
_BEST_FIRST: Final[tuple[Result, ...]] = ("pass", "temperror", "fail", "permerror")


def check_dkim(asking: Asking, raw: bytes) -> tuple[Result, tuple[str, ...]]:
    """The best result of the topmost signatures, and the domains of those that verified.

    `raw` is the mail as it was received: its line ends may be LF, nothing else may have changed. Signatures by
    RSA keys under 1024 bits fail (RFC 8301 section 3.2).
    """
    count = min(len(_SIGNATURE.findall(raw, 0, _end_of_head(raw))), _MAX_SIGNATURES)
    found = [_one(asking, raw, index) for index in range(count)]
    domains = tuple(dict.fromkeys(domain for result, domain in found if result == "pass"))
    results = {result for result, _ in found}
    return next((result for result in _BEST_FIRST if result in results), "none"), domains


def _end_of_head(raw: bytes) -> int:
    ends = [at for blank in (b"\r\n\r\n", b"\n\n") if (at := raw.find(blank)) >= 0]
    return min(ends, default=len(raw))


class _Key:
    """Looks the key up for dkimpy, which asks by a function, and remembers whether there was one."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self.found = False

    def __call__(self, name: bytes, timeout: int = 5) -> bytes | None:  # noqa: ARG002
        texts = self._asking.texts(name.decode("ascii", "replace"))
        self.found = bool(texts) and len(texts[0]) <= _MAX_KEY
        return texts[0] if self.found else None


def _one(asking: Asking, raw: bytes, index: int) -> tuple[Result, str]:
    key = _Key(asking)
    try:
        signed = dkim.DKIM(raw, minkey=1024)
        right = signed.verify(idx=index, dnsfunc=key)
        domain = signed.domain.decode("ascii", "replace").lower().rstrip(".")
    except NoAnswerNowError:
        return "temperror", ""
    except dkim.ValidationError as error:
        # dkimpy raises the same for a body that was changed and for a signature that is none.
        return ("fail" if "body hash" in str(error) else "permerror"), ""
    except (dkim.DKIMException, binascii.Error, ValueError, KeyError, TypeError, IndexError):
        return "permerror", ""
    if right:
        return "pass", domain
    return ("fail" if key.found else "permerror"), ""
