"""Wires the two roles of ingest: `receive` holds the doors, `read` turns raw mail into contacts."""

from postroom_contracts.config import SettingChanged
from postroom_contracts.inbound import MailReceived
from postroom_contracts.tickets import TicketChanged, TicketMessageAdded, TicketOpened
from postroom_ingest.knowledge_store import KnowledgeStore
from postroom_ingest.ledger import Ledger
from postroom_ingest.raw import RawStore
from postroom_ingest.reading import Reader
from postroom_ingest.receive.accept import Acceptor
from postroom_ingest.receive.api import router
from postroom_ingest.receive.smtp import SmtpServer
from postroom_ingest.settings import IngestSettings, ReceiveSettings
from postroom_plumbing.service import Service


async def build_receive(service: Service[ReceiveSettings]) -> None:
    """The doors. Settings reach them through the projection that the reading role keeps."""
    raws = RawStore(service.database)
    ledger = Ledger(service.database)
    acceptor = Acceptor(service.units, raws)
    smtp = SmtpServer(acceptor, service.view, service.settings)
    service.needs_settings()
    service.on_start(raws.prepare)
    service.on_start(ledger.prepare)
    service.on_start(smtp.start)
    service.on_stop(smtp.stop)
    service.app.include_router(router(acceptor, raws, ledger, service.view, service.settings))


async def build_read(service: Service[IngestSettings]) -> None:
    """The reader."""
    raws = RawStore(service.database)
    ledger = Ledger(service.database)
    knowledge = KnowledgeStore(service.database)
    reader = Reader(raws, knowledge, ledger, service.settings.secret.get_secret_value())
    for step in (raws.prepare, ledger.prepare, knowledge.prepare, reader.warm_up):
        service.on_start(step)
    service.consume(
        "ingest-read",
        [MailReceived, TicketOpened, TicketMessageAdded, TicketChanged, SettingChanged],
        reader.handle,
    )
