"""Settings, which are events: desk edits them, every service keeps the projection it needs."""

from datetime import date
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from postroom_contracts.event import Event, Value
from postroom_contracts.topics import Topic
from postroom_contracts.values import Instant, Metric, Priority

SettingKind = Literal["mailbox", "queue", "rule", "policy", "schedule", "macro"]
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


SETTING_MODELS: dict[SettingKind, type[Value]] = {
    "mailbox": Mailbox,
    "queue": Queue,
    "rule": Rule,
    "policy": Policy,
    "schedule": Schedule,
    "macro": Macro,
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
