"""How many acknowledgements one address gets, so that two machines never keep each other busy (RFC 3834 section 2).

Pure. So many in three hours, and few about the very same subject: machines that answer machines repeat theirs.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from postroom_notifier.outgoing import Outgoing

WINDOW: Final = timedelta(hours=3)
MOST: Final = 240
MOST_ALIKE: Final = 5
_MARKS: Final = re.compile(r"\[#\d+\]|\s+")


class Acknowledged:
    """Who was sent how many acknowledgements within WINDOW, and about what."""

    def __init__(self, sent: Iterable[tuple[str, str]]) -> None:
        """`sent` are addresses with the subjects of what was acknowledged."""
        self._subjects: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for address, subject in sent:
            self._note(address, subject)

    def _note(self, address: str, subject: str) -> None:
        self._subjects[address.lower()][_about(subject)] += 1

    def allows(self, mail: Outgoing) -> bool:
        """Whether a mail may be sent too; an acknowledgement then counts from now on, others always may."""
        if mail.kind != "acknowledgement":
            return True
        address, subject = mail.to[0], mail.subject_line
        subjects = self._subjects[address.lower()]
        if subjects.total() >= MOST or subjects[_about(subject)] >= MOST_ALIKE:
            return False
        self._note(address, subject)
        return True


def _about(subject: str) -> str:
    """What a subject says apart from our number."""
    return _MARKS.sub(" ", subject.lower()).strip()
