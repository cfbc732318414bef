"""What the mail server before us thought of a mail: the header fields of spam filters, read into one verdict.

Anyone can write such fields. Filters add theirs at the top, at the end or between the Received fields, so where one
stands proves nothing: the mail server has to remove those that arrive with a mail, as filters do by default. Use the
verdict only for mailboxes whose server does.
"""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from postroom_ingest.parse.headers import Headers


class Spam(NamedTuple):
    """A filter's verdict; its score where it gives one (each filter has its own scale), and the field it stands in."""

    verdict: bool
    score: float | None
    by: str


_NUMBER: Final = r"(-?\d{1,6}(?:\.\d{1,6})?)"
_SCORE = re.compile(rf"(?:^|[\s,;])(?:score|hits|spamicity|spamscore)\s*=\s*{_NUMBER}|^{_NUMBER}(?=\s|/|$)")
_OF_LIMIT = re.compile(rf"^{_NUMBER}\s*/\s*{_NUMBER}")
_RSPAMD = re.compile(rf"\b(true|false)\b\s*\[\s*{_NUMBER}\s*/")
_SFV = re.compile(r"(?:^|;)\s*sfv:([a-z]+)")
_SCL = re.compile(r"(?:^|;)\s*scl:(-?\d)\b")
_YES: Final = frozenset({"yes", "true", "spam", "fail", "1"})
_NO: Final = frozenset({"no", "false", "ham", "pass", "innocent", "not", "notspam", "0"})
_SCL_OF_SPAM: Final = 5
"""Exchange files mail with this spam confidence level or more under junk by default."""

_Found = tuple[bool, float | None] | None


def _worded(value: str) -> _Found:
    """`Yes, score=7.1 required=5`, `NO`, `spam, score=5.01`, `PASS`."""
    word = re.split(r"[\s,;]", value, maxsplit=1)[0]
    if word not in _YES | _NO:
        return None
    return word in _YES, _score_in(value[len(word) :])


def _numbered(*, spam: Callable[[float], bool]) -> Callable[[str], _Found]:
    def read(value: str) -> _Found:
        score = _score_in(value)
        return None if score is None else (spam(score), score)

    return read


def _score_in(value: str) -> float | None:
    found = _SCORE.search(value)
    return float(found[1] or found[2]) if found else None


def _of_limit(value: str) -> _Found:
    found = _OF_LIMIT.match(value)
    return (float(found[1]) >= float(found[2]), float(found[1])) if found else None


def _rspamd(value: str) -> _Found:
    found = _RSPAMD.search(value)
    return (found[1] == "true", float(found[2])) if found else None


def _action(value: str) -> _Found:
    return value in {"add header", "rewrite subject", "soft reject", "quarantine", "reject"}, None


def _forefront(value: str) -> _Found:
    """Microsoft 365: the filter's verdict (SFV); SKB and SKS are its lists of the unwanted."""
    verdict, level = _SFV.search(value), _SCL.search(value)
    score = float(level[1]) if level else None
    if verdict:
        return verdict[1] in {"spm", "skb", "sks"}, score
    return (score >= _SCL_OF_SPAM, score) if score is not None else None


def _proofpoint(value: str) -> _Found:
    found = re.search(r"\brule=([a-z_]+)", value)
    return ("notspam" not in found[1] and "spam" in found[1], _score_in(value)) if found else None


# The most telling first. The last are scores beside a verdict, not verdicts: they only lend theirs.
_FIELDS: Final[tuple[tuple[str, Callable[[str], _Found]], ...]] = (
    ("x-spam-flag", _worded),
    ("x-spam-status", _worded),
    ("x-spamd-result", _rspamd),
    ("x-rspamd-action", _action),
    ("x-rspamd-score", _of_limit),
    ("x-spam", _worded),
    ("x-spam-score", _worded),
    ("x-forefront-antispam-report", _forefront),
    ("x-ms-exchange-organization-scl", _numbered(spam=lambda level: level >= _SCL_OF_SPAM)),
    ("x-ses-spam-verdict", _worded),
    ("x-mailgun-sflag", _worded),
    ("x-gm-spam", _worded),
    ("x-barracuda-spam-flag", _worded),
    ("x-barracuda-spam-status", _worded),
    ("x-bogosity", _worded),
    ("x-dspam-result", _worded),
    ("x-proofpoint-spam-details", _proofpoint),
    ("x-yandex-spam", _numbered(spam=lambda grade: grade >= 4)),
    ("x-gmx-antispam", _numbered(spam=lambda grade: grade > 0)),
    ("x-zone-spam-status", _worded),
)
_NAMES: Final = frozenset(name for name, _ in _FIELDS)
_SCORES: Final = ("x-spam-score", "x-spam-status", "x-mailgun-sscore", "x-barracuda-spam-score")
_LOOKED_AT: Final = 2_000


def spam_verdict(headers: Headers) -> Spam | None:
    """The verdict of the first filter that gives one, or None. Of a field that is there twice the upper one counts."""
    for name, read in _FIELDS if headers.any_of(_NAMES) else ():
        if name not in headers:
            continue
        if found := read(_text(headers, name)):
            verdict, score = found
            return Spam(verdict, score if score is not None else _other_score(headers), name.title())
    return None


def _text(headers: Headers, name: str) -> str:
    return headers.value(name)[:_LOOKED_AT].decode("ascii", "replace").lower()


def _other_score(headers: Headers) -> float | None:
    for name in _SCORES:
        if name in headers and (score := _score_in(_text(headers, name))) is not None:
            return score
    stars = headers.value("x-spam-level")
    return float(len(stars)) if stars and not stars.strip(b"*") else None
