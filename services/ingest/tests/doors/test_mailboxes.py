"""Which mailbox a recipient means."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from postroom_contracts.config import Mailbox
from postroom_ingest.receive.mailboxes import Mailboxes
from postroom_plumbing.settings_view import Settings, SettingsView

from ..making import mail
from ..running import Talk
from .conftest import OpenDoor


def known(**addresses: str) -> Mailboxes:
    mailboxes = {name: Mailbox.model_validate({"address": one, "name": name}) for name, one in addresses.items()}
    view: Any = SimpleNamespace(current=Settings(mailbox=mailboxes))
    return Mailboxes(cast("SettingsView", view))


TWO = {"z-sales": "sales@a.example", "b-help": "help@b.example"}


@pytest.mark.parametrize(
    ("mailboxes", "recipient", "found"),
    [
        (TWO, "postmaster", "b-help"),
        (TWO, "PostMaster", "b-help"),
        (TWO, "postmaster@a.example", "z-sales"),
        (TWO, "Postmaster@A.Example", "z-sales"),
        (TWO, "postmaster@elsewhere.example", None),
        (TWO, "postmaster@", None),
        (TWO, "help", None),
        (TWO, "", None),
        ({}, "postmaster", None),
        (TWO | {"pm": "postmaster@a.example"}, "postmaster", "pm"),
        (TWO | {"pm": "postmaster@a.example"}, "postmaster@b.example", "pm"),
        (TWO | {"pm": "postmaster@a.example", "an": "postmaster@b.example"}, "postmaster@a.example", "pm"),
        (TWO | {"pm": "postmaster@a.example", "an": "postmaster@b.example"}, "postmaster", "an"),
    ],
)
def test_the_postmaster_is_known(mailboxes: dict[str, str], recipient: str, found: str | None) -> None:
    assert known(**mailboxes).postmaster(recipient) == found


@pytest.mark.connected
async def test_mail_for_the_postmaster_is_taken(open_door: OpenDoor) -> None:
    door = await open_door()
    talk = await Talk.open(door.port)
    assert (await talk.deliver(mail("pm@x"), to="Postmaster")).startswith("250 ")
    (event,) = await door.received()
    assert (event.mailbox, event.envelope_to) == ("billing", ("Postmaster",))
    await door.feed(event)
    assert await door.outcomes([event]) == ["new"]
    for unknown in ("nobody", "postmaster@elsewhere.example"):
        await talk.say("MAIL FROM:<a@x>")
        assert (await talk.say(f"RCPT TO:<{unknown}>")).startswith("550 5.1.1 ")
        await talk.say("RSET")
    await talk.close()
