"""`postroom ledger`: what became of everything that was accepted."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.table import Column, Table

from postroom_local.inner_door import HomeOption, ask, ingest_door
from postroom_local.progress import wide_console

_COUNTS = ("accepted", "new", "appended", "duplicate", "set_aside", "waiting")
_MOST_HOURS = 31 * 24


def ledger(
    hours: Annotated[int, typer.Option(min=1, max=_MOST_HOURS, help="How far back, this hour included.")] = 24,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    home: HomeOption = None,
) -> None:
    """Show, by mailbox and hour (UTC), how many contacts were accepted and what became of them.

    What is waiting was accepted and is not read yet; if that lasts, something is wrong.
    """
    now = datetime.now(UTC)
    since = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours - 1)
    asked = {"from": since.isoformat(), "to": now.isoformat()}
    answer = ask(ingest_door(home), "GET", "/v1/ledger", asked)
    if as_json:
        print(json.dumps(answer, indent=1, ensure_ascii=False))
    elif answer["hours"]:
        wide_console().print(table(answer["hours"]))
    else:
        print("nothing was accepted")


def table(rows: Sequence[dict[str, Any]]) -> Table:
    """The rows, and what they add up to."""
    made = Table(Column("HOUR", "all", no_wrap=True), "MAILBOX", box=None, show_footer=True, pad_edge=False)
    for name in _COUNTS:
        total = sum(int(row[name]) for row in rows)
        made.add_column(name.upper().replace("_", " "), footer=str(total), justify="right")
    for row in rows:
        hour = datetime.fromisoformat(row["hour"]).strftime("%Y-%m-%d %H:%M")
        made.add_row(hour, row["mailbox"], *(str(row[name]) for name in _COUNTS))
    return made
