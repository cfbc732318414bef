"""Judges address fields: names and addresses, one by one or as a whole field."""

from collections.abc import Callable
from typing import Any

from corpus.reading import Reading
from postroom_ingest.parse import Address

Answer = tuple[bool, object]
"""Whether a key's expectation is met, and what there is instead."""
Judge = Callable[[Any, Reading, str], Answer]


def emails(wanted: list[Any]) -> list[str]:
    """The addresses of an expected list, however its source names them; a route (`@a:b@c`) and spaces are no part."""
    found = (one if isinstance(one, str) else (one.get("address") or one.get("email") or "") for one in wanted)
    bare = ("".join(address.strip("<>").rpartition(":")[2].split()) for address in found)
    return [address.lower() for address in bare if address]


def addresses(pick: Callable[[Reading], tuple[Address, ...]]) -> Judge:
    """Names and addresses in order; a list entry without an address is a source's leftover."""

    def judge_them(wanted: Any, reading: Reading, _source: str) -> Answer:
        got = pick(reading)
        entries = [w for w in wanted if emails([w])]
        right = emails(entries) == [a.address.lower() for a in got] and all(
            _same_name(entry, address) for entry, address in zip(entries, got, strict=True)
        )
        return right, got

    return judge_them


def _same_name(entry: Any, got: Address) -> bool:
    if isinstance(entry, str) or not ("name" in entry or "display" in entry):
        return True
    name = " ".join((entry.get("name") or entry.get("display") or "").split()).strip("\"' ")
    # A name that only repeats the address is none for us, and sources differ on the quotes within a name.
    return (name.lower() == got.address.lower() and not got.name) or name.replace('"', "") == got.name.replace('"', "")


def sender(reading: Reading) -> tuple[Address, ...]:
    return (reading.mail.from_,) if reading.mail.from_ else ()


def first_of(judge_them: Judge) -> Judge:
    """Of several senders we keep the first (RFC 5322 section 3.6.2 allows more; replies go to one)."""
    return lambda wanted, reading, source: judge_them(wanted[:1], reading, source)


def field(pick: Callable[[Reading], tuple[Address, ...]], *, first: bool = False) -> Judge:
    """A whole field, decoded: its names and addresses are all there."""

    def judge_field(wanted: Any, reading: Reading, _source: str) -> Answer:
        got = pick(reading)
        text = wanted.replace('"', "").lower()
        for address in got:
            for word in (*address.name.replace('"', "").lower().split(), address.address.lower()):
                if "\ufffd" not in text and word not in text:  # what a source could not read proves nothing
                    return False, got
        count = 1 if first else text.count("<") or text.count("@")
        return len(got) == count or (not got and "@" not in text), got

    return judge_field
