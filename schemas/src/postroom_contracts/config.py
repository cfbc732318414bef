"""Settings, which are events: desk edits them, every service keeps the projection it needs."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import re2
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from postroom_contracts.event import Event, Value
from postroom_contracts.topics import Topic
from postroom_contracts.values import Instant, Metric, Priority

SettingKind = Literal["mailbox", "queue", "rule", "policy", "schedule", "macro", "account", "door", "redaction"]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Address = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_lower=True, pattern=r"^[^@\s<>]+@[^@\s<>]+$", max_length=254),
]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not an IANA time zone such as Europe/Berlin") from error
    return name


TimeZone = Annotated[str, AfterValidator(_known_zone)]


def _linear(pattern: str) -> str:
    try:
        re2.compile(pattern)
    except re2.error as error:
        raise ValueError(f"not a pattern in RE2's syntax: {error}") from None
    return pattern


Sealed = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
"""A secret. On its way and at rest it is encrypted (`sealed:…`); only the service that needs it opens it."""


class Mailbox(Value):
    """An address customers write to."""

    address: Address
    name: Name
    queue: str | None = None
    """The queue for tickets that no rule places."""
    acknowledge: bool = True
    """Whether customers are told that their mail arrived."""
    timezone: TimeZone = "UTC"
    """The zone in which customers of this mailbox are told times."""
    reopen_days: int = Field(default=0, ge=0, le=3650)
    """For how many days after it was closed an answer reopens a ticket; later it begins one that follows it."""
    spam: Literal["keep", "set-aside"] = "set-aside"
    """What becomes of mail that the mail server in front called spam."""


class Queue(Value):
    """Where tickets of a kind wait for their agents."""

    name: Name
    tier: int = Field(default=1, ge=1, le=4)
    """The line of support, the first being 1."""
    skills: tuple[str, ...] = ()
    """Skills an agent must have to work in it."""


class Rule(Value):
    """A routing rule: when all the conditions given hold, the ticket goes to `queue`. Rules are tried by `order`."""

    name: Name
    order: int = 100
    """The lowest is tried first."""
    queue: str
    """Where a matching ticket goes."""
    mailbox: str | None = None
    language: str | None = None
    priority: Priority | None = None
    tag: str | None = None
    customer_domain: str | None = None
    words: tuple[str, ...] = ()
    """Any of these in the subject or the text, whatever the case."""


class Target(Value):
    """How long things may take, in minutes of the policy's schedule."""

    first_reply: int = Field(ge=1)
    resolution: int = Field(ge=1)

    def minutes(self, metric: Metric) -> int:
        return self.first_reply if metric == "first_reply" else self.resolution


class Policy(Value):
    """What is promised. The first policy (by `order`) whose conditions hold applies."""

    name: Name
    order: int = 100
    schedule: str | None = None
    """The schedule whose hours count; None counts every hour."""
    targets: dict[Priority, Target] = Field(min_length=1)
    """By the ticket's priority; one that is missing promises nothing."""
    warn_percent: int = Field(default=75, ge=1, le=99)
    """A warning goes out when this share of the target has passed."""
    queue: str | None = None
    customer_domain: str | None = None


_Time = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]


class Hours(Value):
    """Working hours of one weekday (0 = Monday). `end` at or before `start` means the next day: over midnight."""

    day: int = Field(ge=0, le=6)
    start: _Time
    end: _Time


class Schedule(Value):
    """When people work, in a time zone."""

    name: Name
    timezone: TimeZone
    hours: tuple[Hours, ...]
    """At least one interval."""
    holidays: tuple[date, ...] = ()
    """Days on which nobody works."""

    @model_validator(mode="after")
    def _somebody_works(self) -> "Schedule":
        if not self.hours:
            raise ValueError("a schedule without hours would never be due: give at least one interval")
        return self


class Macro(Value):
    """A saved reply with the field changes that go with it."""

    name: Name
    text: str = ""
    status: Literal["open", "pending", "on_hold", "solved"] | None = None
    priority: Priority | None = None
    tags: tuple[str, ...] = ()


def _folder(name: str | None) -> str | None:
    """A folder by what it is called among all servers: INBOX is written in any case (RFC 9051 section 5.1)."""
    return "INBOX" if name is not None and name.upper() == "INBOX" else name


