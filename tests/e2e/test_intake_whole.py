"""Promises about everything at once: no card number anywhere, the counts add up, an import survives being killed."""

import asyncio
import hashlib
import json
import re
import signal
import subprocess
import zipfile
from collections.abc import Iterable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from kafka_log import read_topics
from mail_client import all_is_said, answered, caught, compose, hand_in, opened, ticket_of
from pymongo import MongoClient
from pymongo.collection import Collection
from stack import POSTROOM, Stack, until

pytestmark = pytest.mark.e2e

WORD = "quagga"
"""Stands in what may be read."""
SOURCE_WORD = "okapi"
"""Stands in the source of a mail only."""
PLACES = (
    "subject",
    "text",
    "Persian digits",
    "HTML",
    "attachment",
    "sender",
    "recipient",
    "invitation",
    "forwarded sender",
    "automatic answer",
    "bounce",
    "spam",
    "chat",
    "chat sender",
    "chat attachment",
)
PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
ASCII = str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789")


def card(middle: int) -> str:
    """A card number with these eight digits in its middle."""
    digits = f"4539{middle:08}731"
    total = sum(int(one) for one in digits[1::2]) + sum(sum(divmod(2 * int(one), 10)) for one in digits[::2])
    return digits + str(-total % 10)


CARDS = {place: card(83_172_645 + 1_034_567 * number) for number, place in enumerate(PLACES)}


def grouped(place: str, separator: str = " ") -> str:
    """A card number as people write it."""
    return separator.join(re.findall("....", CARDS[place]))


def rich_mail(customer: str) -> EmailMessage:
    """A mail with card numbers wherever they fit."""
    sender, to = f"Max {CARDS['sender']} <{customer}>", f"Team {CARDS['recipient']} <support@example.com>"
    text = f"My card is {grouped('text')}, or {CARDS['Persian digits'].translate(PERSIAN)}. A {WORD}.\n"
    mail = compose(f"Charged {WORD} {grouped('subject', '-')}", text, sender, to=to, X_Source=SOURCE_WORD)
    first, second, third, fourth = re.findall("....", CARDS["HTML"])
    html = f"<p>A {WORD}: <b>{first}</b>&nbsp;<i>{second}</i><span> {third}</span>{fourth}</p>"
    mail.add_alternative(html, subtype="html")
    mail.add_attachment(b"x", maintype="image", subtype="png", filename=f"card {grouped('attachment')}.png")
    calendar = f"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Pay {CARDS['invitation']}\r\n"
    calendar += "DTSTART:20260401T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    mail.add_attachment(calendar, subtype="calendar", filename="pay.ics")
    return mail


def other_mails(reply: EmailMessage, customer: str) -> list[tuple[bytes, str]]:
    """Mails of machines and agents with card numbers, each with the sender of its envelope."""
    forward = f"Please.\n\n---------- Forwarded message ---------\nFrom: Zoe {CARDS['forwarded sender']} "
    forward += "<zoe@cards.example>\nDate: Mon, 2 Mar 2026 at 09:30\nSubject: Paid\nTo: <mina@example.com>\n\n\nPaid.\n"
    away = compose(f"Out of office: {CARDS['automatic answer']}", "I am out of the office until Monday.\n", customer)
    away["In-Reply-To"] = reply["Message-ID"]
    bounce = (
        "From: MAILER-DAEMON@mx.example.net\r\nTo: support@example.com\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
        "Message-ID: <b@mx.example.net>\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n"
        "\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n"
        f"Final-Recipient: rfc822; {customer}\r\nAction: failed\r\nStatus: 5.7.1\r\n"
        f"Diagnostic-Code: smtp; 550 5.7.1 not taken: it holds the card {CARDS['bounce']}\r\n--b\r\n"
        f"Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: {reply['Message-ID']}\r\n\r\n--b--\r\n"
    )
    spam = compose(f"Win {CARDS['spam']}", "You win.\n", "spam@cards.example", X_Spam_Flag="YES")
    return [
        (compose("Fwd: Paid", forward, "Mina Karimi <mina@example.com>").as_bytes(), "mina@example.com"),
        (away.as_bytes(), ""),
        (bounce.encode(), ""),
        (spam.as_bytes(), "spam@cards.example"),
    ]


