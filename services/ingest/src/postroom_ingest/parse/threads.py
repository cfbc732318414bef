"""Message-IDs, and which conversation a mail belongs to: cheap enough for every mail at SMTP time."""

import hashlib
import re
from functools import lru_cache

from postroom_ingest.parse.headers import Headers, prepared, read_head
from postroom_ingest.parse.limits import MAX_ID_CHARS, MAX_IDS
from postroom_ingest.parse.words import decode_words

SYNTHETIC_DOMAIN = "synthetic.invalid"
"""RFC 2606 section 2: `.invalid` can never be anybody's host."""

_BRACKETED = re.compile(r"<([^<>]+)>")
_SPACE = re.compile(r"[\s\x00]+")
_TELLING = ("from", "to", "cc", "date", "subject", "content-type")


@lru_cache(maxsize=256)  # a mail's are asked for a few times, a thread's with each of its mails
def _ids(value: bytes) -> tuple[str, ...]:
    """Ids of a field in order, without brackets; bare words count only where nothing is bracketed."""
    if not value:
        return ()
    if b"=?" in value:  # some programs encode what does not fit on a line, though RFC 2047 section 5 forbids it here
        value = decode_words(value, []).encode()
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    found = _BRACKETED.findall(text) or [w.strip("<>,;") for w in text.split() if "@" in w]
    ids = dict.fromkeys(i for f in found if (i := _SPACE.sub("", f)[:MAX_ID_CHARS]))
    kept = tuple(ids)
    return kept if len(kept) <= MAX_IDS else (kept[0], *kept[1 - MAX_IDS :])


def id_of(headers: Headers) -> str | None:
    """The mail's own id; an id without `@` or brackets is taken as it stands."""
    value = headers.value("message-id")
    ids = _ids(value)
    if ids:
        return ids[0]
    bare = _SPACE.sub("", value.decode("latin-1").strip("<>"))[:MAX_ID_CHARS]
    return bare or None


def references_of(headers: Headers) -> tuple[str, ...]:
    """Ids of References, oldest first."""
    return _ids(headers.value("references"))


def replied_to_of(headers: Headers) -> tuple[str, ...]:
    """Ids of In-Reply-To."""
    return _ids(headers.value("in-reply-to"))


def root_of(headers: Headers, raw: bytes) -> str:
    """See `thread_root`; `raw` starts with the head and only counts where there are no fields at all."""
    for ids in (references_of(headers), replied_to_of(headers)):
        if ids:
            return ids[0]
    own = id_of(headers)
    if own:
        return own
    telling = b"\n".join(headers.value(name) for name in _TELLING)
    digest = hashlib.sha256(telling if telling.strip() else raw[:1024])
    return f"{digest.hexdigest()[:32]}@{SYNTHETIC_DOMAIN}"


def thread_root(raw_head: bytes) -> str:
    """The id of the first mail of the conversation, from the head alone (the body may follow or not).

    The first id of References, else of In-Reply-To, else the own Message-ID (RFC 5322 section 3.6.4), else one
    made from the fields that stay the same whichever way a mail arrives. Agrees with `parse(raw).thread_root`.
    """
    raw = prepared(raw_head)
    return root_of(read_head(raw).headers, raw)


def message_id(raw_head: bytes) -> str | None:
    """The mail's own Message-ID without brackets, from the head alone."""
    return id_of(read_head(prepared(raw_head)).headers)
