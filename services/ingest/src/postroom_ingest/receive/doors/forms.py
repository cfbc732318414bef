"""The forms that delivery services post: read within bounds, the mail in them byte for byte."""

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser

from postroom_plumbing.problems import Problem

MAX_FIELDS = 200


@dataclass(frozen=True, slots=True)
class Posted:
    """A mail in a form."""

    raw: bytes
    envelope_from: str
    envelope_to: tuple[str, ...]


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body of a request.

    Raises:
        Problem: 413 when it has more than `limit` bytes.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise Problem(413, "too-large", f"larger than {limit} bytes")
    return bytes(body)


async def read_form(headers: Headers, body: bytes) -> FormData:
    """The fields of a form.

    Raises:
        Problem: 422 when it is none.
    """

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body
        yield b""

    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == "multipart/form-data":
            parser = MultiPartParser(
                headers, stream(), max_files=MAX_FIELDS, max_fields=MAX_FIELDS, max_part_size=len(body) + 1
            )
            return await parser.parse()
        if kind == "application/x-www-form-urlencoded":
            return await FormParser(headers, stream()).parse()
    except (MultiPartException, ValueError, KeyError) as error:
        raise Problem(422, "invalid", "the form cannot be read") from error
    raise Problem(415, "unsupported", "post a form")


async def _bytes(form: FormData, name: str) -> bytes | None:
    value = form.get(name)
    if isinstance(value, UploadFile):
        return await value.read()
    return None if value is None else value.encode("utf-8", "surrogateescape")


def texts(form: FormData) -> dict[str, str]:
    """The fields that are short texts."""
    return {name: value for name, value in form.items() if isinstance(value, str)}


async def mailgun_mail(form: FormData) -> Posted:
    """The mail in a post of Mailgun's.

    Raises:
        Problem: 406, which Mailgun takes as final, when the form has only pieces of the mail.
    """
    raw = await _bytes(form, "body-mime")
    if raw is None:
        raise Problem(406, "no-raw-mail", "there is no body-mime: let the route forward to an address ending in /mime")
    fields = texts(form)
    recipients = tuple(one.strip() for one in fields.get("recipient", "").split(",") if one.strip())
    return Posted(raw, fields.get("sender", ""), recipients)


async def sendgrid_mail(form: FormData) -> Posted:
    """The mail in a post of SendGrid's.

    Raises:
        Problem: 422 when the form has only pieces of the mail.
    """
    raw = await _bytes(form, "email")
    if raw is None:
        raise Problem(422, "no-raw-mail", "there is no field email: tick `POST the raw, full MIME message` in SendGrid")
    try:
        envelope = json.loads(texts(form).get("envelope", "{}"))
        sender, recipients = envelope.get("from", ""), envelope.get("to", [])
    except (ValueError, AttributeError):
        sender, recipients = "", []
    if not isinstance(sender, str) or not isinstance(recipients, list):
        sender, recipients = "", []
    return Posted(raw, sender, tuple(one for one in recipients if isinstance(one, str)))
