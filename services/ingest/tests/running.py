"""The two roles of ingest without Kafka, on the real MongoDB and Valkey."""

import asyncio
import itertools
import os
import socket
import ssl
from collections.abc import Iterable, Sequence
from typing import Any

import httpx
from given import ServerUrls

from postroom_contracts import Event
from postroom_contracts.config import Mailbox, Queue
from postroom_contracts.contacts import ContactReceived
from postroom_contracts.inbound import MailReceived
from postroom_ingest.agents_view import AgentsView
from postroom_ingest.app import build_receive
from postroom_ingest.knowledge_store import KnowledgeStore
from postroom_ingest.known import Rules, rules_from
from postroom_ingest.ledger import Ledger
from postroom_ingest.lenses import Lenses
from postroom_ingest.origin import Origins
from postroom_ingest.raw import Incoming, RawStore
from postroom_ingest.reading import Reader
from postroom_ingest.receive.accept import Acceptor
from postroom_ingest.receive.smtp import SmtpServer
from postroom_ingest.reconcile import Intake
from postroom_ingest.set_aside import SetAsideStore
from postroom_ingest.settings import ReceiveSettings
from postroom_plumbing.ids import new_id
from postroom_plumbing.mongo import Document
from postroom_plumbing.sealing import Sealer
from postroom_plumbing.service import Service
from postroom_plumbing.settings_view import Settings
from postroom_plumbing.testing import stated
from postroom_plumbing.unit import Unit
from postroom_plumbing.wire import Received

from .making import SECRET, SECRETS

INTERNAL_TOKEN = "an-internal-token-of-tests"
NOWHERE = "127.0.0.1:9"
MAX_BYTES = 21_000_000
_counter = itertools.count(1)


