"""The internal HTTP door: raw mail for desk, mail from the import command, and the counts of an import."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pymongo.errors import PyMongoError

from postroom_ingest.ledger import Ledger
from postroom_ingest.parse import NoSuchPartError, attachment_bytes
from postroom_ingest.raw import Incoming, RawStore
from postroom_ingest.receive.accept import Acceptor
from postroom_ingest.settings import ReceiveSettings
from postroom_plumbing.internal import holders_of
from postroom_plumbing.problems import Problem, invalid
from postroom_plumbing.settings_view import SettingsView


def router(
    acceptor: Acceptor, raws: RawStore, ledger: Ledger, view: SettingsView, settings: ReceiveSettings
) -> APIRouter:
    """Routes under /v1, for holders of the internal token only."""
    routes = APIRouter(prefix="/v1", dependencies=[Depends(holders_of(settings.internal_token))])

    async def _raw(contact: str) -> bytes:
        check = await raws.find(contact)
        if check is None:
            raise Problem(404, "not-found", "no such mail")
        return (await raws.read([check]))[contact]

    @routes.get("/raw/{contact}")
    async def raw(contact: str) -> Response:
        return Response(await _raw(contact), media_type="message/rfc822")

    @routes.get("/raw/{contact}/parts/{part}")
    async def part(contact: str, part: int) -> Response:
        try:
            _, content = attachment_bytes(await _raw(contact), part)
        except NoSuchPartError as error:
            raise Problem(404, "not-found", "no such attachment") from error
        return Response(content, media_type="application/octet-stream")

    @routes.post("/imports/{run}/mails", status_code=202)
    async def hand_in(run: str, request: Request, mailbox: Annotated[str, Query()]) -> dict[str, str]:
        if mailbox not in view.current.mailbox:
            raise invalid("query.mailbox", f"there is no mailbox {mailbox!r}")
        raw_mail = await _body(request, settings.smtp_max_bytes)
        mail = Incoming(raw_mail, mailbox, "", (view.current.mailbox[mailbox].address,), "import", run)
        try:
            return {"contact": await acceptor.accept(mail)}
        except PyMongoError as error:
            raise Problem(503, "not-stored", "not stored, try again") from error

    @routes.get("/imports/{run}")
    async def counts(run: str) -> dict[str, int]:
        return {"accepted": await raws.count_run(run), **await ledger.count_run(run)}

    @routes.get("/mailboxes")
    async def mailboxes() -> dict[str, str]:
        return {name: mailbox.address for name, mailbox in view.current.mailbox.items()}

    return routes


async def _body(request: Request, limit: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise Problem(413, "too-large", f"larger than {limit} bytes")
    return bytes(body)
