"""Authentication-Results of a server we trust (RFC 8601), in the forms real servers write.

Anyone can write this field. Of the mail's head only the topmost run counts: the fields of trusted servers with no
Received field and no other server's results between them, and of several results of one method the topmost. The
server itself has to remove what arrives under its own name (RFC 8601 section 5): where it writes its field below its
own Received, a forged one may follow directly.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from postroom_ingest.authentication.model import Authentication, Result
from postroom_ingest.parse.headers import prepared, read_head

_FIELD = re.compile(
    rb"^(authentication-results|received)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE | re.MULTILINE
)
_METHOD = re.compile(r"(spf|dkim|dmarc)(?:\s*/\s*\d+)?\s*=\s*([a-z]+)\b(.*)", re.DOTALL)
_PROPERTY = re.compile(r"\b(smtp\.mailfrom|smtp\.mfrom|smtp\.mail|smtp\.helo|header\.d|header\.i)\s*=\s*\"?([^\s\";]+)")
_COMMENT = re.compile(r"\((?:[^()\\]|\\.)*\)")
_MAX_FIELDS: Final = 20
_MAX_CHARS: Final = 8_000
_NESTED: Final = 5
_RESULTS: Final[dict[str, Result]] = {
    "pass": "pass",
    "fail": "fail",
    "hardfail": "fail",
    "softfail": "softfail",
    "neutral": "neutral",
    "policy": "neutral",
    "temperror": "temperror",
    "error": "temperror",
    "permerror": "permerror",
    "unknown": "permerror",
}


class _Said(NamedTuple):
    method: str
    result: Result
    domain: str


def trusted_results(raw: bytes, trusted: tuple[str, ...]) -> Authentication | None:
    """What the servers named in `trusted` (authserv-ids, in any case) say of this mail, or None if they say nothing.

    An empty string in `trusted` stands for fields without any authserv-id, as Microsoft 365 writes them.
    """
    names = {name.lower() for name in trusted}
    by = ""
    said: list[list[_Said]] = []
    for value in _fields(raw) if names else ():
        server, results = _read(value)
        if server not in names:
            break
        by = by or server
        said.append(results)
    return _summed_up(by, said) if any(said) else None


def _fields(raw: bytes) -> Iterator[str]:
    """The fields before the first Received below them. Servers write theirs above or below their own Received."""
    raw = prepared(raw)
    seen = 0
    for match in _FIELD.finditer(raw, 0, read_head(raw).body):
        if match[1].lower() == b"received":
            if seen:
                return
            continue
        seen += 1
        if seen > _MAX_FIELDS:
            return
        yield match[2][:_MAX_CHARS].decode("ascii", "replace").lower()


def _read(value: str) -> tuple[str, list[_Said]]:
    """The authserv-id, empty where there is none, and the results of one field."""
    for _ in range(_NESTED):
        bare = _COMMENT.sub(" ", value)
        if bare == value:
            break
        value = bare
    first, *rest = value.split(";")
    words = first.split()
    server = words[0].strip('"') if words and "=" not in words[0] else ""
    # Some leave the semicolon behind the id out, so the first section may hold a result too.
    sections = [first.partition(words[0])[2] if server else first, *rest]
    return server, [said for section in sections for said in _said(section.strip())]


def _said(section: str) -> Iterator[_Said]:
    match = _METHOD.match(section)
    if match is None:
        return
    method, properties = match[1], dict(reversed(_PROPERTY.findall(match[3])))
    if method == "dkim":
        domain = properties.get("header.d") or properties.get("header.i", "")
    else:
        given = (properties.get(name) for name in ("smtp.mailfrom", "smtp.mfrom", "smtp.mail", "smtp.helo"))
        domain = next((value for value in given if value), "")
    yield _Said(method, _RESULTS.get(match[2], "none"), domain.rpartition("@")[2].strip("<>").rstrip("."))


def _summed_up(by: str, fields: list[list[_Said]]) -> Authentication:
    """Of each method the topmost field counts; of the signatures named there the best."""
    by_method = {
        method: next((found for field in fields if (found := [one for one in field if one.method == method])), [])
        for method in ("spf", "dkim", "dmarc")
    }
    spf, dkim, dmarc = by_method["spf"], by_method["dkim"], by_method["dmarc"]
    passed = tuple(dict.fromkeys(one.domain for one in dkim if one.result == "pass" and one.domain))
    return Authentication(
        spf=spf[0].result if spf else "none",
        dkim="pass" if any(one.result == "pass" for one in dkim) else dkim[0].result if dkim else "none",
        dmarc=dmarc[0].result if dmarc else "none",
        by=by,
        dkim_domains=passed,
        spf_domain=spf[0].domain if spf else "",
    )
