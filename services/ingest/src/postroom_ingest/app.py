"""Wires the two roles of ingest: `receive` holds the doors, `read` turns raw mail into contacts."""

import asyncio

from postroom_contracts.agents import AgentChanged
from postroom_contracts.config import SettingChanged
from postroom_contracts.inbound import MailReceived, SubmissionReceived
from postroom_contracts.tickets import TicketChanged, TicketMessageAdded, TicketOpened
from postroom_ingest.agents_view import AgentsView
from postroom_ingest.imap import Accounts, AccountStore, Parts, accounts_router
from postroom_ingest.knowledge_store import KnowledgeStore
from postroom_ingest.known import Rules, rules_from
from postroom_ingest.ledger import Ledger
from postroom_ingest.lenses import Lenses
from postroom_ingest.origin import Origins
from postroom_ingest.raw import RawStore
from postroom_ingest.reading import Reader
from postroom_ingest.receive.accept import Acceptor
from postroom_ingest.receive.api import router
from postroom_ingest.receive.doors.api import Doors, doors_router
from postroom_ingest.receive.keys import KeyStore
from postroom_ingest.receive.ledger_api import ledger_router, reread_router
from postroom_ingest.receive.smtp import SmtpServer
from postroom_ingest.receive.smtp.workers import Workers
from postroom_ingest.receive.tally import Tally
from postroom_ingest.reconcile import Intake
from postroom_ingest.rereading import Rereader
from postroom_ingest.set_aside import SetAsideStore
from postroom_ingest.settings import IngestSettings, ReceiveSettings
from postroom_plumbing.leases import Leases
from postroom_plumbing.sealing import Sealer
from postroom_plumbing.service import Service


async def build_receive(service: Service[ReceiveSettings]) -> None:
    """The doors. Settings reach them through the projection that the reading role keeps."""
    raws = RawStore(service.database, Sealer(service.settings, "raw"))
    ledger = Ledger(service.database)
    tally = Tally()
    keys = KeyStore(service.database)
    acceptor = Acceptor(service.units, raws, tally, keys)
    sealer = Sealer(service.settings, "setting")
    doors = Doors(acceptor, service.view, sealer, service.settings, tally)
    smtp = SmtpServer(acceptor, service.view, service.settings, tally)
    workers = Workers(service.settings.smtp_workers - 1, smtp, tally)

    async def close_smtp() -> None:
        await asyncio.gather(smtp.stop(), workers.stop())

    service.needs_settings()
    service.on_start(raws.prepare)
    service.on_start(ledger.prepare)
    service.on_start(keys.prepare)
    service.on_start(smtp.start)
    service.on_start(workers.start)
    service.on_stop(close_smtp)
    service.app.include_router(router(acceptor, raws, ledger, service.view, service.settings))
    service.app.include_router(doors_router(doors))
    _add_ledger(service)
    _add_rereading(service, raws, ledger)
    _add_accounts(service, acceptor)


def _add_ledger(service: Service[ReceiveSettings]) -> None:
    """The ledger, and what was set aside."""
    intake, set_aside = Intake(service.database), SetAsideStore(service.database)
    service.on_start(intake.prepare)
    service.on_start(set_aside.prepare)
    service.app.include_router(ledger_router(intake, set_aside, service.units, service.settings))


def _add_rereading(service: Service[ReceiveSettings], raws: RawStore, ledger: Ledger) -> None:
    """Present readings of what was read before."""
    agents = AgentsView(service.database)
    lenses = Lenses(service.view, agents, _secrets(service.settings))
    service.background(agents.keep_fresh)
    service.app.include_router(reread_router(Rereader(raws, ledger, lenses.current), service.units, service.settings))


def _secrets(settings: IngestSettings) -> list[str]:
    """The one that signs our marks now, and those before it."""
    return [secret.get_secret_value() for secret in (settings.secret, *settings.previous_secrets)]


def _add_accounts(service: Service[ReceiveSettings], acceptor: Acceptor) -> None:
    """IMAP accounts, shared between all processes of this role."""
    store = AccountStore(service.database)
    parts = Parts(store, acceptor, Sealer(service.settings, "setting"), service.settings.imap_max_bytes)
    accounts = Accounts(parts, Leases(service.database, "imap", ()), service.view)
    service.on_start(store.prepare)
    service.background(accounts.run)
    service.health.add("imap", accounts.health, vital=False)
    service.app.include_router(accounts_router(store, service.view, service.settings))


async def build_read(service: Service[IngestSettings]) -> None:
    """The reader."""
    raws = RawStore(service.database, Sealer(service.settings, "raw"))
    ledger = Ledger(service.database)
    knowledge = KnowledgeStore(service.database)
    set_aside = SetAsideStore(service.database)
    agents = AgentsView(service.database)
    intake = Intake(service.database)
    settings = service.settings
    origins = Origins(settings.auth_trusted, verify=settings.auth_verify)

    def rules() -> Rules:
        return rules_from(service.view.current.mailbox, agents.current, settings.caps)

    lenses = Lenses(service.view, agents, _secrets(settings))
    reader = Reader(raws, knowledge, ledger, set_aside, agents, origins, rules, lenses.current)
    for step in (raws.prepare, ledger.prepare, knowledge.prepare, set_aside.prepare, intake.prepare, reader.warm_up):
        service.on_start(step)
    service.on_start(agents.refresh)
    service.background(agents.keep_fresh)
    service.background(intake.watch)
    service.consume(
        "ingest-read",
        [
            MailReceived,
            SubmissionReceived,
            TicketOpened,
            TicketMessageAdded,
            TicketChanged,
            AgentChanged,
            SettingChanged,
        ],
        reader.handle,
    )
