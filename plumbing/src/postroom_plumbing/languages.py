"""The languages Postroom speaks to customers, in mail and on the web. Pure."""

import re
from typing import Literal

Language = Literal["en", "de", "fa", "zh"]
Direction = Literal["ltr", "rtl"]

LANGUAGES: tuple[Language, ...] = ("en", "de", "fa", "zh")
"""The first is for everybody whose own is not among them."""
_RIGHT_TO_LEFT: frozenset[Language] = frozenset({"fa"})
_DIGITS: dict[Language, dict[int, int]] = {"fa": str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")}
_ENTRY = re.compile(
    r"\s*([a-z]{1,8}(?:-[a-z0-9]{1,8})*|\*)\s*(?:;\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?",
    re.IGNORECASE | re.ASCII,
)
_LONGEST = 1000


def pick(tag: str | None) -> Language:
    """The language to write in to somebody who wrote in `tag` (a BCP 47 tag or None)."""
    primary = (tag or "").replace("_", "-").partition("-")[0].lower()
    return next((known for known in LANGUAGES if known == primary), LANGUAGES[0])


def choose(accept_language: str) -> Language:
    """The best of our languages for an Accept-Language header.

    RFC 9110 section 12.5.4; `de-CH` asks for `de`, and of equal weights the earlier wins. An entry that cannot be read
    is passed over.
    """
    wanted: dict[str, tuple[float, int]] = {}
    for position, entry in enumerate(accept_language[:_LONGEST].split(",")):
        match = _ENTRY.fullmatch(entry)
        if match is not None:
            language = match[1].lower().partition("-")[0]
            wanted[language] = max(wanted.get(language, (0.0, 0)), (float(match[2] or 1), -position))
    others = wanted.get("*", (0.0, 0))
    best = max(LANGUAGES, key=lambda language: wanted.get(language, others))
    return best if wanted.get(best, others)[0] > 0 else LANGUAGES[0]


def direction(language: Language) -> Direction:
    """Which way `language` is written."""
    return "rtl" if language in _RIGHT_TO_LEFT else "ltr"


def with_digits(text: str, language: Language) -> str:
    """`text` with its digits as readers of `language` write them."""
    return text.translate(_DIGITS.get(language, {}))
