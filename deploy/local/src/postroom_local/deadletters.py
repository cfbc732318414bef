"""`postroom dlq`: the events that could not be handled, and another try for them."""

import asyncio
import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from postroom_contracts import Topic, headers
from postroom_local.dead_letter_log import DeadLetter, Log, read_log, redact, replay
from postroom_local.errors import StackError
from postroom_local.home import Home
from postroom_local.runfile import read_run
from postroom_local.settings import StackSettings, read_settings

dlq = typer.Typer(help="Dead letters: events that could not be handled.", no_args_is_help=True)

TopicOption = Annotated[Topic | None, typer.Option(help="Only dead letters of this topic.")]
HomeOption = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Which Postroom; else POSTROOM_KAFKA_URL, else POSTROOM_HOME.")
]
_COLUMNS = ("reference", "at", "type", "subject", "group", "error", "attempts", "reason")
_CELL_CHARS = 120


@dlq.command("list")
def list_letters(
    topic: TopicOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that were replayed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    home: HomeOption = None,
) -> None:
    """List dead letters, with a reference for show and replay."""
    log = _read(_where(home), topic)
    rows = [summary(letter, log) for letter in (log.letters if everything else log.waiting())]
    if as_json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
    elif rows:
        print("\n".join(table(rows)))
    else:
        print("no dead letters")


@dlq.command()
def show(reference: Annotated[str, typer.Argument(metavar="REF")], home: HomeOption = None) -> None:
    """Show all of a dead letter: headers, stack, value. It may hold what a customer wrote."""
    print("\n".join(describe(_read(_where(home), None).find(reference))))


@dlq.command("replay")
def replay_letters(
    references: Annotated[list[str] | None, typer.Argument(metavar="REF...", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that were not replayed yet.")] = False,
    topic: TopicOption = None,
    limit: Annotated[int | None, typer.Option(min=1, help="With --all: no more than these, oldest first.")] = None,
    home: HomeOption = None,
) -> None:
    """Put events back at the end of their topics, as they were, for another try.

    Every consumer of the topic sees them again. That does no harm: consumers are idempotent, and leave out what they
    have handled and what a later event of the same ticket has overtaken. Events of config and agents are not replayed:
    of these Kafka keeps the last, and an old one must not take its place. Save the setting or the agent again instead.
    """
    if bool(references) == everything:
        raise typer.BadParameter("say which: references as list shows them, or --all")
    if limit is not None and not everything:
        raise typer.BadParameter("--limit goes with --all")
    where = _where(home)
    log = _read(where, topic)
    chosen = log.waiting()[:limit] if everything else [log.find(reference) for reference in references or ()]
    left_out = [letter.reference for letter in chosen if letter.topic.compacted]
    for reference in left_out:
        print(f"{reference} left out: save the setting or the agent again instead")
    asyncio.run(_replay(where, [letter for letter in chosen if not letter.topic.compacted]))
    print(f"{len(chosen) - len(left_out)} replayed")
    if left_out and not everything:
        raise typer.Exit(1)


async def _replay(where: tuple[str, str], letters: Sequence[DeadLetter]) -> None:
    kafka_url, namespace = where
    async for reference, place in replay(kafka_url, letters, namespace):
        print(f"{reference} -> {place}")


def _where(home: Path | None) -> tuple[str, str]:
    """Kafka's address, and the namespace of the topics."""
    settings = read_settings(StackSettings, os.environ)
    if settings.kafka_url is not None and home is None:
        return settings.kafka_url, settings.namespace
    place = Home(home or settings.home)
    run = read_run(place)
    if run is None:
        raise StackError(f"Postroom is not running in {place.path} (make up starts it), nor is POSTROOM_KAFKA_URL set")
    return run.named("kafka").address, settings.namespace


def _read(where: tuple[str, str], topic: Topic | None) -> Log:
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it would say ends up in our one line
    kafka_url, namespace = where
    return asyncio.run(read_log(kafka_url, namespace, [topic] if topic else list(Topic)))


def summary(letter: DeadLetter, log: Log) -> dict[str, Any]:
    """What `list` says of a dead letter."""
    return {
        "reference": letter.reference,
        "at": letter.header(headers.DEAD_AT),
        "type": letter.header(headers.TYPE),
        "subject": redact(letter.header(headers.SUBJECT)),
        "group": letter.header(headers.DEAD_GROUP),
        "error": letter.header(headers.DEAD_ERROR),
        "attempts": int(letter.header(headers.DEAD_ATTEMPTS) or 0),
        "reason": redact(letter.header(headers.DEAD_REASON)),
        "replayed": letter.reference in log.replayed,
    }


def table(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Lines of a table; a cell is one line, and not too long, whatever the error said."""
    cells = [[column.upper() for column in _COLUMNS]]
    cells += [[_cell(str(row[column])) for column in _COLUMNS] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(map(str.ljust, line, widths)).rstrip() for line in cells]


def _cell(text: str) -> str:
    line = " ".join(text.split()) or "-"
    return line if len(line) <= _CELL_CHARS else line[: _CELL_CHARS - 1] + "…"


def describe(letter: DeadLetter) -> list[str]:
    """Everything of a dead letter, as lines."""
    shown = [(name, value.decode("utf-8", "replace")) for name, value in letter.pairs if name != headers.DEAD_STACK]
    lines = [f"{name}: {' '.join(value.split())}" for name, value in shown]
    lines += [f"key: {(letter.key or b'').decode('utf-8', 'replace')}", ""]
    return [*lines, letter.header(headers.DEAD_STACK), _pretty(letter.value)]


def _pretty(value: bytes) -> str:
    try:
        return json.dumps(json.loads(value), indent=1, ensure_ascii=False)
    except ValueError:
        return value.decode("utf-8", "backslashreplace")
