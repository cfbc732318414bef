"""The internal HTTP door: imports, raw mail and its parts, for holders of the token only."""

import base64
from collections.abc import AsyncIterator

import httpx
import pytest

from postroom_plumbing.ids import new_id

from .making import mail
from .running import INTERNAL_TOKEN, MAX_BYTES, Ingest

pytestmark = pytest.mark.connected
PNG = bytes(range(256))
WITH_FILE = mail(
    "file@x",
    more='Content-Type: multipart/mixed; boundary="b"',
    text="\r\n".join(
        [
            "--b\r\nContent-Type: text/plain\r\n\r\nSee the picture.",
            '--b\r\nContent-Type: image/png; name="a.png"\r\nContent-Disposition: attachment; filename="a.png"',
            "Content-Transfer-Encoding: base64\r\n",
            base64.b64encode(PNG).decode(),
            "--b--",
        ]
    ),
)


def netstrings(*mails: bytes) -> bytes:
    return b"".join(b"%d:%b," % (len(raw), raw) for raw in mails)


async def hand_in(ingest: Ingest, run: str, *mails: bytes, mailbox: str = "support") -> httpx.Response:
    return await ingest.http.post(f"/v1/imports/{run}/mails", params={"mailbox": mailbox}, content=netstrings(*mails))


async def contact_of(ingest: Ingest, run: str, raw: bytes, mailbox: str = "support") -> str:
    """The contact that a mail handed in alone became."""
    (contact,) = (await hand_in(ingest, run, raw, mailbox=mailbox)).json()["contacts"]
    return str(contact)


async def count(ingest: Ingest, run: str) -> dict[str, int]:
    counts: dict[str, int] = (await ingest.http.get(f"/v1/imports/{run}")).json()
    return {name: number for name, number in counts.items() if number}


async def read(ingest: Ingest, run: str) -> None:
    """What the reading role does meanwhile."""
    for event in await ingest.received():
        if event.run == run:
            await ingest.feed(event)


async def test_an_import_is_counted_and_may_be_run_again(ingest: Ingest) -> None:
    first, second = new_id(), new_id()
    mails = [mail(f"{first}@x"), mail(None, text=first), mail(None, text=first, date=None), mail("r@x", f"{first}@x")]
    for run in (first, second):
        answer = await hand_in(ingest, run, *mails)
        assert answer.status_code == 202
        for raw, contact in zip(mails, answer.json()["contacts"], strict=True):
            assert (await ingest.http.get(f"/v1/raw/{contact}")).content == raw
        assert await count(ingest, run) | {"accepted": 4} == await count(ingest, run)
        await read(ingest, run)
    assert await count(ingest, first) == {"accepted": 4, "new": 3, "appended": 1}
    assert await count(ingest, second) == {"accepted": 4, "duplicate": 4}
    assert await count(ingest, new_id()) == {}
    told = [one for one in (await ingest.contacts()).values() if one.text.strip() == first]
    assert [one.imported for one in told] == [True, True]


async def test_an_imported_mail_says_whose_it_is(ingest: Ingest) -> None:
    contact = await contact_of(ingest, run := new_id(), mail(), "billing")
    (event,) = [event for event in await ingest.received() if event.contact == contact]
    assert (event.door, event.run, event.mailbox, event.envelope_from) == ("import", run, "billing", "")
    assert event.imported
    assert event.envelope_to == ("billing@example.com",)


async def test_what_cannot_be_handed_in(ingest: Ingest) -> None:
    run = new_id()
    unknown = await hand_in(ingest, run, mail(), mailbox="nowhere")
    assert (unknown.status_code, unknown.headers["content-type"]) == (422, "application/problem+json")
    assert (await ingest.http.post(f"/v1/imports/{run}/mails", content=b"x")).status_code == 422
    assert (await hand_in(ingest, run, b"x" * (MAX_BYTES + 1))).status_code == 413
    assert (await hand_in(ingest, run, mail(), b"x" * (MAX_BYTES + 1))).status_code == 413
    assert (await hand_in(ingest, run, *[b"x"] * 257)).status_code == 413

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(MAX_BYTES // 1_000_000 + 9):
            yield b"x" * 1_000_000

    large = await ingest.http.post(f"/v1/imports/{run}/mails", params={"mailbox": "support"}, content=endless())
    assert large.status_code == 413
    assert await count(ingest, run) == {}


@pytest.mark.parametrize(
    "body",
    [b"x", b"3:abc", b"3:abcd,", b":abc,", b"-1:,", b" 3:abc,", b"9:abc,", b"3:abc,x", b"99999999999:a,", b"3"],
)
async def test_what_is_not_framed_is_refused_whole(ingest: Ingest, body: bytes) -> None:
    run = new_id()
    answer = await ingest.http.post(
        f"/v1/imports/{run}/mails", params={"mailbox": "support"}, content=netstrings(mail()) + body
    )
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert await count(ingest, run) == {}


async def test_many_mails_and_none(ingest: Ingest) -> None:
    run = new_id()
    contacts = (await hand_in(ingest, run, *[mail(f"{n}.{run}@x") for n in range(150)])).json()["contacts"]
    assert len(set(contacts)) == 150
    assert (await hand_in(ingest, run)).json() == {"contacts": []}
    assert (await count(ingest, run)) == {"accepted": 150}
    ids = [event.contact for event in await ingest.received() if event.run == run]
    assert ids == contacts


async def test_a_part_of_a_mail(ingest: Ingest) -> None:
    contact = await contact_of(ingest, new_id(), WITH_FILE)
    (event,) = [event for event in await ingest.received() if event.contact == contact]
    await ingest.feed(event)
    (file,) = (await ingest.contacts([event]))[contact].attachments
    answer = await ingest.http.get(f"/v1/raw/{contact}/parts/{file.part}")
    assert (answer.content, answer.headers["content-type"]) == (PNG, "application/octet-stream")
    for part, status in ((file.part + 7, 404), (-1, 404), ("x", 422)):
        assert (await ingest.http.get(f"/v1/raw/{contact}/parts/{part}")).status_code == status
    for path in ("nobody", "nobody/parts/0"):
        assert (await ingest.http.get(f"/v1/raw/{path}")).status_code == 404


async def test_the_mailboxes(ingest: Ingest) -> None:
    answer = await ingest.http.get("/v1/mailboxes")
    assert answer.json() == {"support": "support@example.com", "billing": "billing@example.com"}


@pytest.mark.parametrize("shown", [None, "", "Bearer", "Bearer wrong", f"Basic {INTERNAL_TOKEN}", "Bearer \xff"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/raw/x"),
        ("GET", "/v1/raw/x/parts/0"),
        ("POST", "/v1/imports/x/mails?mailbox=support"),
        ("GET", "/v1/imports/x"),
        ("GET", "/v1/mailboxes"),
    ],
)
async def test_nothing_without_the_token(ingest: Ingest, method: str, path: str, shown: str | None) -> None:
    headers = httpx.Headers([] if shown is None else [(b"Authorization", shown.encode("latin-1"))])
    del ingest.http.headers["Authorization"]
    try:
        answer = await ingest.http.request(method, path, headers=headers)
    finally:
        ingest.http.headers["Authorization"] = f"Bearer {INTERNAL_TOKEN}"
    assert answer.status_code == 401


async def test_without_a_store_a_mail_is_not_taken(lost_ingest: Ingest) -> None:
    assert (await hand_in(lost_ingest, "run", mail())).status_code == 503
