"""Real mail with its sources' own expectations: a floor under the share that is read as they expect.

The mails are not part of this repository: POSTROOM_CORPUS names their folder, and without it these tests skip.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from postroom_ingest.parse import Mail, parse, thread_root

REPOSITORY = Path(__file__).parents[4]
CORPUS = Path(os.environ.get("POSTROOM_CORPUS", REPOSITORY.parent / "shared" / "corpus"))
EXPECTATIONS = CORPUS / "dev" / "expect.jsonl"

pytestmark = pytest.mark.skipif(not EXPECTATIONS.exists(), reason="no corpus: see POSTROOM_CORPUS")


@cache
def cases() -> list[tuple[dict[str, Any], Mail]]:
    lines = [json.loads(line) for line in EXPECTATIONS.read_text().splitlines()]
    return [(line, parse((CORPUS / line["file"]).read_bytes())) for line in lines]


def messages() -> Iterator[tuple[dict[str, Any], str, Mail]]:
    for line, mail in cases():
        if line["form"] == "message":
            yield line["expect"], line["category"], mail


def plain(text: str | None) -> str:
    return "\n".join(line.rstrip() for line in (text or "").replace("\r\n", "\n").split("\n")).strip()


def squeezed(text: str | None) -> str:
    return "".join((text or "").replace("\x00", "").split())


def emails(entries: list[dict[str, str]] | None) -> list[str]:
    found = [(entry.get("address") or entry.get("email") or "").lower() for entry in entries or []]
    return [address for address in found if address]


def pieces(wanted: Any) -> list[str]:
    return wanted if isinstance(wanted, list) else [wanted]


def names(entries: list[Any]) -> set[str]:
    found = (entry.get("name") or entry.get("filename") for entry in entries if isinstance(entry, dict))
    return {name for name in found if name}


JUDGES: dict[str, Callable[[Any, Mail], bool]] = {
    "subject": lambda wanted, mail: plain(mail.subject) == plain(wanted),
    "message_id": lambda wanted, mail: mail.message_id == wanted,
    "from": lambda wanted, mail: emails(wanted)[:1] == ([mail.from_.address.lower()] if mail.from_ else []),
    "to": lambda wanted, mail: emails(wanted) == [a.address.lower() for a in mail.to],
    "cc": lambda wanted, mail: emails(wanted) == [a.address.lower() for a in mail.cc],
    "text_body": lambda wanted, mail: squeezed(mail.text) == squeezed(wanted),
    "text_body_0": lambda wanted, mail: squeezed(mail.text).startswith(squeezed(wanted)),
    "text_contains": lambda wanted, mail: all(squeezed(piece) in squeezed(mail.text) for piece in pieces(wanted)),
    "body_contains": lambda wanted, mail: all(squeezed(piece) in squeezed(mail.text) for piece in pieces(wanted)),
    "n_attachments_rfc8621": lambda wanted, mail: len(mail.attachments) == int(wanted),
    "n_attachments": lambda wanted, mail: len(mail.attachments) == int(wanted),
    "attachments": lambda wanted, mail: names(wanted) <= {attachment.name for attachment in mail.attachments},
    "is_auto": lambda wanted, mail: (mail.automatic in {"auto-reply", "auto-generated", "bounce"}) is wanted,
    "is_bounce": lambda wanted, mail: mail.automatic is not None or not wanted,
    "is_list": lambda wanted, mail: (mail.automatic == "list") is wanted,
}


def judged(what: str, expect: dict[str, Any], mail: Mail) -> bool | None:
    """Whether the mail was read as its source expects, or None where the source does not say."""
    wanted = expect.get(what)
    if isinstance(wanted, dict):
        wanted = wanted.get("equals")
    return None if wanted is None else JUDGES[what](wanted, mail)


FLOORS = {
    "subject": 0.98,
    "message_id": 0.98,
    "from": 0.98,
    "to": 0.95,
    "cc": 0.95,
    "text_body": 0.80,
    "text_body_0": 0.94,
    "text_contains": 0.85,
    "body_contains": 0.90,
    "n_attachments_rfc8621": 0.80,
    "n_attachments": 0.80,
    "attachments": 0.80,
    "is_auto": 0.90,
    "is_bounce": 0.97,
    "is_list": 0.98,
}


@pytest.mark.parametrize(("what", "floor"), FLOORS.items(), ids=FLOORS.keys())
def test_real_mail_is_read_as_its_sources_expect(what: str, floor: float) -> None:
    tally: Counter[tuple[str, bool]] = Counter()
    for expect, category, mail in messages():
        right = judged(what, expect, mail)
        if right is not None:
            tally[category, right] += 1
            tally["all", right] += 1
    shares = {c: (tally[c, True], tally[c, True] + tally[c, False]) for c, _ in tally}
    right_ones, number = shares["all"]
    print(what, {category: f"{right}/{total}" for category, (right, total) in sorted(shares.items())})
    assert number > 0
    assert right_ones / number >= floor


def test_every_mail_is_read_without_our_mistake() -> None:
    assert [line["file"] for line, mail in cases() if any(d.startswith("unread:") for d in mail.defects)] == []


def test_every_thread_root_agrees() -> None:
    for line, mail in cases():
        assert thread_root((CORPUS / line["file"]).read_bytes()) == mail.thread_root
