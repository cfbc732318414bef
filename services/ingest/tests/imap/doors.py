"""The IMAP door of an ingest process without its other parts, on the real MongoDB; also as a process of its own."""

import asyncio
import itertools
import logging
import os
import sys
from collections import Counter
from typing import Any

from postroom_contracts.config import Account, Mailbox, SettingChanged
from postroom_contracts.event import Event
from postroom_contracts.inbound import MailReceived
from postroom_ingest.imap import Accounts, AccountStore, Parts
from postroom_ingest.raw import RawStore
from postroom_ingest.receive.accept import Acceptor
from postroom_ingest.settings import ReceiveSettings
from postroom_plumbing.clock import utc_now
from postroom_plumbing.leases import Leases
from postroom_plumbing.sealing import Sealer
from postroom_plumbing.service import Service
from postroom_plumbing.settings import load
from postroom_plumbing.testing import Servers, settings_for, stated, until
from postroom_plumbing.unit import Unit

_versions = itertools.count(1)


class Door:
    """Works accounts from `start` to `stop`."""

    def __init__(self, settings: ReceiveSettings, **parts: Any) -> None:
        self.service = Service("ingest", settings)
        self.database = self.service.database
        self.sealer = Sealer(settings, "setting")
        self.raws = RawStore(self.database, Sealer(settings, "raw"))
        self.store = AccountStore(self.database)
        acceptor = Acceptor(self.service.units, self.raws)
        self.parts = Parts(self.store, acceptor, self.sealer, settings.imap_max_bytes, **parts)
        self.accounts = Accounts(self.parts, Leases(self.database, "imap", ()), self.service.view)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        for prepare in (self.service.outbox.prepare, self.raws.prepare, self.store.prepare, self.service.view.refresh):
            await prepare()
        self._tasks = [asyncio.create_task(self.service.view.keep_fresh()), asyncio.create_task(self.accounts.run())]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def close(self) -> None:
        await self.stop()
        await self.service.stop()

    async def set(self, *changed: Event) -> None:
        """Desk changed settings."""

        async def work(unit: Unit) -> None:
            await self.service.view.apply([one for one in changed if isinstance(one, SettingChanged)], unit)

        await self.service.units.run(work)

    async def taken(self) -> list[MailReceived]:
        """What was taken, in its order."""
        return [event for event in await stated(self.database) if isinstance(event, MailReceived)]

    async def count(self) -> int:
        return await self.database["raws"].count_documents({"size": {"$exists": True}})

    async def until_taken(self, count: int, seconds: float = 20.0) -> list[MailReceived]:
        """Wait until so many mails were taken; more, or one twice, are an error."""
        await until(self.count, lambda taken: taken >= count, f"{count} mails taken", seconds)
        taken = await self.taken()
        twice = [sha for sha, times in Counter(one.raw.sha256 for one in taken).items() if times > 1]
        assert (len(taken), len(twice)) == (count, 0), Counter(one.imported for one in taken)
        return taken

    async def state(self, account: str = "a") -> dict[str, Any]:
        return (await self.store.states()).get(account, {})

    async def until_state(self, state: str, account: str = "a", seconds: float = 20.0) -> dict[str, Any]:
        return await until(lambda: self.state(account), lambda s: s.get("state") == state, f"state {state}", seconds)


def settings_of(servers: Servers, namespace: str, **other: Any) -> ReceiveSettings:
    return settings_for(ReceiveSettings, servers, namespace, **other)


def setting(kind: Any, name: str, value: dict[str, Any] | None) -> SettingChanged:
    """A change to a setting, newer than all before."""
    return SettingChanged(kind=kind, id=name, version=next(_versions), value=value, at=utc_now())


def mailbox() -> SettingChanged:
    return setting("mailbox", "support", Mailbox(address="support@example.com", name="Support").model_dump(mode="json"))


def account(sealer: Sealer, account_id: str = "a", **fields: Any) -> SettingChanged:
    """An account; secrets are given as they are and sealed here."""
    given = {"name": "An account", "mailbox": "support", "host": "localhost", "security": "none", **fields}
    for secret in set(Account.SEALED) & given.keys():
        given[secret] = sealer.seal_text(given[secret])
    return setting("account", account_id, Account.model_validate(given).model_dump(mode="json"))


async def _main() -> None:
    logging.basicConfig(format="%(message)s %(reason)s %(where)s %(error)s")
    door = Door(load(ReceiveSettings))
    await door.start()
    print("started", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    os.environ.setdefault("POSTROOM_HTTP_PORT", "1")
    sys.exit(asyncio.run(_main()))
