"""The receiving role as a process of its own, as it runs in production, without a Kafka."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
from given import ServerUrls
from pymongo import AsyncMongoClient

from postroom_contracts.config import Mailbox, Queue

from ..making import SECRET
from ..running import INTERNAL_TOKEN, NOWHERE, free_port

SETTINGS = {
    "mailbox/support": ("mailbox", "support", Mailbox(address="support@example.com", name="Support")),
    "mailbox/billing": ("mailbox", "billing", Mailbox(address="billing@example.com", name="Billing")),
    "queue/general": ("queue", "general", Queue(name="General")),
}


async def until(ask: Callable[[], Awaitable[bool]], what: str, seconds: float = 30.0) -> None:
    """Ask until the answer is yes."""
    deadline = time.monotonic() + seconds
    while not await ask():
        assert time.monotonic() < deadline, f"after {seconds:g} s still no {what}"
        await asyncio.sleep(0.05)


class ReceiveProcess:
    """`python -m postroom_ingest receive` in a namespace of its own; it may be killed and started again."""

    def __init__(self, servers: ServerUrls, namespace: str, folder: Path, **settings: Any) -> None:
        self.port = free_port()
        self.http_port = free_port()
        self.lmtp_port = free_port()
        self.client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(servers.mongo_url)
        self.database = self.client[f"{namespace}_ingest"]
        self.log = folder / "receive.log"
        given = {
            "kafka_url": NOWHERE,
            "mongo_url": servers.mongo_url,
            "redis_url": servers.redis_url,
            "namespace": namespace,
            "http_port": self.http_port,
            "secret": SECRET,
            "internal_token": INTERNAL_TOKEN,
            "smtp_port": self.port,
            "lmtp_port": self.lmtp_port,
            **settings,
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("POSTROOM_")}
        self._environ = kept | {f"POSTROOM_{name.upper()}": str(value) for name, value in given.items()}
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start, and wait until the door is open."""
        for key, (kind, name, value) in SETTINGS.items():
            document = {"kind": kind, "id": name, "value": value.model_dump(mode="json")}
            await self.database["settings"].replace_one({"_id": key}, document, upsert=True)
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "postroom_ingest", "receive"]
            self._process = subprocess.Popen(command, env=self._environ, stdout=log, stderr=log)
        await until(self.is_open, "open door")

    async def is_open(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def workers(self) -> list[int]:
        """The processes it has started."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    async def kill(self) -> None:
        """What the kernel does when memory runs out."""
        await self._end(signal.SIGKILL)

    async def terminate(self) -> int:
        """What a process manager does; the exit code."""
        return await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        return await asyncio.to_thread(self._process.wait, 30)

    async def accepted(self) -> float:
        """What its metrics say of mails accepted."""
        async with httpx.AsyncClient(trust_env=False) as client:
            text = (await client.get(f"http://127.0.0.1:{self.http_port}/metrics")).text
        lines = (line for line in text.splitlines() if line.startswith("postroom_mail_accepted_total{"))
        return sum(float(line.rpartition(" ")[2]) for line in lines)

    async def mails(self) -> int:
        """How many mails are stored."""
        return await self.database["raws"].count_documents({"_id": {"$regex": "/0$"}})

    async def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            await self.terminate()
        await self.client.drop_database(self.database.name)
        await self.client.close()
