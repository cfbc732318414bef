"""What kind of mail it is: the expectations of sources about machines' mail."""

from collections.abc import Callable
from typing import Any, Final

from corpus.cases import Case, Check
from postroom_ingest.parse import Mail

MACHINES: Final = frozenset(
    {"auto-reply", "out-of-office", "auto-generated", "bounce", "complaint", "read-receipt", "calendar-answer"}
)
"""Kinds no person writes. List and bulk mail is sent by a machine, often for a person; sources disagree on it."""
_SOURCES_OF_KIND: Final = {"auto-reply": {"auto-reply", "out-of-office"}, "feedback-report": {"complaint"}}
_JUDGED_AS_BOUNCE: Final = {"auto-reply", "not-a-bounce", "feedback-report", "signed-encrypted"}
"""Categories where "no bounce" is about the kind of mail; what is inside bounces is judged elsewhere."""

_JUDGES: Final[dict[str, Callable[[Any, Mail], bool]]] = {
    "is_auto": lambda wanted, mail: (
        mail.automatic in MACHINES | {"list", "bulk"} if wanted else mail.automatic not in MACHINES
    ),
    "is_out_of_office": lambda wanted, mail: (mail.automatic == "out-of-office") is wanted,
    "suppress_auto_reply": lambda wanted, mail: (mail.automatic is not None) is wanted,
    "is_read_receipt": lambda wanted, mail: (mail.automatic == "read-receipt") is wanted,
    "is_list": lambda wanted, mail: (mail.automatic == "list") is wanted,
    "feedback_type": lambda wanted, mail: (mail.automatic == "complaint") is bool(wanted),
}


def judge(case: Case) -> list[Check]:
    """The expectations of this case about kinds of mail, each right or wrong; empty where it has none."""
    if case.form != "message":
        return []
    checks = [
        Check(name, judge_one(case.expect[name], case.mail), case.expect[name], case.mail.automatic)
        for name, judge_one in _JUDGES.items()
        if name in case.expect
    ]
    if kinds := _SOURCES_OF_KIND.get(case.expect.get("kind", "")):
        checks.append(Check("kind", case.mail.automatic in kinds, sorted(kinds), case.mail.automatic))
    if "is_bounce" in case.expect and case.category in _JUDGED_AS_BOUNCE:
        wanted = case.expect["is_bounce"]
        checks.append(Check("is_bounce", (case.mail.automatic == "bounce") is wanted, wanted, case.mail.automatic))
    return checks
