"""A mail that was forwarded as an attached message/rfc822 (RFC 2046 section 5.2.1)."""

from postroom_ingest.parse.forwards.model import Forwarded
from postroom_ingest.parse.headers import prepared, read_head
from postroom_ingest.parse.reader import parse
from postroom_ingest.parse.words import decode_words


def of_message(raw: bytes) -> Forwarded:
    """What the attached message says, from its bytes; `above` is empty. Never raises."""
    mail = parse(raw)
    return Forwarded(
        above="",
        sender=mail.from_,
        to=mail.to,
        cc=mail.cc,
        subject=mail.subject,
        date=decode_words(read_head(prepared(raw)).headers.value("date"), []),
        body=mail.text,
    )