class Ingest:
    """Doors that are open on a free port, and readers that are fed by hand."""

    def __init__(self, service: Service[ReceiveSettings]) -> None:
        self.service = service
        self.database = service.database
        self.port = service.settings.smtp_port
        self.raws = RawStore(service.database, Sealer(service.settings, "raw"))
        self.ledger = Ledger(service.database)
        self.set_aside = SetAsideStore(service.database)
        self.agents = AgentsView(service.database)
        self.intake = Intake(service.database)
        self.acceptor = Acceptor(service.units, self.raws)
        self.reader = self.another_reader(KnowledgeStore(service.database))
        transport = httpx.ASGITransport(app=service.app, raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {INTERNAL_TOKEN}"}
        self.http = httpx.AsyncClient(transport=transport, base_url="http://ingest", headers=headers)
        service.view.current = Settings(
            mailbox={
                "support": Mailbox(address="support@example.com", name="Support"),
                "billing": Mailbox(address="billing@example.com", name="Billing"),
            },
            queue={"general": Queue(name="General")},
        )

    def another_reader(self, knowledge: KnowledgeStore) -> Reader:
        """A reader on the same database."""
        lenses = Lenses(self.service.view, self.agents, SECRETS)
        stores = (self.raws, knowledge, self.ledger, self.set_aside, self.agents)
        return Reader(*stores, Origins(), self.rules, lenses.current)

    def rules(self) -> Rules:
        """What the settings say, as the reading role takes it."""
        view, settings = self.service.view, self.service.settings
        return rules_from(view.current.mailbox, self.agents.current, settings.caps)

    async def prepare(self) -> None:
        await KnowledgeStore(self.database).prepare()
        for step in self.service._prepare:
            await step()

    async def open_door(self) -> None:
        """Open the SMTP door alone."""
        for step in self.service._prepare:
            if isinstance(getattr(step, "__self__", None), SmtpServer):
                await step()

    async def handed_in(self, *mails: bytes, **other: Any) -> list[MailReceived]:
        """The events of mails that came in, in their order."""
        fields: dict[str, Any] = {"mailbox": "support", "envelope_from": "ann@example.com", "door": "smtp"}
        fields |= {"envelope_to": ("support@example.com",)} | other
        contacts = [await self.acceptor.accept(Incoming(raw=raw, **fields)) for raw in mails]
        told = {event.contact: event for event in await self.received()}
        return [told[contact] for contact in contacts]

    async def feed(self, *events: Event, reader: Reader | None = None) -> None:
        """Handle these events as one batch of the reading role."""
        batch: Sequence[Received[Event]] = [Received(event, new_id(), None) for event in events]

        async def work(unit: Unit) -> None:
            await (reader or self.reader).handle(batch, unit)

        await self.service.units.run(work)

    async def received(self) -> list[MailReceived]:
        return [event for event in await stated(self.database) if isinstance(event, MailReceived)]

    async def contacts(self, of: Iterable[MailReceived] | None = None) -> dict[str, ContactReceived]:
        """The contacts stated, by id; those of some mails if they are given. Two of one mail are an error."""
        told = [event for event in await stated(self.database) if isinstance(event, ContactReceived)]
        wanted = None if of is None else {mail.contact for mail in of}
        found = [event for event in told if wanted is None or event.contact in wanted]
        assert len({event.contact for event in found}) == len(found)
        return {event.contact: event for event in found}

    async def outcomes(self, mails: Iterable[MailReceived]) -> list[str]:
        """What the ledger says of mails."""
        entries = [await self.database["ledger"].find_one({"_id": mail.contact}) for mail in mails]
        return [entry["outcome"] if entry else "missing" for entry in entries]

    async def contents(self) -> dict[str, list[Document]]:
        """Everything the reading role keeps."""
        kept = ("ledger", "message_ids", "tickets", "outbox", "set_aside")
        return {name: [one async for one in self.database[name].find().sort("_id", 1)] for name in kept}

    async def close(self) -> None:
        for step in self.service._finish:
            await step()
        await self.http.aclose()
        await self.service.client.drop_database(self.database.name)
        await self.service.redis.aclose()
        self.service.client.close()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


async def opened_ingest(servers: ServerUrls, **other: Any) -> Ingest:
    """Ingest in a namespace of its own, with nothing open yet."""
    given = {
        "kafka_url": servers.kafka_url,
        "mongo_url": servers.mongo_url,
        "redis_url": servers.redis_url,
        "namespace": f"t{os.getpid()}-ingest-{next(_counter)}",
        "http_port": 1,
        "secret": SECRET,
        "internal_token": INTERNAL_TOKEN,
        "smtp_port": free_port(),
        "smtp_max_bytes": MAX_BYTES,
        "flood_sender_tickets": 200,
        "flood_subject_tickets": 200,
    }
    service = Service("ingest", ReceiveSettings.model_validate(given | other))
    await build_receive(service)
    return Ingest(service)


class Talk:
    """An SMTP client that says exactly what it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int, hello: str | None = "EHLO", tls: ssl.SSLContext | None = None) -> "Talk":
        talk = cls(*await asyncio.open_connection("127.0.0.1", port, ssl=tls))
        assert (await talk.answer()).startswith("220 ")
        if hello:
            assert (await talk.say(f"{hello} client.example")).startswith("250")
        return talk

    async def start_tls(self, context: ssl.SSLContext, ahead: bytes = b"") -> None:
        """STARTTLS, with bytes in the clear sent right behind it."""
        await self.send(b"STARTTLS\r\n" + ahead)
        assert (await self.answer()).startswith("220 ")
        await self._writer.start_tls(context)

    def half_close(self) -> None:
        """Say that nothing more will come, and go on listening."""
        self._writer.write_eof()

    async def rest(self) -> bytes:
        """What the server says before it closes, which it does within two seconds."""
        async with asyncio.timeout(2):
            return await self._reader.read()

    async def ended(self) -> bool:
        """Whether the server closes without another word."""
        return await self.rest() == b""

    async def lines(self, line: str) -> list[str]:
        """All lines of the answer to a command."""
        await self.send(line.encode() + b"\r\n")
        found = [(await self._reader.readuntil(b"\r\n")).decode().rstrip()]
        while found[-1][3] == "-":
            found.append((await self._reader.readuntil(b"\r\n")).decode().rstrip())
        return found

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def answer(self) -> str:
        """The last line of the next answer."""
        while True:
            line = (await self._reader.readuntil(b"\r\n")).decode()
            if line[3] == " ":
                return line.rstrip("\r\n")

    async def say(self, line: str) -> str:
        await self.send(line.encode() + b"\r\n")
        return await self.answer()

    async def begin(self, to: str = "support@example.com", sender: str = "ann@example.com") -> None:
        """Everything up to where the mail itself may come."""
        await self.begin_mail(to, sender)
        assert (await self.say("DATA")).startswith("354 ")

    async def begin_mail(self, to: str = "support@example.com", sender: str = "ann@example.com") -> None:
        """The envelope."""
        for line in (f"MAIL FROM:<{sender}>", f"RCPT TO:<{to}>"):
            assert (await self.say(line)).startswith("250 "), line

    async def deliver(self, raw: bytes, **envelope: str) -> str:
        """The answer to a mail; dots are stuffed here (RFC 5321 section 4.5.2)."""
        await self.begin(**envelope)
        await self.send(stuffed(raw))
        return await self.answer()

    async def close(self) -> None:
        self._writer.close()
        await asyncio.gather(self._writer.wait_closed(), return_exceptions=True)


def stuffed(raw: bytes) -> bytes:
    """A mail as it travels after DATA."""
    dotted = b"\r\n" + raw if raw.endswith(b"\r\n") or not raw else b"\r\n" + raw + b"\r\n"
    return dotted.replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"
