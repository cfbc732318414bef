"""Subjects on pages: the direction they read in, and ticket numbers in them kept in one piece. Pure."""

import re
import unicodedata
from typing import Literal

from markupsafe import Markup, escape

_PREFIXES = re.compile(
    r"(?:\s*(?:re|fwd?|aw|antw|wg|sv|vs|vb|vl|tr|rv|rif|res|enc|odp|pd|ynt|ilt|ha|رد|پاسخ|ارسال|תשובה|הועבר)"
    r"\s*(?:[\[(]\d+[\])])?\s*[:：])+",
    re.IGNORECASE,
)
_MARK = re.compile(r"\[#\d+\]")


def direction(subject: str) -> Literal["ltr", "rtl"]:
    """The direction of a subject's first letter after `Re:` and the like, which programs wrote; numbers have none."""
    prefix = _PREFIXES.match(subject)
    for letter in subject[prefix.end() if prefix else 0 :]:
        kind = unicodedata.bidirectional(letter)
        if kind in ("L", "R", "AL"):
            return "ltr" if kind == "L" else "rtl"
    return "ltr"


def marked(subject: str) -> Markup:
    """A subject as HTML, where `[#10]` stays so among words of either direction."""
    return Markup(_MARK.sub(r'<bdi dir="ltr">\g<0></bdi>', str(escape(subject))))  # noqa: S704 - escaped before
