"""DMARC (RFC 7489): does what SPF and DKIM vouch for belong to the domain the reader sees?"""

from functools import cache

from publicsuffixlist import PublicSuffixList

from postroom_ingest.authentication.model import Result
from postroom_ingest.authentication.names import Asking, NoAnswerNowError


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()  # the list comes with the library; reading it takes 50 ms


def organisational(domain: str) -> str:
    """The registered domain above this one (RFC 7489 section 3.2), or the domain itself where there is none."""
    return _suffixes().privatesuffix(domain.lower().rstrip(".")) or domain.lower().rstrip(".")


def aligned(vouched: str, shown: str, *, strict: bool) -> bool:
    """Whether a domain that passed covers the domain of the From field (RFC 7489 section 3.1)."""
    vouched, shown = vouched.lower().rstrip("."), shown.lower().rstrip(".")
    return vouched == shown or (not strict and organisational(vouched) == organisational(shown))


def policy_of(texts: list[bytes]) -> dict[str, str] | None:
    """The tags of the one DMARC record among TXT records; several are as none (RFC 7489 section 6.6.3)."""
    records = [text.decode("ascii", "replace") for text in texts if text.replace(b" ", b"").startswith(b"v=DMARC1")]
    if len(records) != 1:
        return None
    pairs = (part.partition("=") for part in records[0].split(";"))
    tags = {name.strip().lower(): value.strip().lower() for name, _, value in pairs}
    return tags if "p" in tags or "rua" in tags else None


def check_dmarc(
    asking: Asking, shown: str, *, spf: tuple[Result, str] | None, dkim: tuple[Result, tuple[str, ...]]
) -> Result:
    """The result for the domain of the From field, `shown`; `none` where its owner has published no policy.

    `spf` is None where the outside host is unknown, so that SPF could not be asked: then a mail passes by its
    signature or nothing can be said of it, as it might have passed.
    """
    if not shown or "." not in shown:
        return "none"
    try:
        policy = policy_of(asking.texts(f"_dmarc.{shown}"))
        if policy is None and (above := organisational(shown)) != shown:
            policy = policy_of(asking.texts(f"_dmarc.{above}"))
    except NoAnswerNowError:
        return "temperror"
    if policy is None:
        return "none"
    if any(aligned(domain, shown, strict=policy.get("adkim") == "s") for domain in dkim[1]):
        return "pass"
    if spf is None:
        return "none"
    if spf[0] == "pass" and aligned(spf[1], shown, strict=policy.get("aspf") == "s"):
        return "pass"
    return "temperror" if "temperror" in (spf[0], dkim[0]) else "fail"
