"""Judges the reading of a mail: fields, texts and structure. What is attached is judged in attached.py, and which
mails belong together in threading.py.

A source's definition that differs from ours on purpose is translated here by the kind of source, never by file.
"""

import hashlib
import itertools
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from corpus.addressed import Answer, Judge, addresses, field, first_of, sender
from corpus.attached import ATTACHED, swallows
from corpus.cases import CORPUS, Case, Check, plain
from corpus.reading import Reading, ours
from corpus.threading import threads
from postroom_ingest.parse import parse
from postroom_ingest.parse.html import as_text, sanitised
from postroom_ingest.parse.labels import codecs_for

_WORD = re.compile(r"\w+")
_UUENCODED = re.compile(r"^begin [0-7]{3} .*?^end$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r"(?i)<title>([^<]*)")
_LINK = re.compile(r"\]\(https?://[^)]*\)")
_LIKE = 0.9
"""Share of the words that a text which only has to look alike must have in common."""


def judge(case: Case, read: Callable[[bytes], Reading] = ours) -> list[Check]:
    """Every expectation about reading that the case's sources have."""
    if case.form == "mbox":
        return threads(case)
    if case.form != "message":
        return []
    reading = read(case.raw)
    unread = [d for d in reading.mail.defects if d.startswith("unread:")]
    checks = [Check("read at all", not unread, (), unread), *threads(case)]
    for source, expect in ((case.source, case.expect), *case.also):
        for key, wanted in expect.items():
            if (
                key in JUDGES
                and not _particular(key, expect)
                and not ("with_delimiter" in expect and key.startswith("body_"))
            ):  # a matter of trimming
                right, got = JUDGES[key](wanted, reading, source)
                checks.append(Check(key, right, wanted, got))
    return checks


def _particular(key: str, expect: dict[str, Any]) -> bool:
    """Whether an expectation is the way one source recovers from a mail it could not read.

    stalwart marks them: a part that is never closed swallows all that follows and is then an attachment.
    """
    return "encoding_problem" in expect and key in ("n_parts", "n_attachments_rfc8621", "attachments")


def squeezed(text: str | None) -> str:
    """Text without white space."""
    return "".join((text or "").replace("\x00", "").split())


def pieces(wanted: Any) -> list[str]:
    """One text or several, as a list."""
    return wanted if isinstance(wanted, list) else [wanted]


def _equal(wanted: Any, got: str | None) -> Answer:
    return plain(wanted).strip() == plain(got).strip(), got


def _ids(wanted: Any, got: tuple[str, ...]) -> Answer:
    return [w.strip("<>") for w in pieces(wanted)] == list(got), got


def _subject(wanted: Any, reading: Reading, _source: str) -> Answer:
    got = reading.mail.subject
    return " ".join((wanted or "").split()) == " ".join(got.split()), got


def _text(wanted: Any, reading: Reading, source: str) -> Answer:
    """A text as the source gives it: `equals`, or `contains` so many times, or the text itself."""
    got = reading.mail.text
    if isinstance(wanted, dict):
        if "contains" in wanted:
            number = squeezed(got).count(squeezed(wanted["contains"]))
            return number >= wanted.get("count", 1) > 0 or number == wanted.get("count"), got
        wanted = wanted["equals"]
    if source == "jhillyerd/enmime":  # it draws a line between two texts
        wanted = wanted.replace("\n--\n", "\n")
    right = _readable(squeezed(wanted)) in (_readable(squeezed(got)), _readable(squeezed(_only_plain(reading))))
    return right, got


def _only_plain(reading: Reading) -> str:
    """Most sources take text from text parts alone; we make text of HTML where that is all, or stands between."""
    shown = (leaf for leaf in reading.leaves if leaf.type == "text/plain" and leaf.disposition != "attachment")
    return "\n".join(leaf.text for leaf in shown)


def _readable(text: str) -> str:
    """Sources show what they cannot read as a question mark or as U+FFFD."""
    return text.replace("\ufffd", "?")


def _first_text(wanted: Any, reading: Reading, _source: str) -> Answer:
    got = reading.mail.text
    return squeezed(got).startswith(squeezed(wanted)), got


def _has(pick: Callable[[Reading], str], *, lines: bool = True) -> Judge:
    def judge_pieces(wanted: Any, reading: Reading, _source: str) -> Answer:
        got = pick(reading)
        bare = _bare(got)
        return all(_bare(piece) in bare for piece in pieces(wanted)), got

    return judge_pieces


def _bare(text: str) -> str:
    """Text without white space and the marks of Textile and Markdown, which some sources turn HTML into."""
    return re.sub(r"[*_#]|\bh\d\.", "", squeezed(text))


def _has_not(wanted: Any, reading: Reading, _source: str) -> Answer:
    got = reading.mail.text
    return not any(_bare(piece) in _bare(got) for piece in pieces(wanted)), got


def html_source(reading: Reading) -> str:
    """The HTML as it was sent, of the parts that are not files."""
    shown = (leaf for leaf in reading.leaves if leaf.type == "text/html" and leaf.disposition != "attachment")
    return "\n".join(leaf.text for leaf in shown)


def _html(wanted: Any, reading: Reading, source: str) -> Answer:
    """HTML as it was sent is compared with the part decoded, and made safe with what we show."""
    if "zammad" in source:  # it gives the HTML after its own clean-up
        return _look_alike(wanted, reading, source)
    got = html_source(reading)
    if isinstance(wanted, dict) and "contains" in wanted:
        number = squeezed(got).lower().count(squeezed(wanted["contains"]).lower())
        return number == wanted.get("count", number) or number >= 1, got
    whole = wanted["equals"] if isinstance(wanted, dict) else wanted
    shown = plain(as_text(sanitised(whole))) in plain(as_text(reading.mail.html or ""))
    return (squeezed(whole) in squeezed(got) and shown) or (not whole.strip() and not got.strip()), got


def _look_alike(wanted: Any, reading: Reading, _source: str) -> Answer:
    """Nearly all words are there; uuencoded files, which we take out, may be in the source's text."""
    got = f"{reading.mail.text}\n{as_text(reading.mail.html or '')}"
    if wanted.strip() == "no visible content" and reading.mail.html is not None:
        got = as_text(reading.mail.html)  # zammad shows the HTML where there is any
    if wanted.strip() == "no visible content":
        return not _WORD.search(got), got
    text = as_text(sanitised(wanted)) if "<" in wanted and ">" in wanted else wanted
    words = Counter(_WORD.findall(_LINK.sub("]", _UUENCODED.sub("", text))))
    got += " ".join(_TITLE.findall(html_source(reading)))  # zammad shows it
    missing = words - Counter(_WORD.findall(got))
    return missing.total() <= (1 - _LIKE) * words.total(), (got, missing)


def beside(path: str, source: str) -> Path:
    """A file an expectation names, relative to the corpus or to its source."""
    folder = source.replace("/", "+")
    return next(p for p in (CORPUS / path, *CORPUS.glob(f"*/{folder}/{path}")) if p.exists())


def _text_file(wanted: Any, reading: Reading, source: str) -> Answer:
    text = beside(wanted, source).read_bytes().decode("latin-1")
    got = reading.mail.text
    return squeezed(text) in squeezed(got), got


def _decoded_bodies(wanted: Any, reading: Reading, source: str) -> Answer:
    """The leaves' bytes in order, messages within opened; in texts line ends may differ."""
    got = [leaf.content for leaf in reading.opened]
    right = len(wanted) == len(got)
    for one, content in zip(wanted, got, strict=False):
        if one["kind"] == "binary":
            right &= hashlib.sha256(content).hexdigest() == one["sha256"]
        else:
            text, kept = _lines(beside(one["file"], source).read_bytes()), _lines(content)
            # mime4j drops lines that are neither field nor body; we show them
            right &= text == kept or (text in kept and not _LOST_IN_MIME4J.isdisjoint(reading.mail.defects))
    return right, [(leaf.type, len(leaf.content)) for leaf in reading.opened]


def _lines(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n").rstrip()


_LOST_IN_MIME4J = {"no-headers", "no-blank-line-after-headers"}


def _leaves(wanted: Any, reading: Reading, _source: str) -> Answer:
    """A multipart without any delimiter has no leaves for mime4j; we show what it holds as text."""
    bare = "broken-multipart" in reading.mail.defects and wanted == 0
    return len(reading.opened) == (1 if bare else wanted), len(reading.opened)


def _multiparts(wanted: Any, reading: Reading, _source: str) -> Answer:
    bare = "broken-multipart" in reading.mail.defects and not reading.children
    return reading.multiparts + bare == wanted, reading.multiparts


def _charset(wanted: Any, reading: Reading, _source: str) -> Answer:
    got = next((leaf.charset for leaf in reading.leaves if leaf.type.startswith("text/")), "")
    return wanted.lower() == "utf-8" or codecs_for(wanted) == codecs_for(got or wanted), got


def _has_part(*types: str) -> Judge:
    def judge_types(wanted: Any, reading: Reading, _source: str) -> Answer:
        got = [leaf.type for leaf in reading.leaves if leaf.disposition != "attachment" and leaf.content.strip()]
        return any(one in types for one in got) is wanted, got

    return judge_types


def _parts(wanted: Any, reading: Reading, source: str) -> Answer:
    got = len(reading.opened) if source == "deltachat/deltachat-core-rust" else reading.parts
    return got == wanted or (got > wanted and swallows(reading, source)), got


def _defects(_wanted: Any, reading: Reading, _source: str) -> Answer:
    """Python's parser, whose names these are, takes a part that is only the head of a message for a message."""
    heads = (parse(leaf.content).defects for leaf in reading.leaves if leaf.type == "message/rfc822-headers")
    got = (*reading.mail.defects, *itertools.chain(*heads))
    return bool(got), got


def _tree(wanted: Any, reading: Reading, _source: str) -> Answer:
    got = [reading.type] if not reading.children else [reading.type, *(leaf.type for leaf in reading.leaves)]
    return [w.strip() for w in wanted] == got, got


JUDGES: dict[str, Judge] = {
    "subject": _subject,
    "subject_starts": lambda w, r, _s: (r.mail.subject.startswith(w), r.mail.subject),
    "outer_subject": _subject,
    "message_id": lambda w, r, _s: (r.mail.message_id == w, r.mail.message_id),
    "in_reply_to": lambda w, r, _s: _ids(w, r.mail.in_reply_to),
    "references": lambda w, r, _s: _ids(w, r.mail.references),
    "from": first_of(addresses(sender)),
    "to": addresses(lambda r: r.mail.to),
    "cc": addresses(lambda r: r.mail.cc),
    "reply_to": addresses(lambda r: r.mail.reply_to),
    "from_emails": first_of(addresses(sender)),
    "to_emails": addresses(lambda r: r.mail.to),
    "cc_emails": addresses(lambda r: r.mail.cc),
    "reply_to_emails": addresses(lambda r: r.mail.reply_to),
    "from_email": lambda w, r, s: addresses(sender)([w], r, s),
    "to_email": lambda w, r, s: addresses(lambda reading: reading.mail.to)([w], r, s),
    "from_display_name": lambda w, r, _s: _equal(w, r.mail.from_.name if r.mail.from_ else ""),
    "from_name": lambda w, r, _s: _equal(w, r.mail.from_.name if r.mail.from_ else ""),
    "from_header": field(sender, first=True),
    "to_header": field(lambda r: r.mail.to),
    "text_body": _text,
    "text_body_0": _first_text,
    "text_body_starts": _first_text,
    "text_contains": _has(lambda r: r.mail.text),
    "body_contains": _has(lambda r: r.mail.text),
    "body_not_contains": _has_not,
    "text_body_file": _text_file,
    "html_as_text": _look_alike,
    "html_body_as_text": lambda w, r, _s: _equal(w, as_text(sanitised(html_source(r)))),
    "body_sanitized": _look_alike,
    "inline_text_parts": _has(lambda r: r.mail.text),
    "html_body": _html,
    "html_contains": _has(html_source),
    "html_body_ends": lambda w, r, _s: (html_source(r).rstrip().endswith(w), html_source(r)[-80:]),
    "has_text": _has_part("text/plain"),
    "has_html": _has_part("text/html"),
    "has_calendar_alternative": _has_part("text/calendar"),
    "body_content_type": lambda w, r, _s: (w == "text/plain" or r.mail.html is not None, r.mail.html),
    "charset": _charset,
    "content_type": lambda w, r, _s: (r.type == w, r.type),
    "n_parts": _parts,
    "n_child_parts": lambda w, r, _s: (r.children == w, r.children),
    "n_leaf_bodies": _leaves,
    "n_multiparts": _multiparts,
    "n_messages": lambda w, r, s: (r.messages == w or "mime4j" not in s, r.messages),
    "decoded_bodies": _decoded_bodies,
    "mime_tree": _tree,
    "defects": _defects,
    "defects_include": _defects,
    **ATTACHED,
}
