"""What a question is answered with: figures as the API shows them."""

from datetime import date

from pydantic import BaseModel, Field

from postroom_analytics.report import Grouping, Tally
from postroom_analytics.sketch import quantile
from postroom_contracts.values import Metric


class Durations(BaseModel):
    """How long something took: how often it was measured, and what half and nine in ten did not exceed, in seconds."""

    count: int
    median_s: float | None
    p90_s: float | None


class Csat(BaseModel):
    """Survey answers: the mean rating, and the share of ratings 4 and 5 in percent."""

    answers: int
    average: float | None
    percent: float | None


class Attainment(BaseModel):
    """Clocks that ended: met in time, run out, and the share met in time in percent."""

    met: int
    breached: int
    percent: float | None


class Sla(BaseModel):
    first_reply: Attainment
    resolution: Attainment


class Figures(BaseModel):
    """The figures; definitions.md says what each means."""

    opened: int
    solved: int
    backlog: int | None = Field(description="Unsolved at the end of the last day, or now; null for days to come.")
    first_reply: Durations
    resolution: Durations
    csat: Csat
    sla: Sla


class _Key(BaseModel):
    key: str | None = Field(description="The day, or the id; null for tickets without a queue or an agent.")
    label: str


class _Asked(BaseModel):
    from_: date = Field(serialization_alias="from")
    to: date
    tz: str


class Row(Figures, _Key):
    """The figures of one day, queue, channel or agent."""


class Summary(Figures, _Asked):
    """The figures of the whole span."""


class Series(_Asked):
    """The figures in rows."""

    group_by: Grouping
    rows: list[Row]


def figures(tally: Tally) -> Figures:
    """The figures of what was counted."""
    answers = tally.ratings.total()
    average = sum(rating * number for rating, number in tally.ratings.items()) / answers if answers else None
    return Figures(
        opened=tally.opened,
        solved=tally.solved,
        backlog=tally.backlog,
        first_reply=_durations(tally, "first_reply"),
        resolution=_durations(tally, "resolution"),
        csat=Csat(
            answers=answers,
            average=None if average is None else round(average, 2),
            percent=_percent(tally.ratings[4] + tally.ratings[5], answers),
        ),
        sla=Sla(first_reply=_attainment(tally, "first_reply"), resolution=_attainment(tally, "resolution")),
    )


def _durations(tally: Tally, metric: Metric) -> Durations:
    counts = tally.durations[metric]
    return Durations(
        count=counts.total(), median_s=_seconds(quantile(counts, 0.5)), p90_s=_seconds(quantile(counts, 0.9))
    )


def _attainment(tally: Tally, metric: Metric) -> Attainment:
    met, breached = tally.met[metric], tally.breached[metric]
    return Attainment(met=met, breached=breached, percent=_percent(met, met + breached))


def _seconds(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None
