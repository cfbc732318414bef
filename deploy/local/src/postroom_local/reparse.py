"""`postroom reparse`: what the reader of today makes of mail that is on tickets already."""

import difflib
import json
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from postroom_local.inner_door import HomeOption, ask, desk_door, ingest_door, printable

FIELDS = ("subject", "text", "own_words", "html", "automatic", "language", "attachments", "defects")
_PAGE = 100
_LINES = 12
_LINE_CHARS = 160
Change = dict[str, dict[str, Any]]


def reparse(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change; nothing is changed.")] = False,
    after: Annotated[str | None, typer.Option(metavar="CONTACT", help="Begin behind this one.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Read no more than these.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="For programs: a line for each contact that differs.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Read the sources of contacts on tickets again, show what differs from what desk has, and let it have that."""
    counts: Counter[str] = Counter()
    ingest = ingest_door(home)
    for contact, change in compared(ingest, desk_door(home), after, limit, counts):
        if as_json:
            print(json.dumps({"contact": contact, "changes": change}, ensure_ascii=False))
        else:
            print("\n".join(described(contact, change)))
        if not dry_run:
            ask(ingest, "POST", "/v1/reread", json_body={"contacts": [contact]})
    if not as_json:
        print(summary(counts, dry_run=dry_run))


def compared(
    ingest: tuple[str, str], desk: tuple[str, str], after: str | None, limit: int | None, counts: Counter[str]
) -> Iterator[tuple[str, Change]]:
    """The contacts that differ and how; what was read is counted in `counts`."""
    while limit is None or counts["read"] < limit:
        size = _PAGE if limit is None else min(_PAGE, limit - counts["read"])
        asked: dict[str, str | int] = {"limit": size}
        page = ask(ingest, "GET", "/v1/reread", asked if after is None else asked | {"after": after})
        if page["next"] is None:
            return
        ids = [one["contact"] for one in page["items"]]
        stored = ask(desk, "POST", "/v1/messages/read", json_body={"ids": ids})
        for now in page["items"]:
            counts["read"] += 1
            contact = now["contact"]
            if now.get("missing"):
                counts["without a source"] += 1
            elif contact not in stored:
                counts["not in desk"] += 1
            elif change := differences(stored[contact], now):
                counts["changed"] += 1
                counts.update(f"changed {name}" for name in change)
                yield contact, change
        after = page["next"]


def differences(stored: dict[str, Any], now: dict[str, Any]) -> Change:
    """The fields in which two readings differ."""
    return {
        name: {"stored": stored.get(name), "now": now.get(name)}
        for name in FIELDS
        if (stored.get(name) or None) != (now.get(name) or None)
    }


def described(contact: str, change: Change) -> list[str]:
    """A change as lines: a diff for each field, cut where it is long."""
    lines = [contact]
    for name, both in change.items():
        diff = difflib.unified_diff(_lines(both["stored"]), _lines(both["now"]), n=0, lineterm="")
        shown = [line for line in diff if not line.startswith(("---", "+++", "@@"))]
        lines.append(f"  {name}")
        lines += [f"    {printable(line)[:_LINE_CHARS]}" for line in shown[:_LINES]]
        if len(shown) > _LINES:
            lines.append(f"    … {len(shown) - _LINES} lines more")
    return lines


def summary(counts: Counter[str], *, dry_run: bool = True) -> str:
    """The counts in one line each."""
    done = "would change" if dry_run else "changed"
    fields = ", ".join(f"{counts[f'changed {name}']} {name}" for name in FIELDS if counts[f"changed {name}"])
    lines = [f"{counts['read']} read, {counts['changed']} {done}" + (f": {fields}" if fields else "")]
    lines += [f"{counts[name]} {name}" for name in ("not in desk", "without a source") if counts[name]]
    return "\n".join(lines)


def _lines(value: Any) -> list[str]:
    if value is None:
        return []
    return value.splitlines() if isinstance(value, str) else [str(one) for one in value]
