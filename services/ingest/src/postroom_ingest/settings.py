"""Settings of ingest."""

import ssl
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator
from pydantic_settings import NoDecode

from postroom_ingest.flood import Caps
from postroom_plumbing.internal import InternalSettings
from postroom_plumbing.settings import Port


def _words(value: object) -> object:
    return tuple(one.strip() for one in value.split(",")) if isinstance(value, str) else value


class IngestSettings(InternalSettings):
    """What both roles of ingest need. Desk and the import command show the token to read raw mail and hand mail in."""

    flood_sender_tickets: int = Field(default=30, ge=1, le=200)
    """New tickets from one sender within `flood_sender_minutes`, before all further mail goes onto the newest."""
    flood_sender_minutes: int = Field(default=10, ge=1, le=1440)
    flood_arriving_tickets: int = Field(default=500, ge=1, le=600)
    """The same by when mail arrives, not by when its Date field says it was written."""
    flood_subject_tickets: int = Field(default=5, ge=1, le=200)
    """The same where the subjects differ in digits and punctuation only."""
    flood_subject_minutes: int = Field(default=60, ge=1, le=1440)
    flood_automatic_mails: int = Field(default=20, ge=1, le=200)
    """Automatic mails on one ticket within `flood_automatic_minutes`, before further ones are set aside."""
    flood_automatic_minutes: int = Field(default=60, ge=1, le=1440)

    auth_trusted: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)] = ()
    """Mail servers of our own, as they name themselves in Authentication-Results (RFC 8601): their word counts."""
    auth_verify: bool = True
    """Whether SPF, DKIM and DMARC are checked here where none of those said anything; asks the DNS."""

    @property
    def caps(self) -> Caps:
        """How much mail is too much."""
        return Caps(
            self.flood_sender_tickets,
            self.flood_arriving_tickets,
            timedelta(minutes=self.flood_sender_minutes),
            self.flood_subject_tickets,
            timedelta(minutes=self.flood_subject_minutes),
            self.flood_automatic_mails,
            timedelta(minutes=self.flood_automatic_minutes),
        )


def _networks(value: object) -> object:
    """`10.0.0.0/8,::1`: networks or single addresses, with commas between them."""
    if not isinstance(value, str):
        return value
    return tuple(ip_network(one.strip(), strict=False) for one in value.split(",") if one.strip())


Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_networks)]


