"""Which language a visitor reads. Pure."""

import re
from collections.abc import Sequence

_ENTRY = re.compile(
    r"\s*([a-z]{1,8}(?:-[a-z0-9]{1,8})*|\*)\s*(?:;\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?",
    re.IGNORECASE | re.ASCII,
)
_LONGEST = 1000


def choose(accept_language: str, offered: Sequence[str]) -> str:
    """The best of the languages `offered` (primary subtags, the first is the default) for an Accept-Language header.

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
    best = max(offered, key=lambda language: wanted.get(language, others))
    return best if wanted.get(best, others)[0] > 0 else offered[0]
