"""Routes of the HTTP doors: POST /doors/<id>, each as its setting (kind `door`) says."""

import logging
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from pydantic import ValidationError
from pymongo.errors import PyMongoError

from postroom_contracts.config import HttpDoor
from postroom_contracts.values import Door
from postroom_ingest.raw import Incoming
from postroom_ingest.receive.accept import Acceptor, KeyReusedError
from postroom_ingest.receive.body import AGAIN, read_body
from postroom_ingest.receive.doors import proofs
from postroom_ingest.receive.doors.forms import (
    Posted,
    mailgun_mail,
    posted,
    read_form,
    sendgrid_mail,
    text,
)
from postroom_ingest.receive.mailboxes import Mailboxes, others
from postroom_ingest.receive.room import Room, Share
from postroom_ingest.receive.tally import Tally
from postroom_ingest.settings import ReceiveSettings
from postroom_ingest.submission import Submission
from postroom_plumbing import measures
from postroom_plumbing.clock import utc_now
from postroom_plumbing.internal import bearer_fits
from postroom_plumbing.problems import Problem
from postroom_plumbing.sealing import Sealer
from postroom_plumbing.settings_view import SettingsView

log = logging.getLogger(__name__)

_Key = Annotated[str | None, Header(max_length=255)]


class Doors:
    """The doors, as the settings have them at the moment."""

    def __init__(
        self, acceptor: Acceptor, view: SettingsView, sealer: Sealer, settings: ReceiveSettings, tally: Tally
    ) -> None:
        self._acceptor = acceptor
        self._view = view
        self._mailboxes = Mailboxes(view)
        self._sealer = sealer
        self._max_bytes = settings.smtp_max_bytes
        self._room = Room(settings.doors_memory_bytes, measures.door_bytes.set)
        self._for_strangers = Room(settings.doors_memory_bytes // 2, part_of=self._room)
        self._tally = tally

    async def hand_in(self, name: str, request: Request, key: str | None) -> str:
        """Take what was posted; the id of the contact.

        Raises:
            Problem: it was not taken: 401, 404, 409, 413, 415, 422, or 503 for trying again. Whatever it is, SendGrid
                is told 503: see `_drops_at_4xx`.
        """
        if not self._mailboxes.known():
            raise Problem(503, "not-ready", "the settings have not come yet, try again", headers=AGAIN)
        door = self._view.current.door.get(name)
        proved_first = door is not None and door.kind in _BEARER
        share = Share(self._room if proved_first else self._for_strangers)  # theirs must not shut the other doors
        try:
            return await self._taken(name, door, request, key, share)
        except Problem as problem:
            self._tally.refused(str(problem.status_code))
            told = {"door": name if door else "unknown", "status": problem.status_code, "reason": problem.kind}
            log.warning("not taken at an http door", extra=told)
            if problem.status_code < 500 and _drops_at_4xx(door, request):
                raise Problem(503, problem.kind, str(problem.detail), problem.errors, headers=AGAIN) from None
            raise
        finally:
            share.release()

    async def _taken(self, name: str, door: HttpDoor | None, request: Request, key: str | None, share: Share) -> str:
        if door is None or not door.enabled:
            raise Problem(404, "not-found", "there is no such door")
        secret = self._sealer.open_text(door.secret)
        if door.kind in _BEARER:  # before anything of a stranger's is kept
            _require(bearer_fits(request.headers.get("authorization", ""), secret))
        body = await read_body(request, self._max_bytes, share)
        if door.kind == "contacts":
            mail = self._submission(name, door, body, key)
        else:
            found = await _POSTED[door.kind](secret, request, body)
            mail = self._incoming(name, door, found, key)
        try:
            return await self._acceptor.accept(mail)
        except KeyReusedError as error:
            raise Problem(409, "key-reused", "this key or token came with something else before") from error
        except PyMongoError as error:
            raise Problem(503, "not-stored", "not stored, try again", headers=AGAIN) from error

    def _incoming(self, name: str, door: HttpDoor, found: Posted, key: str | None) -> Incoming:
        named = [mailbox for one in found.envelope_to if (mailbox := self._mailboxes.find(one)) is not None]
        mailboxes = named or [door.mailbox]
        way: Door = "http" if door.kind == "mail" else "webhook"
        return Incoming(
            found.raw,
            mailboxes[0],
            found.envelope_from,
            found.envelope_to,
            way,
            also=others(mailboxes),
            key=_key(name, found.once or key),  # a stranger's key must not take the place of what was signed
        )

    def _submission(self, name: str, door: HttpDoor, body: bytes, key: str | None) -> Incoming:
        try:
            submission = Submission.model_validate_json(body)
        except ValidationError as error:
            errors = [
                {"field": ".".join(str(part) for part in one["loc"]) or "body", "reason": one["msg"]}
                for one in error.errors(include_url=False, include_input=False)
            ]
            raise Problem(422, "invalid", "not valid: " + ", ".join(one["field"] for one in errors), errors) from None
        mailbox = submission.mailbox or door.mailbox
        if mailbox not in self._view.current.mailbox:
            reason = f"there is no mailbox {mailbox!r}"
            raise Problem(422, "invalid", "not valid: mailbox", [{"field": "mailbox", "reason": reason}])
        return Incoming(
            body,
            mailbox,
            submission.sender.identity,
            (),
            "http",
            channel=submission.channel,
            thread_key=submission.thread_key,
            key=_key(name, key),
        )


def _drops_at_4xx(door: HttpDoor | None, request: Request) -> bool:
    """Whether a mail is lost for good when it is refused by a 4xx.

    At a 5xx SendGrid tries again for 72 hours, time to mend a wrong key, a closed door or too low a limit; at a 4xx or
    3xx it drops the mail and tells nobody. Mailgun tries again for 8 hours at anything but 200 and 406, and our own
    callers have the mail.

    https://support.sendgrid.com/hc/en-us/articles/46513815674395-Understanding-Inbound-Parse-Webhook-Retry-Logic
    https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store/receive-http
    """
    return proofs.by_sendgrid(request.headers) if door is None else door.kind == "sendgrid"


def _key(door: str, key: str | None) -> tuple[str, str] | None:
    return (door, key) if key else None


async def _mail(_: str, request: Request, body: bytes) -> Posted:
    query = request.query_params
    return posted(body, query.get("sender", ""), query.getlist("recipient"))


async def _mailgun(secret: str, request: Request, body: bytes) -> Posted:
    form = await read_form(request.headers, body)
    timestamp, token, signature = (text(form, name) for name in ("timestamp", "token", "signature"))
    _require(proofs.mailgun_signed(timestamp, token, signature, secret, utc_now()))
    return mailgun_mail(form)


async def _sendgrid(secret: str, request: Request, body: bytes) -> Posted:
    _require(proofs.sendgrid_signed(request.headers, body, secret, utc_now()))
    return sendgrid_mail(await read_form(request.headers, body))


_POSTED: dict[str, Callable[[str, Request, bytes], Awaitable[Posted]]] = {
    "mail": _mail,
    "mailgun": _mailgun,
    "sendgrid": _sendgrid,
}
"""By kind of door: the mail in a post, whose sender has proved (or proves here, by the secret) who it is."""
_BEARER = ("mail", "contacts")


def _require(proved: bool) -> None:
    if not proved:
        raise Problem(401, "unauthorized", "the token or the signature is not right")


def doors_router(doors: Doors) -> APIRouter:
    """POST /doors/{door}, and /doors/{door}/mime, which is the same: Mailgun posts whole mails to such addresses."""
    routes = APIRouter(prefix="/doors", tags=["doors"])

    @routes.post("/{door}", status_code=200)
    @routes.post("/{door}/", status_code=200, include_in_schema=False)  # a redirect would be no answer to SendGrid
    @routes.post("/{door}/mime", status_code=200, include_in_schema=False)
    async def hand_in(
        door: str,
        request: Request,
        idempotency_key: _Key = None,
        sender: Annotated[str | None, Query()] = None,  # noqa: ARG001 - read from the query, shown in the API's page
        recipient: Annotated[list[str] | None, Query()] = None,  # noqa: ARG001 - the same
    ) -> dict[str, str]:
        """Hand a contact in: by the door's kind a raw mail, a submission as JSON, or a delivery service's form.

        The answer comes when it is stored and cannot be lost. `Idempotency-Key` makes trying again harmless.
        """
        return {"contact": await doors.hand_in(door, request, idempotency_key)}

    return routes
