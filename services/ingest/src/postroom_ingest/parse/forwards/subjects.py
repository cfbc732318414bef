"""What the subject's prefix says: forward, reply or neither."""

from typing import Final, Literal, NamedTuple

from postroom_ingest.parse.forwards.labels import FORWARD_PREFIXES, REPLY_PREFIXES, normal

Kind = Literal["forward", "reply", "plain"]

_LONGEST_PREFIX: Final = 24
_LONGEST_TAG: Final = 40
_MOST_TAGS: Final = 3


class Prefixed(NamedTuple):
    """A subject taken apart."""

    kind: Kind
    prefix: str
    """In normal form."""
    rest: str
    """The subject behind its first prefix."""


def read_subject(subject: str) -> Prefixed:
    """The outermost prefix, which is the last step the mail took; tags such as `[EXTERNAL]` are passed over."""
    rest = subject.strip()
    for _ in range(_MOST_TAGS):
        end = rest.find("]", 0, _LONGEST_TAG) if rest.startswith("[") else -1
        if end < 0:
            break
        rest = rest[end + 1 :].lstrip()
    at = _colon(rest)
    if at > 0:
        prefix = normal(rest[:at].rstrip(" 0123456789()[]^*"))
        behind = rest[at + 1 :].strip()
        if prefix in FORWARD_PREFIXES:
            return Prefixed("forward", prefix, behind)
        if prefix in REPLY_PREFIXES:
            return Prefixed("reply", prefix, behind)
    return Prefixed("plain", "", subject.strip())


def _colon(text: str) -> int:
    head = text[:_LONGEST_PREFIX]
    at = head.find(":")
    return head.find("：") if at < 0 else at