async def chat(intake: Stack, desk: httpx.AsyncClient) -> None:
    """Hand a contact with card numbers in by a door."""
    door = {"name": "Chat", "kind": "contacts", "mailbox": "support", "secret": "a secret of the chat"}
    assert (await desk.put("/api/v1/settings/door/cards", json=door)).status_code == 200
    said = {
        "channel": "chat",
        "sender": {"address": "yan@cards.example", "name": f"Yan {CARDS['chat sender']}"},
        "text": f"Card {grouped('chat')}",
        "attachments": [{"name": f"{CARDS['chat attachment']}.txt", "content": "eA=="}],
    }
    bearer = {"Authorization": "Bearer a secret of the chat", "Idempotency-Key": "cards"}
    async with intake.plain(intake.processes()["ingest-receive"]["address"]) as outside:

        async def code() -> int:
            return (await outside.post("/doors/cards", json=said, headers=bearer)).status_code

        await until(code, lambda got: got == 200, "door that takes it")


@pytest.fixture(scope="module")
async def ticket(intake: Stack) -> dict[str, Any]:
    """The ticket of a mail full of card numbers, after everything else that has some went through as well."""
    customer = "max@cards.example"
    async with intake.desk() as desk:
        found = await opened(intake, desk, rich_mail(customer), customer)
        reply = await answered(intake, desk, found)
        for raw, sender in other_mails(reply, customer):
            await hand_in(intake, raw, sender=sender)
        await chat(intake, desk)
        for other in ("zoe@cards.example", "yan@cards.example"):
            await ticket_of(desk, other, lambda one: one["clocks"])
        await all_is_said(intake, "fence5@example.net")
        return await ticket_of(
            desk,
            customer,
            lambda one: len(one["messages"]) == 4 and one["messages"][1]["delivery"]["state"] == "bounced",
        )


async def everything(intake: Stack) -> dict[str, str]:
    """All that Postroom keeps, says and sends, as text with ASCII digits, by where it is."""
    found: dict[str, list[bytes]] = {"MongoDB": await asyncio.to_thread(everything_stored, intake)}
    admin = AIOKafkaAdminClient(bootstrap_servers=intake.environ["POSTROOM_KAFKA_URL"])
    await admin.start()
    try:
        topics = [
            one for one in await admin.list_topics() if one.startswith(f"{intake.environ['POSTROOM_NAMESPACE']}.")
        ]
    finally:
        await admin.close()
    records = await read_topics(intake.environ["POSTROOM_KAFKA_URL"], topics)
    found["Kafka"] = [repr((one.key, one.headers)).encode() + one.value for one in records]
    found["logs"] = [file.read_bytes() for file in (intake.home / "logs").iterdir()]
    found["API"] = await everything_shown(intake)
    found["mail sent"] = await everything_sent(intake)
    return {where: b"\n".join(pieces).decode("utf-8", "replace").translate(ASCII) for where, pieces in found.items()}


def everything_stored(intake: Stack) -> list[bytes]:
    with MongoClient[dict[str, Any]](intake.environ["POSTROOM_MONGO_URL"]) as client:
        names = [
            one for one in client.list_database_names() if one.startswith(f"{intake.environ['POSTROOM_NAMESPACE']}_")
        ]
        collections = [client[name][one] for name in names for one in client[name].list_collection_names()]
        return [batch for collection in collections for batch in raw_batches(collection)]


def raw_batches(collection: Collection[dict[str, Any]]) -> list[bytes]:
    """All documents of a collection, as they are stored, in the order of their ids."""
    return list(cast("Iterable[bytes]", collection.find_raw_batches(sort=[("_id", 1)])))


async def everything_shown(intake: Stack) -> list[bytes]:
    answers: list[bytes] = []
    async with intake.desk() as desk:

        async def page(path: str, **asked: Any) -> list[dict[str, Any]]:
            answer = await desk.get(path, params=asked)
            assert answer.status_code == 200, path
            answers.append(answer.content)
            return list(answer.json()["items"])

        tickets = [f"tickets/{row['id']}" for row in await page("/api/v1/tickets", limit=200, merged=True)]
        aside = [f"set-aside/{row['contact']}" for row in await page("/api/v1/set-aside", limit=500)]
        await page("/api/v1/customers", limit=200)
        return answers + [(await desk.get(f"/api/v1/{one}")).content for one in tickets + aside]


async def everything_sent(intake: Stack) -> list[bytes]:
    pieces: list[bytes] = []
    async with intake.plain(intake.catcher_url) as http:
        listed = (await http.get("/api/v1/messages", params={"limit": 1000})).json()["messages"]
        for one in listed:
            raw = (await http.get(f"/api/v1/message/{one['ID']}/raw")).content
            mail = message_from_bytes(raw, policy=policy.default)
            pieces += [raw, "\n".join(f"{name}: {value}" for name, value in mail.items()).encode()]
            pieces += [part.get_content().encode() for part in mail.walk() if part.get_content_maintype() == "text"]
    return pieces