def _check_certificate(certificate: Path, key: Path) -> None:
    """Raises ValueError where the two are no certificate and its key."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except OSError as error:  # ssl.SSLError is one
        reason = error.strerror or type(error).__name__
        raise ValueError(f"POSTROOM_SMTP_TLS_CERT and POSTROOM_SMTP_TLS_KEY cannot be used: {reason}") from None


class SmtpSettings(IngestSettings):
    """The SMTP and LMTP door."""

    smtp_host: str = "127.0.0.1"
    smtp_port: Port = 2525
    smtps_port: Port | None = None
    """Where SMTP is spoken under TLS from the start (RFC 8314 section 3.3); nowhere by default."""
    lmtp_port: Port | None = None
    """Where LMTP is spoken (RFC 2033); nowhere by default."""
    smtp_workers: int = Field(default=1, ge=1, le=64)
    """Processes that take mail at these ports, this one included."""
    smtp_max_bytes: int = Field(default=26_214_400, ge=10_000, le=200_000_000)
    """The largest mail taken, as announced by SIZE (RFC 1870)."""
    smtp_memory_bytes: int = Field(default=512_000_000, ge=20_000)
    """What all mails may have that are coming in at one moment, for each worker; what is more is to come again."""
    smtp_hostname: str = "postroom.localdomain"
    """The name in the greeting (RFC 5321 section 4.3.1)."""
    smtp_tls: Literal["optional", "required"] = "optional"
    """Whether mail is taken in the clear."""
    smtp_tls_cert: Path | None = None
    """PEM file: our certificate and those between it and the root. Read again when it changes."""
    smtp_tls_key: Path | None = None
    smtp_auth: Literal["off", "optional", "required"] = "off"
    smtp_auth_in_clear: bool = False
    """Whether passwords are taken without TLS."""
    smtp_users: Path | None = None
    """File of those who may log in: a line each, as `python -m postroom_ingest smtp-user NAME` prints it."""
    smtp_trusted: Networks = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    """Whose connections, mails and errors are not counted: mail servers of our own."""
    smtp_proxies: Networks = ()
    """Load balancers that say by a PROXY header whose connection they hand on to SMTP; from others it is no SMTP."""
    smtp_max_connections: int = Field(default=1000, ge=1)
    """At once, for each worker."""
    smtp_max_mails: int = Field(default=1000, ge=1)
    """Of one connection."""
    smtp_max_recipients: int = Field(default=200, ge=100)
    """Of one mail; RFC 5321 section 4.5.3.1.8 asks for 100 at least."""
    smtp_max_errors: int = Field(default=20, ge=1)
    """Of one connection since it last handed in a mail."""
    smtp_idle_seconds: float = Field(default=300, gt=0)
    """How long a client may say nothing (RFC 5321 section 4.5.3.2.7: 5 minutes)."""
    smtp_peer_connections: int = Field(default=50, ge=1)
    """At once from one address, for each worker."""
    smtp_peer_mails: int = Field(default=600, ge=1)
    """A minute from one address, for each worker."""

    @model_validator(mode="after")
    def _possible(self) -> "SmtpSettings":
        cert, key = self.smtp_tls_cert, self.smtp_tls_key
        if (cert is None) != (key is None):
            raise ValueError("POSTROOM_SMTP_TLS_CERT and POSTROOM_SMTP_TLS_KEY go together")
        if cert is None and (self.smtp_tls == "required" or self.smtps_port is not None):
            raise ValueError("TLS needs POSTROOM_SMTP_TLS_CERT and POSTROOM_SMTP_TLS_KEY")
        if self.smtp_memory_bytes < 2 * self.smtp_max_bytes:
            raise ValueError("POSTROOM_SMTP_MEMORY_BYTES holds two mails of POSTROOM_SMTP_MAX_BYTES at least")
        if self.smtp_auth != "off" and self.smtp_users is None:
            raise ValueError("POSTROOM_SMTP_AUTH needs POSTROOM_SMTP_USERS")
        if self.smtp_auth != "off" and cert is None and not self.smtp_auth_in_clear:
            raise ValueError("POSTROOM_SMTP_AUTH needs TLS, or POSTROOM_SMTP_AUTH_IN_CLEAR")
        if self.smtp_users is not None and not self.smtp_users.is_file():
            raise ValueError(f"POSTROOM_SMTP_USERS: there is no file {self.smtp_users}")
        if cert is not None and key is not None:
            _check_certificate(cert, key)
        if self.lmtp_port in (self.smtp_port, self.smtps_port) and self.lmtp_port is not None:
            raise ValueError("POSTROOM_LMTP_PORT must not be a port of SMTP")
        return self


class ReceiveSettings(SmtpSettings):
    """What the receiving role needs besides."""

    imap_max_bytes: int = Field(default=36_000_000, ge=10_000, le=200_000_000)
    """The largest mail fetched from an account; a larger one stays there, and is named."""
    doors_memory_bytes: int = Field(default=256_000_000, ge=20_000)
    """What all bodies may have that are coming in at the HTTP doors at one moment, those that prove who sent them only
    when they are there (Mailgun's, SendGrid's) half of it; what is more is to come again."""

    @model_validator(mode="after")
    def _roomy(self) -> "ReceiveSettings":
        if self.doors_memory_bytes < 2 * self.smtp_max_bytes:
            raise ValueError("POSTROOM_DOORS_MEMORY_BYTES holds two mails of POSTROOM_SMTP_MAX_BYTES at least")
        return self
