"""The HTTP interface: what is on its way, and a person's decision to send something again."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, SecretStr

from postroom_contracts.delivery import MailKind
from postroom_notifier.outgoing import Outgoing, State, resend
from postroom_notifier.store import Store
from postroom_plumbing.internal import holders_of
from postroom_plumbing.problems import Problem
from postroom_plumbing.unit import Unit, Units
from postroom_plumbing.wakeup import Wakeup


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


def routes(store: Store, units: Units, wakeup: Wakeup, token: SecretStr) -> APIRouter:
    """Routes under /v1, for holders of the internal token only."""
    router = APIRouter(prefix="/v1", dependencies=[Depends(holders_of(token))])

    @router.get("/outgoing")
    async def outgoing(
        state: Annotated[State | None, Query()] = None, limit: Annotated[int, Query(ge=1, le=500)] = 100
    ) -> OutgoingMails:
        return OutgoingMails(outgoing=[_shown(mail) for mail in await store.listed(state, limit)])

    @router.post("/outgoing/{outgoing}/resend", status_code=202)
    async def send_again(outgoing: str) -> OutgoingMail:
        async def work(unit: Unit) -> OutgoingMail:
            mail = await store.find(outgoing, unit.session)
            if mail is None:
                raise Problem(404, "not-found", f"there is no outgoing mail {outgoing}")
            settled = resend(mail, unit.now)
            if settled is None:
                raise Problem(409, "not-to-be-resent", f"it is {mail.state}: {_why_not(mail)}")
            await store.put_back(mail, settled, unit.session)
            again = await store.find(outgoing, unit.session)
            return _shown(again or mail)

        answer = await units.run(work)
        await wakeup.set_everywhere()
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
