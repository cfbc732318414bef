"""What a client says, taken apart: verbs, paths and their parameters. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_PATH = re.compile(
    r"""
    \s*
    (?: <(?:@[^:<>\s]*:)?                                # a source route is to be ignored (RFC 5321 section 4.1.1.3)
        (?P<path>(?:"(?:[^"\\]|\\.)*"|[^"<>\s])*)>
      | (?P<bare>[^<>\s]+)                               # some forget the brackets
    )
    (?:\s+(?P<parameters>.*))?
    """,
    re.VERBOSE,
)
_KNOWN = {"SIZE", "BODY", "SMTPUTF8", "AUTH"}
"""AUTH (RFC 4954 section 5) says who wrote the mail first, which is of no interest here."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class BadCommandError(Exception):
    """The text is the reply to a command that cannot be understood."""


@dataclass(frozen=True, slots=True)
class Path:
    """An address of the envelope, empty for the null sender, and its parameters (RFC 5321 section 4.1.2)."""

    address: str
    parameters: Mapping[str, str]


def split_command(line: bytes) -> tuple[str, str]:
    """The verb in capitals, and its argument. Bytes that are not UTF-8 are replaced: no store and no broker takes them.

    Raises:
        BadCommandError: the line does not end with CRLF, or holds control characters.
    """
    if not line.endswith(b"\r\n"):
        raise BadCommandError("500 5.5.2 Lines end with CR LF")
    text = line[:-2].decode("utf-8", "replace").rstrip(" \t")
    if _CONTROL.search(text.replace("\t", " ")):
        raise BadCommandError("500 5.5.2 Control characters in a command")
    verb, _, argument = text.partition(" ")
    return verb.upper(), argument.strip(" ")


def read_path(argument: str, keyword: str) -> Path:
    """What stands behind `MAIL FROM:` and `RCPT TO:`; parameter names come in capitals.

    Raises:
        BadCommandError: it cannot be understood.
    """
    head, colon, rest = argument.partition(":")
    if not colon or head.strip().upper() != keyword:
        raise BadCommandError(f"501 5.5.4 Syntax: {keyword}:<address>")
    match = _PATH.fullmatch(rest)
    if match is None:
        raise BadCommandError("501 5.1.7 Malformed sender" if keyword == "FROM" else "501 5.1.3 Malformed recipient")
    parameters = {}
    for word in (match["parameters"] or "").split():
        name, _, value = word.partition("=")
        parameters[name.upper()] = value
    return Path(match["path"] or match["bare"] or "", parameters)


def check_parameters(parameters: Mapping[str, str], max_bytes: int) -> None:
    """Look at the parameters of MAIL.

    Raises:
        BadCommandError: one is unknown or wrong (555, 501), or SIZE says more than `max_bytes` (552, RFC 1870).
    """
    if parameters.keys() - _KNOWN:
        raise BadCommandError("555 5.5.4 Unknown parameter")
    if parameters.get("BODY", "7BIT").upper() not in ("7BIT", "8BITMIME"):
        raise BadCommandError("501 5.5.4 BODY is 7BIT or 8BITMIME")
    size = parameters.get("SIZE", "0")
    if not (size.isascii() and size.isdigit()) or len(size) > 20:
        raise BadCommandError("501 5.5.4 SIZE is a number")
    if int(size) > max_bytes:
        raise BadCommandError("552 5.3.4 The message is larger than this server takes")


def greeting(hostname: str, max_bytes: int, tls: bool, auth: bool) -> str:
    """The reply to EHLO and LHLO: what there is here, with `tls` and `auth` where they may be used now."""
    can = ["PIPELINING", f"SIZE {max_bytes}", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "CHUNKING"]
    lines = [hostname, *can, *(["STARTTLS"] if tls else []), *(["AUTH PLAIN LOGIN"] if auth else [])]
    return "\r\n".join([f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"])
