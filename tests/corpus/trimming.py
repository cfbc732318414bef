"""Judging what was cut off a mail: the visible reply as the sources expect it."""

import re
from typing import Any

from corpus.cases import Case, Check, plain
from postroom_ingest.parse import html as markup
from postroom_ingest.parse.trim import Trimmed, trim


def judge(case: Case) -> list[Check]:
    """The checks of one case; none where its source expects nothing of the reply."""
    expect = case.expect
    reply = _trimmed(case).own_words
    checks = [_same("reply_text", expect["reply_text"], reply)] if "reply_text" in expect else []
    if "reply_text_without_whitespace" in expect:
        wanted, got = expect["reply_text_without_whitespace"], "".join(reply.split())
        checks.append(Check("reply_text_without_whitespace", wanted == got, wanted, got))
    checks += [_contains(name, reply, text) for name in _CONTAINS for text in expect.get(name, ())]
    checks += [_lacks(name, reply, text) for name in _LACKS for text in expect.get(name, ())]
    return checks + _first_fragment(expect.get("fragments", {}), reply)


_CONTAINS = ("reply_contains", "body_contains")
_LACKS = ("reply_not_contains", "body_not_contains")


def _trimmed(case: Case) -> Trimmed:
    if case.form == "body-text":
        return trim(case.body)
    if case.form == "body-html":
        clean = markup.sanitised(case.body)
        return trim(markup.as_text(clean), clean)
    return trim(case.mail.text, case.mail.html)


def _first_fragment(fragments: dict[str, Any], reply: str) -> list[Check]:
    """What is said of fragment 0, the visible reply; fragment counts differ between the sources."""
    name = "fragments."
    checks = [
        _same(name + key, fragments[key]["0"], reply)
        for key in ("text_trimmed", "text")
        if "0" in fragments.get(key, {})
    ]
    checks += [_matches(name + "match", reply, pattern) for pattern in fragments.get("match", {}).get("0", ())]
    checks += [_contains(name + "contains", reply, text) for text in fragments.get("contains", {}).get("0", ())]
    checks += [_lacks(name + "not_contains", reply, text) for text in fragments.get("not_contains", {}).get("0", ())]
    return checks


def _same(name: str, wanted: str, got: str) -> Check:
    return Check(name, plain(wanted).strip() == plain(got).strip(), wanted, got)


def _matches(name: str, reply: str, pattern: str) -> Check:
    return Check(name, re.search(pattern, reply) is not None, pattern, reply)


def _contains(name: str, reply: str, text: str) -> Check:
    return Check(name, plain(text) in plain(reply), text, reply)


def _lacks(name: str, reply: str, text: str) -> Check:
    return Check(name, plain(text) not in plain(reply), text, reply)