@pytest.fixture(scope="module")
async def kept(intake: Stack, ticket: dict[str, Any]) -> dict[str, str]:
    """Everything, after the mails with card numbers."""
    assert ticket["messages"]
    return await everything(intake)


@pytest.mark.parametrize("place", PLACES)
def test_a_card_number_is_nowhere_in_the_clear(kept: dict[str, str], place: str) -> None:
    pattern = re.compile(r"\D{0,8}".join(CARDS[place][3:14]))
    shown = {where: match[0] for where, text in kept.items() if (match := pattern.search(text)) is not None}
    assert shown == {}


def test_what_may_be_read_is_found_where_card_numbers_are_looked_for(kept: dict[str, str]) -> None:
    assert [where for where, text in kept.items() if WORD not in text] == ["logs"]
    assert len(kept["logs"]) > 1000
    assert [where for where, text in kept.items() if SOURCE_WORD in text] == [], "sources are encrypted"
    assert CARDS["subject"][:4] + "-" + CARDS["subject"][4:6] in kept["mail sent"], "its beginning and its end stay"


async def test_only_who_may_sees_the_source(intake: Stack, ticket: dict[str, Any]) -> None:
    message = ticket["messages"][0]
    assert message["redactions"] >= 8
    async with intake.desk() as desk:
        raw = await desk.get(message["raw_url"])
        assert raw.status_code == 200
        assert all(grouped(place).encode() in raw.content for place in ("text", "attachment"))
        found = (await desk.get("/api/v1/tickets", params={"q": CARDS["text"]})).json()["items"]
        assert found == []
        for sees_raw, expected in ((False, 403), (True, 200)):
            login = {"email": f"raw{expected}@example.com", "password": "a long password"}
            made = await desk.post("/api/v1/agents", json={"name": "A", "sees_raw": sees_raw, **login})
            assert made.status_code == 201, made.text
            session = (await desk.post("/api/v1/sessions", json=login)).json()["token"]
            async with intake.plain(intake.desk_url) as agent:
                answer = await agent.get(message["raw_url"], headers={"Authorization": f"Bearer {session}"})
            assert answer.status_code == expected


THREADS, EACH = 120, 5


