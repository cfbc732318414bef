"""What a machine's report about a mail of ours says."""

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["bounce", "delay", "delivered", "relayed", "complaint", "read-receipt"]
Reason = Literal[
    "unknown-user",
    "mailbox-full",
    "suspended",
    "moved",
    "host-unknown",
    "network",
    "expired",
    "not-accepting",
    "relay-denied",
    "too-large",
    "spam",
    "virus",
    "policy",
    "authentication",
    "rate-limited",
    "content",
    "mail-loop",
    "system",
    "other",
]

MAX_RECIPIENTS: Final = 200
"""Recipients kept of one report; a mail to more is sent in pieces by every MTA."""
MAX_DIAGNOSTIC_CHARS: Final = 500
MAX_NOTICE_CHARS: Final = 100_000
"""Text of a notice that is read; what MTAs write about one mail is 1-20 KB."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """What became of the mail for one recipient."""

    address: str
    """As we sent to it, where the report tells (Original-Recipient), else where it ended."""
    action: str
    """RFC 3464 section 2.3.3: `failed`, `delayed`, `delivered`, `relayed` or `expanded`; empty for complaints."""
    status: str
    """Enhanced status code (RFC 3463) such as `5.1.1`; empty where the report has none."""
    permanent: bool
    """The same mail would fail again: a code of class 5, or words that say so where there is no code."""
    reason: Reason
    diagnostic: str = ""
    mta: str = ""
    """The host that refused (Remote-MTA), else the one that reports."""


@dataclass(frozen=True, slots=True)
class Report:
    """A delivery report, complaint or read receipt. `recipients` may be empty: some notices name nobody."""

    kind: Kind
    recipients: tuple[Recipient, ...]
    original_message_id: str | None = None
    """Of the mail reported on, without angle brackets."""
    original_subject: str | None = None
    feedback_type: str | None = None
    """Of a complaint (RFC 5965 section 7.3): `abuse`, `fraud`, `virus`, `not-spam`, `auth-failure` ..."""
