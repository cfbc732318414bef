"""What desk is told of accounts."""

import httpx
import pytest
from fastapi import FastAPI

from postroom_ingest.imap import accounts_router
from postroom_plumbing import measures, problems
from postroom_plumbing.testing import BEARER, until

from .doors import Door, account, mailbox
from .dovecot import PASSWORD, Dovecot

pytestmark = pytest.mark.connected


async def test_how_accounts_go(door: Door, dovecot: Dovecot, user: str) -> None:
    app = FastAPI()
    problems.install(app)
    app.include_router(accounts_router(door.store, door.service.view, door.service.settings))
    fields = {"port": dovecot.port, "user": user}
    await door.set(
        mailbox(),
        account(door.sealer, "good", password=PASSWORD, **fields),
        account(door.sealer, "bad", password="wrong", **fields),
        account(door.sealer, "off", password=PASSWORD, enabled=False, **fields),
        account(door.sealer, "lost", password=PASSWORD, **{**fields, "mailbox": "nowhere"}),
    )
    for name, state in (("good", "up"), ("bad", "refused"), ("lost", "misconfigured")):
        await door.until_state(state, name)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://ingest") as client:
        assert (await client.get("/v1/accounts")).status_code == 401
        answer = await client.get("/v1/accounts", headers=BEARER)
    told = {one["id"]: one for one in answer.json()}
    assert {name: one["state"] for name, one in told.items()} == {
        "good": "up",
        "bad": "refused",
        "off": "disabled",
        "lost": "misconfigured",
    }
    assert told["good"]["error"] is None
    assert told["good"]["cursor"]["front"] == 0
    assert told["lost"]["error"] == "there is no mailbox 'nowhere'"
    assert "wrong" not in answer.text
    assert PASSWORD not in answer.text

    async def up() -> dict[str, bool]:
        return {name: up for name, (up, _) in measures.imap_accounts.items()}

    await until(up, lambda found: found == {"good": True, "bad": False, "lost": False}, "the metric")
    await until(
        door.accounts.health, lambda wrong: wrong == "mail is not taken from: bad, lost", "the health check's words"
    )
