"""The HTTP interface: what is on its way, and a person's decision to send something again."""

import hmac
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, SecretStr

from postroom_contracts.delivery import MailKind
from postroom_notifier.outgoing import Outgoing, State, resend
from postroom_notifier.sender import Sender
from postroom_notifier.store import Store
from postroom_plumbing.unit import Unit, Units


class OutgoingMail(BaseModel):
    """An outgoing mail without its content."""

    id: str
    ticket: str
    kind: MailKind
    state: State
    attempts: int
    recipients: int
    left: int
    refused: int
    queued_at: datetime
    next_at: datetime
    reason: str | None


class OutgoingMails(BaseModel):
    """A list of outgoing mails, those due first at the front."""

    outgoing: list[OutgoingMail]


def routes(store: Store, units: Units, sender: Sender, token: SecretStr) -> APIRouter:
    """The routes under /v1; all of them need `Authorization: Bearer <internal token>`."""
    router = APIRouter(prefix="/v1")
    expected = f"Bearer {token.get_secret_value()}".encode()

    def allowed(authorization: str | None) -> bool:
        return hmac.compare_digest((authorization or "").encode(), expected)

    @router.get("/outgoing", response_model=OutgoingMails)
    async def outgoing(
        authorization: Annotated[str | None, Header()] = None,
        state: Annotated[State | None, Query()] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> OutgoingMails | Response:
        if not allowed(authorization):
            return _not_allowed()
        return OutgoingMails(outgoing=[_shown(mail) for mail in await store.listed(state, limit)])

    @router.post("/outgoing/{outgoing}/resend", response_model=OutgoingMail, status_code=202)
    async def send_again(
        outgoing: str, authorization: Annotated[str | None, Header()] = None
    ) -> OutgoingMail | Response:
        if not allowed(authorization):
            return _not_allowed()

        async def work(unit: Unit) -> OutgoingMail | Response:
            mail = await store.find(outgoing, unit.session)
            if mail is None:
                return _problem(404, "Not found", f"there is no outgoing mail {outgoing}")
            settled = resend(mail, unit.now)
            if settled is None:
                return _problem(409, "Nothing to send again", f"it is {mail.state}: {_why_not(mail)}")
            await store.put_back(mail, settled, unit.session)
            again = await store.find(outgoing, unit.session)
            return _shown(again or mail)

        answer = await units.run(work)
        sender.wake()
        return answer

    return router


def _shown(mail: Outgoing) -> OutgoingMail:
    return OutgoingMail(
        id=mail.id,
        ticket=mail.ticket,
        kind=mail.kind,
        state=mail.state,
        attempts=mail.attempts,
        recipients=len(mail.to),
        left=len(mail.left),
        refused=len(mail.refused),
        queued_at=mail.queued_at,
        next_at=mail.next_at,
        reason=mail.reason,
    )


def _why_not(mail: Outgoing) -> str:
    if mail.state in ("failed", "uncertain"):
        return "it could not be written, so there are no bytes to send"
    return "only failed and uncertain mails can be sent again"


def _not_allowed() -> Response:
    response = _problem(401, "Not allowed", "Authorization: Bearer with the internal token is needed")
    response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _problem(status: int, title: str, detail: str) -> JSONResponse:
    """Problem details (RFC 9457)."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JSONResponse(body, status_code=status, media_type="application/problem+json")
