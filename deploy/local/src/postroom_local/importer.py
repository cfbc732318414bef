"""`postroom import`: mail from files and folders, through ingest's door into a mailbox."""

import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from postroom_local.errors import StackError
from postroom_local.home import Home
from postroom_local.import_progress import ImportProgress
from postroom_local.ingest_door import IN_FLIGHT, Counts, Door
from postroom_local.mail_files import Found, Mail, Skipped, find_files, find_mails, too_large
from postroom_local.runfile import read_run
from postroom_local.settings import StackSettings, read_settings
from postroom_plumbing.ids import new_id

_ASK_S = 0.5
_STALLED_S = 60.0


def import_mail(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help=".eml, mbox or Maildir, or a folder of any of them.")
    ],
    mailbox: Annotated[
        str | None, typer.Option(metavar="ID", help="Where to; else the only mailbox, or the one called support.")
    ] = None,
    home: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Which Postroom; else POSTROOM_HOME.")] = None,
) -> None:
    """Import mail. Importing the same again makes only duplicates; nobody is sent an acknowledgement.

    Exit code 1 when a mail could not be taken, or the counts do not add up in the end.
    """
    for path in paths:
        if not path.exists() and not path.is_symlink():
            print(f"postroom: {path} is not there", file=sys.stderr)
            raise typer.Exit(2)
    address, token = _ingest(Home(home or read_settings(StackSettings, os.environ).home))
    if not asyncio.run(_import(paths, mailbox, Door(address, token, new_id()))):
        raise typer.Exit(1)


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


async def _import(paths: Sequence[Path], wanted: str | None, door: Door) -> bool:
    """Whether every mail behind `paths` was taken."""
    total = sum(found.path.stat().st_size for found in find_files(paths) if isinstance(found, Found))
    async with door:
        mailbox = choose_mailbox(await door.mailboxes(), wanted)
        with ImportProgress(total) as progress:
            skipped = await hand_in_all(find_mails(paths), mailbox, door, progress)
            counts = await wait_until_read(door, progress)
    if skipped:
        print(f"skipped {len(skipped)}: {reasons(skipped)}")
    print(counts)
    _reconcile(progress.mails, counts)
    return not any(one.lost for one in skipped)


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


async def hand_in_all(
    mails: Iterator[Mail | Skipped], mailbox: str, door: Door, progress: ImportProgress
) -> list[Skipped]:
    """Hand in `mails`, IN_FLIGHT at a time and so nearly in order; those that could not be."""
    skipped: list[Skipped] = []

    def skip(one: Skipped) -> None:
        skipped.append(one)
        progress.say(f"skipped {one.where}: {one.reason}")

    async def work() -> None:
        for mail in mails:  # shared by all workers: each takes the next one
            if isinstance(mail, Skipped):
                skip(mail)
            elif await door.hand_in(mail.raw, mailbox):
                progress.handed_in(len(mail.raw))
            else:
                skip(too_large(mail.where, len(mail.raw)))

    workers = [asyncio.create_task(work()) for _ in range(IN_FLIGHT)]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
    return skipped


async def wait_until_read(door: Door, progress: ImportProgress) -> Counts:
    """The counts once every mail handed in has been read, or once nothing has been read for _STALLED_S seconds."""
    give_up, before = time.monotonic() + _STALLED_S, -1
    while True:
        counts = await door.counts()
        progress.read(counts.read, counts.accepted)
        if counts.read >= counts.accepted:
            return counts
        if counts.read > before:
            give_up, before = time.monotonic() + _STALLED_S, counts.read
        if time.monotonic() > give_up:
            return counts
        await asyncio.sleep(_ASK_S)


def reasons(skipped: Iterable[Skipped]) -> str:
    """How many were skipped for which reason."""
    counted = Counter(one.reason.partition(":")[0] for one in skipped)
    return ", ".join(f"{count} {reason}" for reason, count in counted.most_common())


def _reconcile(taken: int, counts: Counts) -> None:
    """Raise StackError unless every mail handed in was accepted and read."""
    if counts.accepted > taken:
        print(f"{counts.accepted - taken} of them handed in twice, after a broken connection")
    if counts.accepted < taken:
        raise StackError(f"{taken} mails were handed in, but ingest knows of {counts.accepted}")
    if counts.read != counts.accepted:
        raise StackError(f"{counts.accepted - counts.read} mails are not read yet: see postroom status, they wait")