class Account(Value):
    """An IMAP account that mail is fetched from (RFC 9051)."""

    SEALED: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "password": ("host", "port", "security", "user"),
        "client_secret": ("token_url",),
        "refresh_token": ("token_url", "host", "port", "security", "user"),  # what it brings is shown to the host
    }
    """The secrets, and the fields that say where, how and for whom each is shown: when one changes, it is not kept."""

    name: Name
    mailbox: str
    """The id of the mailbox that its mail belongs to."""
    host: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=253)]
    port: int = Field(default=993, ge=1, le=65535)
    security: Literal["tls", "starttls", "none"] = "tls"
    """TLS from the start, STARTTLS, or nothing at all (only for a server on the same machine)."""
    user: Name
    auth: Literal["password", "xoauth2"] = "password"
    password: Sealed | None = None
    token_url: str | None = Field(default=None, pattern=r"^https?://")
    """Where access tokens are had (RFC 6749 section 6), for xoauth2."""
    client_id: str | None = None
    client_secret: Sealed | None = None
    refresh_token: Sealed | None = None
    scope: str | None = None
    folder: Name = "INBOX"
    afterwards: Literal["keep", "flag", "move", "delete"] = "flag"
    """What is done with a mail that was taken: nothing, marked as seen, moved to `move_to`, deleted."""
    move_to: Name | None = None
    history: Literal["skip", "import"] = "skip"
    """Whether mail that is there when the account is first worked is brought over, without acknowledging it."""
    poll_seconds: int = Field(default=60, ge=5, le=3600)
    """How often to look where the server has no IDLE (RFC 2177)."""
    enabled: bool = True

    @model_validator(mode="after")
    def _whole(self) -> "Account":
        if self.auth == "password" and self.password is None:
            raise ValueError("auth password needs the field password")
        if self.auth == "xoauth2" and not (self.token_url and self.client_id and self.refresh_token):
            raise ValueError("auth xoauth2 needs the fields token_url, client_id and refresh_token")
        if self.afterwards == "move" and self.move_to is None:
            raise ValueError("afterwards move needs the field move_to")
        if self.afterwards == "move" and _folder(self.move_to) == _folder(self.folder):
            raise ValueError("move_to is the folder itself: its mails would come again and again")
        return self


class HttpDoor(Value):
    """An address programs and delivery services post contacts to: /doors/<id> of ingest."""

    SEALED: ClassVar[Mapping[str, tuple[str, ...]]] = {"secret": ()}
    """It is only compared with what callers show, and goes nowhere."""

    name: Name
    kind: Literal["mail", "contacts", "mailgun", "sendgrid"]
    """Raw mails; contacts of other channels as JSON; the inbound webhook of Mailgun or of SendGrid."""
    mailbox: str
    """The id of the mailbox its contacts belong to, where the recipient does not say."""
    secret: Sealed
    """What callers prove themselves with: a bearer token (mail, contacts), the signing key (mailgun), or the public key
    for signatures (sendgrid)."""
    enabled: bool = True


class Redaction(Value):
    """A pattern that is taken out of everything readable, besides payment card numbers."""

    name: Name
    pattern: Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_linear)]
    """In RE2's syntax, which cannot be made to run for long."""
    shown_as: Annotated[str, StringConstraints(max_length=50)] = "[redacted]"


SETTING_MODELS: dict[SettingKind, type[Value]] = {
    "mailbox": Mailbox,
    "queue": Queue,
    "rule": Rule,
    "policy": Policy,
    "schedule": Schedule,
    "macro": Macro,
    "account": Account,
    "door": HttpDoor,
    "redaction": Redaction,
}


class SettingChanged(Event, topic=Topic.CONFIG, type="postroom.setting.changed.v1"):
    """A setting as it is now; `value` is None when it was removed."""

    kind: SettingKind
    id: str
    """Its id among the settings of its kind."""
    version: int = Field(ge=1)
    """Counts the changes to this setting."""
    value: dict[str, Any] | None
    """The setting itself; what it looks like depends on `kind`: see schemas/settings."""
    at: Instant

    @property
    def key(self) -> str:
        return f"{self.kind}/{self.id}"

    @property
    def sequence(self) -> int | None:
        return self.version
