"""Judges the cases of the category `forwarded`."""

import re
from typing import Any

from corpus.cases import CORPUS, Case, Check, plain
from postroom_ingest.parse import parse
from postroom_ingest.parse.forwards import Forwarded, forwarded
from postroom_ingest.parse.model import Address

_QUOTES = re.compile(r"^>+ ?", re.MULTILINE)


def judge(case: Case) -> list[Check]:
    """Each expectation of a forward, once for each subject the source gives with the text."""
    expect = case.expect
    subjects: list[str] = [
        (CORPUS / path).read_text(encoding="utf-8").strip() for path in expect.get("given_subject_from", ())
    ]
    checks: list[Check] = []
    for subject in subjects or [_own_subject(case)]:
        checks += _checks(expect, forwarded(subject, _text(case)))
    return checks


def _own_subject(case: Case) -> str:
    return case.mail.subject if case.form == "message" else ""


def _text(case: Case) -> str:
    if case.form == "message":
        return case.mail.text
    if case.form == "body-html":
        return _as_text(case.raw)
    return case.body


def _as_text(html: bytes) -> str:
    return parse(b"Content-Type: text/html; charset=utf-8\n\n" + html).text


def _html(value: str, key: str) -> bytes:
    return (CORPUS / value).read_bytes() if key.endswith("_file") else value.encode()


def _words(text: str) -> list[str]:
    """Text made from HTML as it is compared: the source keeps other white space than we do."""
    return text.split()


def _checks(expect: dict[str, Any], found: Forwarded | None) -> list[Check]:
    checks: list[Check] = []

    def check(name: str, wanted: object, got: object) -> None:
        checks.append(Check(name, wanted == got, wanted, got))

    if "is_forwarded" in expect:
        check("is_forwarded", expect["is_forwarded"], found is not None)
    if "wrap_type" in expect:
        check("wrap_type", expect["wrap_type"], "forward" if found else None)
    for key in ("message_above_forward", "text_before_embedded"):
        if key in expect:
            check(key, plain(expect[key]), plain(found.above) if found else None)
    if "embedded_message" in expect:
        body = expect["embedded_message"].partition("\n\n")[2]
        check("embedded_message", plain(body), plain(found.body) if found else None)
    for key, part in (
        ("reply_html", "above"),
        ("inner_html", "body"),
        ("html_file", "body"),
        ("html_top_file", "above"),
    ):
        if key in expect:
            check(key, _words(_as_text(_html(expect[key], key))), _words(getattr(found, part, "")))
    for key, wanted in _message_keys(expect).items():
        check(key, *_compared(key, wanted, found))
    return checks


def _message_keys(expect: dict[str, Any]) -> dict[str, Any]:
    keys = dict(expect.get("forwarded_message", {}))
    keys |= {key: expect[key] for key in ("inner_from", "inner_to", "inner_subject", "inner_date") if key in expect}
    return keys


def _compared(key: str, wanted: Any, found: Forwarded | None) -> tuple[object, object]:
    if found is None:
        return wanted, None
    match key:
        case "from":
            return _pair(wanted, wanted), _pair(found.sender, wanted)
        case "to" | "cc":
            listed = [wanted] if isinstance(wanted, dict) else wanted
            got = found.to if key == "to" else found.cc
            return [_pair(one, one) for one in listed], [_pair(one, listed[0]) for one in got]
        case "cc_count":
            return wanted, len(found.cc)
        case "date_present":
            return wanted, bool(found.date)
        case "body":  # the source drops the marks of all levels of quotation, we those of one
            return plain(_QUOTES.sub("", wanted)), plain(_QUOTES.sub("", found.body))
        case "inner_from":
            return wanted, _shown(found.sender)
        case "inner_to":
            return wanted.replace("(", "<").replace(")", ">"), ", ".join(_shown(one) for one in found.to)
        case "subject" | "inner_subject":
            return plain(wanted), plain(found.subject)
        case "inner_date":
            return plain(wanted), plain(found.date)
    return wanted, f"no way to judge {key}"


def _pair(one: Any, like: dict[str, Any]) -> tuple[str, ...]:
    """Address and name, or the address alone where no name is expected at all."""
    if one is None:
        return ()
    fields = (one.address, one.name) if isinstance(one, Address) else (one["address"], one.get("name") or "")
    return fields if "name" in like else fields[:1]


def _shown(one: Address | None) -> str:
    if one is None:
        return ""
    return f"{one.name} <{one.address}>" if one.name and one.address else one.name or one.address
