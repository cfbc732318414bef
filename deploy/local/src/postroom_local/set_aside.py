"""`postroom set-aside`: what was kept off the tickets, and letting it in."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Column, Table

from postroom_local.inner_door import HomeOption, ask, ingest_door, printable
from postroom_local.progress import wide_console

set_aside = typer.Typer(help="Mail that was set aside: spam, loops, our own mail come back.", no_args_is_help=True)
_CELL_CHARS = 60
_ID_CHARS = 36
_PAGE = 500


@set_aside.command("list")
def list_set_aside(
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="No more than these.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    home: HomeOption = None,
) -> None:
    """List what waits, the newest first."""
    rows = _waiting(ingest_door(home), limit)
    if as_json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
    elif rows:
        wide_console().print(table(rows))
    else:
        print("nothing is set aside")


@set_aside.command()
def show(
    contact: Annotated[str, typer.Argument(metavar="CONTACT")],
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    home: HomeOption = None,
) -> None:
    """Show one as it would be read on its ticket."""
    one = ask(ingest_door(home), "GET", f"/v1/set-aside/{contact}")
    if as_json:
        print(json.dumps(one, indent=1, ensure_ascii=False))
    else:
        print("\n".join(described(one)))


@set_aside.command()
def release(
    contacts: Annotated[list[str], typer.Argument(metavar="CONTACT...")],
    home: HomeOption = None,
) -> None:
    """Let them in: each becomes what it would have been. Doing it twice is doing it once."""
    door = ingest_door(home)
    for contact in contacts:
        answer = ask(door, "POST", f"/v1/set-aside/{contact}/release")
        print(f"{contact} {'released' if answer['released'] else 'was released before'}")


def _waiting(door: tuple[str, str], limit: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    before: str | None = None
    while len(rows) < limit:
        asked: dict[str, str | int] = {"limit": min(_PAGE, limit - len(rows))}
        page = ask(door, "GET", "/v1/set-aside", asked if before is None else asked | {"before": before})
        rows += page["items"]
        before = page["next"]
        if before is None:
            break
    return rows


def table(rows: Sequence[dict[str, Any]]) -> Table:
    """One line for each."""
    contact = Column("CONTACT", no_wrap=True, min_width=_ID_CHARS)  # a cut one could not be let in
    made = Table(contact, "AT", "CAUSE", "MAILBOX", "SENDER", "SUBJECT", box=None, pad_edge=False)
    for row in rows:
        cells = (row["contact"], _moment(row["at"]), row["cause"], row["mailbox"])
        made.add_row(*cells, _cell(row["sender"]), _cell(row["subject"]))
    return made


def described(one: dict[str, Any]) -> list[str]:
    """Everything of one, as lines."""
    read = one["read"]
    lines = [
        f"contact: {one['contact']}",
        f"cause: {one['cause']}",
        f"at: {_moment(one['at'])}",
        f"mailbox: {one['mailbox']}",
        f"from: {_party(read['sender'])}",
        f"to: {', '.join(_party(party) for party in (*read['to'], *read['cc']))}",
        f"subject: {_line(read['subject_line'])}",
    ]
    lines += [f"attachment: {_line(part['name'])} ({part['size']} bytes)" for part in read["attachments"]]
    if read["automatic"]:
        lines.append(f"automatic: {read['automatic']}")
    if one["released_at"]:
        lines.append(f"released: {_moment(one['released_at'])}")
    return [*lines, "", printable(read["text"])]


def _party(party: dict[str, str]) -> str:
    return _line(f"{party['name']} <{party['address']}>" if party["name"] else party["address"])


def _moment(text: str) -> str:
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%S")


def _line(text: str) -> str:
    return " ".join(printable(text).split())


def _cell(text: str) -> str:
    line = _line(text) or "-"
    return line if len(line) <= _CELL_CHARS else line[: _CELL_CHARS - 1] + "…"
