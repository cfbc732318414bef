"""The internal HTTP door: raw mail for desk, mail from the import command, and the counts of an import."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pymongo.errors import PyMongoError

from postroom_contracts.values import Channel
from postroom_ingest.ledger import Ledger
from postroom_ingest.parse import NoSuchPartError, attachment_bytes
from postroom_ingest.raw import Incoming, RawStore
from postroom_ingest.receive.accept import Acceptor
from postroom_ingest.receive.body import read_body
from postroom_ingest.receive.netstrings import split
from postroom_ingest.settings import ReceiveSettings
from postroom_ingest.submission import submitted_file
from postroom_plumbing.internal import holders_of
from postroom_plumbing.problems import Problem, invalid
from postroom_plumbing.settings_view import SettingsView

IMPORT_MAILS = 256
IMPORT_BYTES = 8_000_000
"""What one request of an import may hold, besides one mail of the largest size."""


def router(
    acceptor: Acceptor, raws: RawStore, ledger: Ledger, view: SettingsView, settings: ReceiveSettings
) -> APIRouter:
    """Routes under /v1, for holders of the internal token only."""
    routes = APIRouter(prefix="/v1", dependencies=[Depends(holders_of(settings.internal_token))])

    async def _raw(contact: str) -> tuple[bytes, Channel]:
        found = await raws.find(contact)
        if found is None:
            raise Problem(404, "not-found", "no such mail")
        check, channel = found
        return (await raws.read([check]))[contact], channel

    @routes.get("/raw/{contact}")
    async def raw(contact: str) -> Response:
        source, channel = await _raw(contact)
        return Response(source, media_type="message/rfc822" if channel == "email" else "application/json")

    @routes.get("/raw/{contact}/parts/{part}")
    async def part(contact: str, part: int) -> Response:
        source, channel = await _raw(contact)
        try:
            content = attachment_bytes(source, part)[1] if channel == "email" else submitted_file(source, part)
        except NoSuchPartError as error:
            raise Problem(404, "not-found", "no such attachment") from error
        return Response(content, media_type="application/octet-stream")

    @routes.post("/imports/{run}/mails", status_code=202)
    async def hand_in(run: str, request: Request, mailbox: Annotated[str, Query()]) -> dict[str, list[str]]:
        """Take mails, each a netstring of the body; the contacts in the same order.

        All are durable then. With 413 or 422 none was taken; with 503 some may have been, and will be duplicates.
        """
        if mailbox not in view.current.mailbox:
            raise invalid("query.mailbox", f"there is no mailbox {mailbox!r}")
        address = view.current.mailbox[mailbox].address
        mails = await _mails(request, settings.smtp_max_bytes)
        incoming = [Incoming(raw, mailbox, "", (address,), "import", run, imported=True) for raw in mails]
        try:
            return {"contacts": await _accept(acceptor, incoming)}
        except PyMongoError as error:
            raise Problem(503, "not-stored", "not all stored, try again") from error

    @routes.get("/imports/{run}")
    async def counts(run: str) -> dict[str, int]:
        return {"accepted": await raws.count_run(run), **await ledger.count_run(run)}

    @routes.get("/mailboxes")
    async def mailboxes() -> dict[str, str]:
        return {name: mailbox.address for name, mailbox in view.current.mailbox.items()}

    return routes


async def _mails(request: Request, largest: int) -> list[bytes]:
    """The mails in a request, each of at most `largest` bytes."""
    try:
        mails = split(await read_body(request, largest + IMPORT_BYTES))
    except ValueError as error:
        raise invalid("body", str(error)) from error
    if len(mails) > IMPORT_MAILS:
        raise Problem(413, "too-large", f"more than {IMPORT_MAILS} mails")
    if any(len(raw) > largest for raw in mails):
        raise Problem(413, "too-large", f"a mail is larger than {largest} bytes")
    return mails


async def _accept(acceptor: Acceptor, mails: Sequence[Incoming]) -> list[str]:
    """The contacts of mails handed in at once. When one fails, this raises after the others are done too."""
    accepted = await asyncio.gather(*map(acceptor.accept, mails), return_exceptions=True)
    for error in accepted:
        if isinstance(error, BaseException):
            raise error
    return [one for one in accepted if isinstance(one, str)]
