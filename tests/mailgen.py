"""Seeded mail for the crash test and the benchmark.

The mix is exact in every 100 mails: 60 plain UTF-8 (8bit or quoted-printable, some of them Persian), 25 with an
HTML alternative of 5 to 15 KB, 10 with one attachment of 50 to 200 KB, 5 in an older charset; 35 of them answer
one of the 400 mails before. Senders are many, so that none of them is a flood; an answer comes from who wrote the
mail above it or from a colleague of theirs.
"""

import hashlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random

import mailgen_mime as mime
import mailgen_text as text

REPLY_WINDOW = 400
SENDERS = 100_000
_BLOCK = ("plain",) * 60 + ("alternative",) * 25 + ("attachment",) * 10 + ("charset",) * 5
_REPLIES = 35
_PERSIAN_SHARE = 0.12  # of the plain ones
_QUOTED_LINES = 30
_EPOCH = datetime(2026, 1, 5, 8, tzinfo=UTC)
_TRACE = "from mx.example.net (mx.example.net [192.0.2.{host}]) by mail.example.com with ESMTPS id {id}; {date}"
_FILES = (
    ("invoice-{n}.pdf", "application/pdf"),
    ("screenshot {n}.png", "image/png"),
    ("Größe-{n}.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("فاکتور-{n}.pdf", "application/pdf"),
)


@dataclass(frozen=True, slots=True)
class Attachment:
    """What a file in a mail must come out as."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class GeneratedMail:
    """A mail as it goes over the wire, and the truth about it.

    `raw` has CRLF line ends; Message-IDs stand in angle brackets; `parent` and `root` are Message-IDs of
    earlier mails (`root` is its own for a mail that starts a thread); `marker` is a word in the body (each of its
    texts) that no other mail has, not even one that quotes this one.
    """

    index: int
    raw: bytes
    message_id: str
    sender: str
    subject: str
    parent: str | None
    root: str
    marker: str
    attachments: tuple[Attachment, ...]
    kind: str
    charset: str


@dataclass(frozen=True, slots=True)
class _Earlier:
    """What an answer needs of the mail it answers."""

    index: int
    message_id: str
    root: str
    references: tuple[str, ...]
    subject: str
    sender: int
    words: str
    date: datetime


@dataclass(slots=True)
class _Past:
    """The last mails by charset: an answer keeps the charset of what it quotes."""

    by_charset: dict[str, deque[_Earlier]] = field(default_factory=dict)

    def pick(self, rng: Random, charset: str, index: int) -> _Earlier | None:
        mails = self.by_charset.get(charset)
        while mails and mails[0].index < index - REPLY_WINDOW:
            mails.popleft()
        return mails[rng.randrange(len(mails))] if mails else None

    def add(self, charset: str, mail: _Earlier) -> None:
        self.by_charset.setdefault(charset, deque(maxlen=REPLY_WINDOW)).append(mail)


def generate(count: int, seed: int, to: str = "support@example.com") -> Iterator[GeneratedMail]:
    """Yield `count` mails addressed to `to`, the same ones for the same seed, an answer always after its parent.

    Fewer mails of one seed are the beginning of more. Message-IDs and markers of different seeds never meet.
    """
    rng = Random(seed)
    past = _Past()
    owed = 0
    for index in range(count):
        if index % len(_BLOCK) == 0:
            kinds = rng.sample(_BLOCK, len(_BLOCK))
            answers = set(rng.sample(range(len(_BLOCK)), _REPLIES))
        kind = kinds[index % len(_BLOCK)]
        charset = rng.choice(text.CHARSETS) if kind == "charset" else "utf-8"
        owed += index % len(_BLOCK) in answers
        parent = past.pick(rng, charset, index) if owed else None
        owed -= parent is not None  # where there is nothing to answer yet, a later mail does it
        yield _mail(rng, past, _Task(index, seed, to, kind, charset, parent))


@dataclass(frozen=True, slots=True)
class _Task:
    index: int
    seed: int
    to: str
    kind: str
    charset: str
    parent: _Earlier | None


def _mail(rng: Random, past: _Past, task: _Task) -> GeneratedMail:
    parent, index = task.parent, task.index
    number = 10_000 + index
    sender = _sender(rng, parent)
    name, address = text.person(sender)
    token = hashlib.sha256(f"{task.seed}/{index}".encode()).hexdigest()
    marker = f"mark{token[:16]}"
    date = _EPOCH + timedelta(seconds=61 * index)
    persian = task.kind == "plain" and rng.random() < _PERSIAN_SHARE
    fresh_subject, words = text.letter(rng, task.charset, number, persian)
    subject = _answered(parent.subject) if parent else fresh_subject
    body = f"{words}\n{marker}\n\n-- \n{address}\n{_quote(parent) if parent else ''}"

    message_id = f"<{task.seed}.{index}.{token[16:28]}@{address.partition('@')[2]}>"
    references = (*parent.references, parent.message_id)[-10:] if parent else ()
    head = [
        ("Received", _TRACE.format(host=1 + index % 250, id=token[28:40], date=format_datetime(date))),
        ("Date", format_datetime(date)),
        ("From", mime.mailbox(name, address)),
        ("To", task.to),
        ("Subject", mime.words(subject, task.charset)),
        ("Message-ID", message_id),
    ]  # fmt: skip
    if parent:
        head += [("In-Reply-To", parent.message_id), ("References", "\r\n ".join(references))]
    raw, attachments = _encode(rng, task, head, body, number)
    root = parent.root if parent else message_id
    past.add(task.charset, _Earlier(index, message_id, root, references, subject, sender, words, date))
    return GeneratedMail(
        index, raw, message_id, address, subject, parent.message_id if parent else None, root, marker, attachments,
        task.kind, task.charset,
    )  # fmt: skip


def _sender(rng: Random, parent: _Earlier | None) -> int:
    if parent is None:
        return rng.randrange(SENDERS)
    return parent.sender if rng.random() < 0.6 else rng.choice(text.colleagues(parent.sender))


def _encode(
    rng: Random, task: _Task, head: list[tuple[str, str]], body: str, number: int
) -> tuple[bytes, tuple[Attachment, ...]]:
    boundary = f"=_{task.seed}_{task.index}_part"
    if task.kind == "alternative":
        page = text.page(rng, body, rng.randint(5_000, 15_000))
        parts = [
            mime.text_part(body, "plain", "utf-8", "quoted-printable"),
            mime.text_part(page, "html", "utf-8", rng.choice(("8bit", "quoted-printable"))),
        ]
        return mime.multipart(head, "alternative", boundary, parts), ()
    if task.kind == "attachment":
        template, content_type = rng.choice(_FILES)
        name, data = template.format(n=number), rng.randbytes(rng.randint(50_000, 200_000))
        parts = [
            mime.text_part(body, "plain", "utf-8", "quoted-printable"),
            mime.file_part(name, content_type, data),
        ]
        truth = Attachment(name, len(data), hashlib.sha256(data).hexdigest())
        return mime.multipart(head, "mixed", boundary, parts), (truth,)
    if task.charset == "iso-2022-jp":
        encoding = "7bit"
    elif task.kind == "charset":
        encoding = rng.choice(("8bit", "base64", "quoted-printable"))
    else:
        encoding = rng.choice(("8bit", "quoted-printable"))
    return mime.single(head, mime.text_part(body, "plain", task.charset, encoding)), ()


def _answered(subject: str) -> str:
    return subject if subject.startswith("Re: ") else f"Re: {subject}"


def _quote(parent: _Earlier) -> str:
    address = text.person(parent.sender)[1]
    quoted = "\n".join(f"> {line}" for line in parent.words.splitlines()[:_QUOTED_LINES])
    return f"\nOn {parent.date:%a, %d %b %Y at %H:%M}, {address} wrote:\n{quoted}\n"
