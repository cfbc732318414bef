"""What makes mail durable, for mails that share a transaction."""

import asyncio

import pytest
from pymongo.errors import PyMongoError

from postroom_ingest.raw import Incoming
from postroom_plumbing.ids import new_id

from .making import mail
from .running import Ingest

pytestmark = pytest.mark.connected


async def test_a_mail_that_cannot_be_stated_does_not_hold_up_those_beside_it(fresh_ingest: Ingest) -> None:
    unstatable = "half-\ud800@example.com"
    senders = ["ann@example.com", unstatable, "bob@example.com"]
    to = ("support@example.com",)
    mails = [Incoming(mail(f"{new_id()}@x"), "support", sender, to, "smtp") for sender in senders]
    answers = await asyncio.gather(*map(fresh_ingest.acceptor.accept, mails), return_exceptions=True)
    assert [isinstance(one, str) for one in answers] == [True, False, True]
    assert not isinstance(answers[1], PyMongoError)
    told = {event.contact for event in await fresh_ingest.received()}
    assert {answers[0], answers[2]} == told
    assert await fresh_ingest.database["raws"].count_documents({"mailbox": "support"}) == 2