def archive(path: Path) -> None:
    """A zip of old mails: threads of so many mails each."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as files:
        for thread in range(THREADS):
            for number in range(EACH):
                above = f"References: <{thread}.0@archive.example>\r\n" if number else ""
                files.writestr(
                    f"{thread:04}/{number}.eml",
                    f"From: s{thread}@archive.example\r\nTo: support@example.com\r\nSubject: Old matter {thread}\r\n"
                    f"Message-ID: <{thread}.{number}@archive.example>\r\n{above}"
                    f"Date: Mon, 5 Jan 2026 08:00:{number:02} +0000\r\n\r\nThe mail {number} of matter {thread}.\r\n",
                )


async def accepted(desk: httpx.AsyncClient) -> int:
    """How many contacts were accepted so far."""
    return sum(row["accepted"] for row in (await desk.get("/api/v1/intake-ledger")).json()["hours"])


async def test_an_import_that_was_killed_goes_on_and_takes_nothing_twice(intake: Stack, tmp_path: Path) -> None:
    file = tmp_path / "old.zip"
    await asyncio.to_thread(archive, file)
    async with intake.desk() as desk:
        before = await accepted(desk)
        running = subprocess.Popen([POSTROOM, "import", str(file)], env=intake.environ, stdout=subprocess.DEVNULL)
        await until(lambda: accepted(desk), lambda count: count > before + 256, "mails handed in", every=0.01)
        running.kill()
        assert running.wait() == -signal.SIGKILL
    done = await asyncio.to_thread(intake.run, "import", str(file))
    said = done.stdout.decode()
    assert done.returncode == 0, said + done.stderr.decode()
    going_on = re.search(r"going on: (\d+) mails were handed in before", said)
    assert going_on is not None, said
    assert 0 < int(going_on[1]) < THREADS * EACH
    counts = re.search(r"accepted (\d+) = (\d+) new \+ (\d+) appended \+ (\d+) duplicate \+ 0 set aside", said)
    assert counts is not None, said
    total, new, appended, duplicate = map(int, counts.groups())
    assert total == new + appended + duplicate
    assert (new, new + appended) == (THREADS, THREADS * EACH)

    async def messages() -> list[str]:
        return await asyncio.to_thread(imported, intake)

    subjects = await until(messages, lambda found: len(found) >= THREADS * EACH, "messages of the import in desk")
    assert len(subjects) == len(set(subjects)) == THREADS * EACH
    assert await caught(intake, "archive.example") == []


def imported(intake: Stack) -> list[str]:
    """The Message-IDs of imported messages."""
    with MongoClient[dict[str, Any]](intake.environ["POSTROOM_MONGO_URL"]) as client:
        messages = client[f"{intake.environ['POSTROOM_NAMESPACE']}_desk"]["messages"]
        return [one["message_id"] for one in messages.find({"author.id": {"$regex": "@archive.example$"}})]


async def test_the_ledger_adds_up_and_agrees_with_the_desk(intake: Stack) -> None:
    def ledger() -> list[dict[str, Any]]:
        return list(json.loads(intake.run("ledger", "--json").stdout)["hours"])

    async def rows() -> list[dict[str, Any]]:
        return await asyncio.to_thread(ledger)

    found = await until(rows, lambda told: not any(row["waiting"] for row in told), "ledger with nothing waiting")
    for row in found:
        assert row["accepted"] == row["new"] + row["appended"] + row["duplicate"] + row["set_aside"], row
    totals = {name: sum(row[name] for row in found) for name in ("new", "appended", "set_aside")}
    tickets, contacts = await asyncio.to_thread(stored_counts, intake)
    assert (totals["new"], totals["new"] + totals["appended"]) == (tickets, contacts)
    waiting = json.loads((await asyncio.to_thread(intake.run, "set-aside", "list", "--json")).stdout)
    assert totals["set_aside"] == len(waiting) > 0


def stored_counts(intake: Stack) -> tuple[int, int]:
    """Tickets, and messages that came in."""
    with MongoClient[dict[str, Any]](intake.environ["POSTROOM_MONGO_URL"]) as client:
        desk = client[f"{intake.environ['POSTROOM_NAMESPACE']}_desk"]
        return desk["tickets"].count_documents({}), desk["messages"].count_documents({"kind": "contact"})


async def reread(intake: Stack) -> str:
    """The last line of a dry run."""
    done = await asyncio.to_thread(intake.run, "reparse", "--dry-run")
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().splitlines()[-1]


async def test_reading_all_again_says_what_would_change_and_changes_nothing(intake: Stack) -> None:
    before = await asyncio.to_thread(imprint, intake)
    _, contacts = await asyncio.to_thread(stored_counts, intake)
    assert await reread(intake) == f"{contacts} read, 0 would change"
    pattern = {"name": "An old matter", "pattern": "matter 17\\b"}
    async with intake.desk() as desk:
        assert (await desk.put("/api/v1/settings/redaction/matter", json=pattern)).status_code == 200
        would = f"{contacts} read, {EACH} would change: {EACH} subject, {EACH} text"
        await until(lambda: reread(intake), lambda said: said == would, would, every=1.0)
        assert (await desk.delete("/api/v1/settings/redaction/matter")).status_code == 204
    assert await asyncio.to_thread(imprint, intake) == before


async def test_reading_all_again_for_good_gives_desk_what_is_read_now(intake: Stack) -> None:
    _, contacts = await asyncio.to_thread(stored_counts, intake)
    pattern = {"name": "An old matter", "pattern": "matter 17\\b"}
    async with intake.desk() as desk:
        assert (await desk.put("/api/v1/settings/redaction/matter", json=pattern)).status_code == 200
        await until(
            lambda: reread(intake), lambda said: f" {EACH} would change" in said, "what would change", every=1.0
        )
        done = await asyncio.to_thread(intake.run, "reparse")
        assert f"{contacts} read, {EACH} changed" in done.stdout.decode(), done.stderr.decode()
        none = f"{contacts} read, 0 would change"
        await until(lambda: reread(intake), lambda said: said == none, none, every=1.0)
        assert (await desk.delete("/api/v1/settings/redaction/matter")).status_code == 204


def imprint(intake: Stack) -> str:
    """What all messages look like now."""
    with MongoClient[dict[str, Any]](intake.environ["POSTROOM_MONGO_URL"]) as client:
        messages = client[f"{intake.environ['POSTROOM_NAMESPACE']}_desk"]["messages"]
        return hashlib.sha256(b"".join(raw_batches(messages))).hexdigest()
