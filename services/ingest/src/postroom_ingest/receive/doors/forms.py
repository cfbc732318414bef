"""The forms that delivery services post: read within bounds, the mail in them byte for byte."""

import json
from binascii import a2b_qp
from collections.abc import AsyncGenerator, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from postroom_plumbing.problems import Problem

MAX_FIELDS: Final = 200
MAX_RECIPIENTS: Final = 200
ADDRESS_CHARS: Final = 1_000
"""Far more than an address may have (RFC 5321 section 4.5.3.1.3); what is longer is no address."""
_BYTES: Final = "latin-1"
"""Bytes as text and back, whatever they are: a mail may hold any."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A mail in a form, or on its own. Make it with `posted`, which bounds the envelope."""

    raw: bytes
    envelope_from: str
    envelope_to: tuple[str, ...]
    once: str | None = None
    """What its signature was made for: it does not count for another mail."""


def posted(raw: bytes, sender: str, recipients: Iterable[str], once: str | None = None) -> Posted:
    """A mail and its envelope, without what is too long for an address or too much for an event."""
    known = [one for one in map(_storable, recipients) if 0 < len(one) <= ADDRESS_CHARS]
    sender = _storable(sender)
    return Posted(raw, sender if len(sender) <= ADDRESS_CHARS else "", tuple(known[:MAX_RECIPIENTS]), once)


def _storable(text: str) -> str:
    """Without halves of characters, which JSON can hold and no store takes."""
    return text.encode("utf-8", "replace").decode()


async def read_form(headers: Mapping[str, str], body: bytes) -> dict[str, bytes]:
    """The fields of a form, as they were sent; of several with one name the last.

    Raises:
        Problem: 415 or 422 when it is none, or has too many fields.
    """
    kind, options = parse_options_header(headers.get("content-type"))
    try:
        if kind == b"multipart/form-data":
            return await _multipart(options[b"boundary"].decode("ascii"), body)
        if kind == b"application/x-www-form-urlencoded":
            return _urlencoded(body)
    except (MultiPartException, ValueError, KeyError) as error:
        raise Problem(422, "invalid", "the form cannot be read") from error
    raise Problem(415, "unsupported", "post a form")


def _urlencoded(body: bytes) -> dict[str, bytes]:
    if body.count(b"&") >= MAX_FIELDS:
        raise ValueError("too many fields")
    pairs = (pair.partition(b"=") for pair in body.split(b"&"))
    return {_unescaped(name).decode(_BYTES): _unescaped(value) for name, _, value in pairs}


def _unescaped(value: bytes) -> bytes:
    """Percent-encoding undone by what undoes quoted-printable: urllib would hold everything up for seconds."""
    return a2b_qp(value.replace(b"+", b" ").replace(b"=", b"%3D").replace(b"%", b"="))


async def _multipart(boundary: str, body: bytes) -> dict[str, bytes]:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    headers = Headers({"content-type": f'multipart/form-data; charset={_BYTES}; boundary="{boundary}"'})
    parser = MultiPartParser(
        headers, stream(), max_files=MAX_FIELDS, max_fields=MAX_FIELDS, max_part_size=len(body) + 1
    )
    parser.spool_max_size = len(body) + 1  # else it would lie on a disk, readable
    fields = (await parser.parse()).items()
    return {
        name: await value.read() if isinstance(value, UploadFile) else value.encode(_BYTES) for name, value in fields
    }


def text(form: Mapping[str, bytes], name: str, default: str = "") -> str:
    """A field that is text."""
    return form[name].decode("utf-8", "replace") if name in form else default


def mailgun_mail(form: Mapping[str, bytes]) -> Posted:
    """The mail in a post of Mailgun's. Its signature is over its token alone, so the token counts once.

    Raises:
        Problem: 503 when the form has only pieces of the mail: Mailgun keeps it for 8 hours then, and would drop it for
            good at 406.
    """
    if "body-mime" not in form:
        raise Problem(503, "no-raw-mail", "there is no body-mime: let the route forward to an address ending in /mime")
    recipients = (one.strip() for one in text(form, "recipient").split(","))
    return posted(form["body-mime"], text(form, "sender"), recipients, text(form, "token"))


def sendgrid_mail(form: Mapping[str, bytes]) -> Posted:
    """The mail in a post of SendGrid's.

    Raises:
        Problem: 503 when the form has only pieces of the mail: SendGrid keeps it for three days then, and would drop
            it for good at any 4xx.
    """
    if "email" not in form:
        reason = "there is no field email: tick `POST the raw, full MIME message` in SendGrid"
        raise Problem(503, "no-raw-mail", reason)
    try:
        envelope = json.loads(text(form, "envelope", "{}"))
        sender, recipients = envelope.get("from", ""), envelope.get("to", [])
    except (ValueError, AttributeError, RecursionError):
        sender, recipients = "", []
    if not isinstance(sender, str) or not isinstance(recipients, list):
        sender, recipients = "", []
    return posted(form["email"], sender, (one for one in recipients if isinstance(one, str)))
