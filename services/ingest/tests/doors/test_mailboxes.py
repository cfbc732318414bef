"""Which mailbox a recipient means."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from postroom_contracts.config import Mailbox
from postroom_ingest.receive.mailboxes import Mailboxes
from postroom_plumbing.settings_view import Settings, SettingsView

from ..making import mail
from ..running import Talk, stuffed
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


@pytest.mark.parametrize("recipient", ["hilfe@bücher.example", "Hilfe@XN--BCHER-KVA.example", "HILFE+1@BÜCHER.example"])
@pytest.mark.parametrize(
    "mailbox", ["hilfe@bücher.example", "hilfe@xn--bcher-kva.example", "hilfe@bu\u0308cher.example"]
)
def test_an_international_domain_is_known_in_all_its_spellings(mailbox: str, recipient: str) -> None:
    mailboxes = known(a="other@bücher.example", b=mailbox)
    assert mailboxes.find(recipient) == "b"
    assert mailboxes.postmaster("postmaster@" + recipient.partition("@")[2]) == "a"


def test_a_local_part_is_known_in_all_its_spellings() -> None:
    mailboxes = known(b="büro@x.example", c="buro@x.example")
    assert mailboxes.find("BU\u0308RO+7@x.example") == "b"
    assert mailboxes.find("buro@x.example") == "c"


@pytest.mark.connected
async def test_mail_for_an_international_mailbox_is_taken(open_door: OpenDoor) -> None:
    door = await open_door()
    mailbox = Mailbox(address="büro@bücher.example", name="Büro")
    door.service.view.current = replace(door.service.view.current, mailbox={"büro": mailbox})
    talk = await Talk.open(door.port)
    to = "bu\u0308ro@xn--bcher-kva.example"
    await talk.say("MAIL FROM:<ann@example.com> SMTPUTF8")
    assert (await talk.say(f"RCPT TO:<{to}>")).startswith("250 ")
    assert (await talk.say("DATA")).startswith("354 ")
    await talk.send(stuffed(mail("idn@x")))
    assert (await talk.answer()).startswith("250 ")
    (event,) = await door.received()
    assert (event.mailbox, event.envelope_to) == ("büro", (to,))
    await talk.close()


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
