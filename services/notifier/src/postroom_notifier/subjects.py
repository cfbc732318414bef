"""The subject of an answer."""

import re

from postroom_notifier.headers import clean

_ANSWER_MARKS = re.compile(
    r"((re|aw|antw|sv|réf|odp|回复|答复|回覆|پاسخ)\s*(\[\d+\]|\(\d+\))?\s*[:：]\s*)+", re.IGNORECASE
)
_CHARS = 400


def answered(subject: str, number: int) -> str:
    """`Re: <subject> [#number]`: one `Re:` however many answers went before, and the ticket named once."""
    mark = f"[#{number}]"
    rest = clean(subject.replace(mark, " ")).strip()
    if before := _ANSWER_MARKS.match(rest):
        rest = rest[before.end() :].strip()
    return clean(f"Re: {rest[:_CHARS].rstrip()} {mark}")
