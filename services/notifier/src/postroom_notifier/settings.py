"""What the notifier needs to know."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode

from postroom_plumbing.internal import InternalSettings

_PORTS = {"smtp": 25, "smtps": 465}
_STARTTLS: Mapping[str, bool | None] = {"always": True, "never": False, "auto": None}


@dataclass(frozen=True, slots=True)
class Smarthost:
    """The mail server that takes everything we send."""

    host: str
    port: int
    tls: bool = False
    """TLS from the first byte (`smtps`)."""
    starttls: bool | None = None
    """Whether STARTTLS must (True), may not (False) or should if offered (None) be used."""
    user: str = ""
    password: str = field(default="", repr=False)


def parse_smarthost(value: str) -> Smarthost:
    """Read `smtp://[user:password@]host[:port][?starttls=always|auto|never]` or `smtps://…`.

    With a password STARTTLS is demanded unless the URL says otherwise, so that nobody on the way can read it.

    Raises:
        ValueError: with the reason; it never repeats the value, which may hold a password.
    """
    try:
        url = urlsplit(value)
        port = url.port
    except ValueError:
        raise ValueError("the host or the port cannot be read") from None
    if url.scheme not in _PORTS:
        raise ValueError("must start with smtp:// or smtps://")
    if not url.hostname or url.path not in ("", "/") or url.fragment:
        raise ValueError("must be smtp://[user:password@]host[:port][?starttls=always|auto|never]")
    options = dict(parse_qsl(url.query, keep_blank_values=True))
    default = "always" if url.username and url.scheme == "smtp" else "auto"
    starttls = options.pop("starttls", default)
    if starttls not in _STARTTLS or options:
        raise ValueError("the only option is starttls, and it is always, auto or never")
    if bool(url.username) != bool(url.password):
        raise ValueError("a user and a password are given together or not at all")
    tls = url.scheme == "smtps"
    return Smarthost(
        host=url.hostname,
        port=port or _PORTS[url.scheme],
        tls=tls,
        starttls=False if tls else _STARTTLS[starttls],
        user=unquote(url.username or ""),
        password=unquote(url.password or ""),
    )


def _smarthost(value: Any) -> Any:
    return parse_smarthost(value) if isinstance(value, str) else value


def _web_address(value: str) -> str:
    try:
        url = urlsplit(value)
    except ValueError:
        raise ValueError("is not a web address") from None
    if url.scheme not in ("http", "https") or not url.hostname or url.query or url.fragment:
        raise ValueError("must be http:// or https:// with a host, such as https://help.example.com")
    return value.rstrip("/")


class NotifierSettings(InternalSettings):
    """Settings of the notifier; variables as in ServiceSettings."""

    portal_url: Annotated[str, AfterValidator(_web_address)]
    """Where customers reach the portal; survey links begin with it."""
    smarthost_url: Annotated[Smarthost, NoDecode, BeforeValidator(_smarthost)]
