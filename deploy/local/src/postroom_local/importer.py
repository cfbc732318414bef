"""`postroom import`: mail from files and folders, through ingest's door into a mailbox."""

import asyncio
import os
import sys
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from postroom_local.errors import StackError
from postroom_local.handing_in import HandIn
from postroom_local.home import Home
from postroom_local.import_progress import ImportProgress
from postroom_local.ingest_door import Counts, Door
from postroom_local.journal import Journal, opened_journal, printable
from postroom_local.mail_files import bytes_under, find_mails, is_no_mail
from postroom_local.runfile import read_run
from postroom_local.settings import StackSettings, read_settings


def import_mail(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help=".eml, mbox (.gz too), Maildir or .zip, or a folder of any of them."),
    ],
    mailbox: Annotated[
        str | None, typer.Option(metavar="ID", help="Where to; else the only mailbox, or the one called support.")
    ] = None,
    home: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Which Postroom; else POSTROOM_HOME.")] = None,
) -> None:
    """Import mail. Stopped at any time, the same command goes on where it was; nobody is sent an acknowledgement.

    Exit code 1 when a mail could not be taken, or the counts do not add up in the end.
    """
    for path in paths:
        if not path.exists() and not path.is_symlink():
            _refuse(f"{path} is not there")
    for path in paths:
        if path.is_file() and is_no_mail(path):
            _refuse(f"{path} is no mail: it is neither a mail (.eml), nor an mbox, nor a zip of them")
    place = Home(home or read_settings(StackSettings, os.environ).home)
    if not asyncio.run(_import(paths, mailbox, place)):
        raise typer.Exit(1)


def _refuse(what: str) -> None:
    print(f"postroom: {printable(what)}", file=sys.stderr)
    raise typer.Exit(2)


def _ingest(home: Home) -> tuple[str, str]:
    """The address of ingest's door, and the token that opens it."""
    run = read_run(home)
    secrets = home.stored_secrets()
    if run is None or secrets is None:
        raise StackError(f"Postroom is not running in {home.path} (make up starts it)")
    try:
        return run.named("ingest-receive").address, secrets.internal_token
    except KeyError:
        raise StackError(f"ingest is not running in {home.path}") from None


async def _import(paths: Sequence[Path], wanted: str | None, home: Home) -> bool:
    """Whether every mail behind `paths` was taken."""
    async with Door(*_ingest(home)) as door:
        mailbox = choose_mailbox(await door.mailboxes(), wanted)
        with opened_journal(home.folder("imports"), paths, mailbox) as journal:
            await _go_on(journal, door)
            counts, skipped = await _hand_in(paths, mailbox, door, journal)
            lost = Counter(journal.lost())
            if skipped or lost:
                print(f"skipped {(skipped + lost).total()}: {reasons(skipped + lost)}")
            print(counts)
            _reconcile(journal.taken, counts)
            journal.through = True
    return not lost


async def _go_on(journal: Journal, door: Door) -> None:
    """Take up an import where it was left; from its beginning when ingest has lost it since."""
    if not journal.taken:
        return
    if (await door.counts(journal.run)).accepted < journal.taken:
        print("ingest does not know what was handed in before: from the beginning")
        journal.forget()
    else:
        print(f"going on: {journal.taken} mails were handed in before")


async def _hand_in(paths: Sequence[Path], mailbox: str, door: Door, journal: Journal) -> tuple[Counts, "Counter[str]"]:
    with ImportProgress(journal.taken) as progress:
        threading.Thread(target=_measure, args=(paths, progress), daemon=True).start()
        hand_in = HandIn(door, mailbox, journal, progress)
        await hand_in.all(find_mails(paths, journal.known))
        return await hand_in.read(), hand_in.skipped


def _measure(paths: Sequence[Path], progress: ImportProgress) -> None:
    """Tell how many bytes there are in all: of many files that takes a while."""
    progress.total = sum(bytes_under(path) for path in paths)


def choose_mailbox(known: Mapping[str, str], wanted: str | None) -> str:
    """The id of the mailbox to import into; raises StackError when that is not clear. `known` has addresses by id."""
    listed = ", ".join(f"{name} ({address})" for name, address in sorted(known.items()))
    if wanted is not None and wanted not in known:
        raise StackError(f"there is no mailbox {wanted!r}; there are: {listed or 'none'}")
    if not known:
        raise StackError("there is no mailbox yet: make one first")
    if wanted is None and len(known) > 1 and "support" not in known:
        raise StackError(f"say which mailbox with --mailbox: {listed}")
    return wanted or (next(iter(known)) if len(known) == 1 else "support")


def reasons(skipped: "Counter[str]") -> str:
    """How many were skipped for which reason."""
    return ", ".join(f"{count} {reason}" for reason, count in skipped.most_common())


def _reconcile(taken: int, counts: Counts) -> None:
    """Raise StackError unless every mail handed in was accepted and read."""
    if counts.accepted > taken:
        print(
            f"{counts.accepted - taken} of them handed in twice, after a broken connection or a start that was stopped"
        )
    if counts.accepted < taken:
        raise StackError(f"{taken} mails were handed in, but ingest knows of {counts.accepted}")
    if counts.unread:
        raise StackError(f"{counts.unread} mails are not read yet: see postroom status, they wait")
