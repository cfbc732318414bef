"""What the sessions of a server share, and how a mail of theirs is handed in."""

import logging
import time
from dataclasses import dataclass, field

from pymongo.errors import PyMongoError

from postroom_contracts.values import Door as DoorName
from postroom_ingest.raw import Incoming
from postroom_ingest.receive.accept import Acceptor
from postroom_ingest.receive.mailboxes import Mailboxes, others
from postroom_ingest.receive.room import Room
from postroom_ingest.receive.smtp.auth import Users
from postroom_ingest.receive.smtp.limits import Peers
from postroom_ingest.receive.smtp.tls import Certificate
from postroom_ingest.receive.tally import Tally
from postroom_ingest.settings import SmtpSettings
from postroom_plumbing.errors import described
from postroom_plumbing.mongo import unreachable
from postroom_plumbing.settings_view import SettingsView

log = logging.getLogger(__name__)

TRY_LATER = "451 4.3.0 Not stored, please try again later"


@dataclass(slots=True)
class Envelope:
    """A mail on its way in: who sends it, to whom, and the mailboxes these are."""

    sender: str
    recipients: list[str] = field(default_factory=list)
    mailboxes: list[str] = field(default_factory=list)
    """The id of each recipient's mailbox."""
    chunks: bytearray | None = None
    """What BDAT brought so far (RFC 3030)."""

    def mail(self, raw: bytes, door: DoorName, *, peer: str | None, helo: str | None, tls: str | None) -> Incoming:
        """The whole mail, and what is known of its client."""
        return Incoming(
            raw=raw,
            mailbox=self.mailboxes[0],
            also=others(self.mailboxes),
            envelope_from=self.sender,
            envelope_to=tuple(self.recipients),
            door=door,
            peer=peer,
            helo=helo,
            tls=tls,
        )


class Door:
    """Settings and parts that all sessions of a server use."""

    def __init__(self, acceptor: Acceptor, view: SettingsView, settings: SmtpSettings, tally: Tally) -> None:
        """Raises OSError when the certificate cannot be read."""
        self.settings = settings
        self.acceptor = acceptor
        self.mailboxes = Mailboxes(view)
        self.tally = tally
        self.peers = Peers(settings.smtp_peer_connections, settings.smtp_peer_mails, settings.smtp_trusted)
        self.room = Room(settings.smtp_memory_bytes)
        self.users = Users(settings.smtp_users) if settings.smtp_users and settings.smtp_auth != "off" else None
        self.certificate: Certificate | None = None

    def load_certificate(self) -> None:
        """Read the certificate, if there is to be one. Raises OSError when that cannot be done."""
        certificate, key = self.settings.smtp_tls_cert, self.settings.smtp_tls_key
        if certificate is not None and key is not None:
            self.certificate = Certificate(certificate, key)

    def recipient(self, envelope: Envelope, address: str) -> str:
        """Take a recipient that is one of our mailboxes; the reply."""
        if not self.mailboxes.known():  # a 5xx would be for good
            return TRY_LATER
        if len(envelope.recipients) >= self.settings.smtp_max_recipients:
            return "452 4.5.3 Too many recipients, send the rest in another mail"
        mailbox = self.mailboxes.find(address) or self.mailboxes.postmaster(address)
        if mailbox is None:
            self.tally.refused("550")
            return "550 5.1.1 No such mailbox here"
        envelope.recipients.append(address)
        envelope.mailboxes.append(mailbox)
        return "250 2.1.5 OK"

    async def hand_in(self, mail: Incoming) -> str:
        """Store a mail; the reply. Whatever goes wrong is no fault of the mail, so it is to be tried again."""
        try:
            contact = await self.acceptor.accept(mail)
        except PyMongoError as error:
            self.tally.refused("451")
            log.warning("mail not stored", extra={"error": type(error).__name__, "unreachable": unreachable(error)})
            return TRY_LATER
        except Exception as error:  # noqa: BLE001 - a fault of ours must not make a mail bounce
            self.tally.refused("451")
            log.error("mail not stored", extra=described(error))
            return TRY_LATER
        return f"250 2.0.0 OK {contact}"


def uptime() -> float:
    """Seconds on the clock that limits are counted by."""
    return time.monotonic()
