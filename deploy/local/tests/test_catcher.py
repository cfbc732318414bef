"""The catcher over real SMTP, with its HTTP routes called in-process."""

import asyncio
import smtplib
import socket
import sqlite3
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest

from postroom_local.catcher.api import create_app
from postroom_local.catcher.smtp import GroupCommit, start_smtp
from postroom_local.catcher.store import Arrived, Store


@dataclass(frozen=True)
class Catcher:
    http: httpx.AsyncClient
    store: Store
    port: int

    async def send(self, raw: bytes, to: Iterable[str] = ("a@example.com",), sender: str = "us@example.com") -> None:
        def deliver() -> None:
            with smtplib.SMTP("127.0.0.1", self.port) as client:
                client.sendmail(sender, list(to), raw, ["BODY=8BITMIME"])

        await asyncio.to_thread(deliver)

    async def json(self, path: str, **params: Any) -> Any:
        answer = await self.http.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
async def catcher(tmp_path: Path) -> AsyncIterator[Catcher]:
    store = Store(tmp_path / "home" / "catcher.sqlite3")
    commits = GroupCommit(store)
    listener = socket.create_server(("127.0.0.1", 0))
    server = await start_smtp(commits, listener)
    transport = httpx.ASGITransport(create_app(store, commits))
    async with httpx.AsyncClient(transport=transport, base_url="http://catcher") as http:
        yield Catcher(http, store, server.sockets[0].getsockname()[1])
    server.close()
    store.close()


def letter(subject: str = "Hello", body: str = "Some words\n", **headers: str) -> bytes:
    mail = EmailMessage()
    mail["Subject"] = subject
    mail["From"] = headers.pop("From", "Support <us@example.com>")
    mail["To"] = headers.pop("To", "Ann <a@example.com>")
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(body)
    return mail.as_bytes()


async def test_a_mail_is_listed_with_mailpits_fields(catcher: Catcher) -> None:
    await catcher.send(
        letter("سلام", Message_ID="<m1@example.com>", Reply_To="r@example.com"), ["a@example.com", "b@x.org"]
    )
    listing = await catcher.json("/api/v1/messages")
    (mail,) = listing.pop("messages")
    assert listing == {
        "total": 1, "unread": 1, "count": 1, "messages_count": 1, "messages_unread": 1, "start": 0, "tags": [],
    }  # fmt: skip
    assert len(mail.pop("ID")) == 22
    assert mail.pop("Created").endswith("Z")
    assert mail.pop("Size") > 100
    assert mail == {
        "MessageID": "m1@example.com",
        "Read": False,
        "From": {"Name": "Support", "Address": "us@example.com"},
        "To": [{"Name": "Ann", "Address": "a@example.com"}],
        "Cc": [],
        "Bcc": [{"Name": "", "Address": "b@x.org"}],
        "ReplyTo": [{"Name": "", "Address": "r@example.com"}],
        "Subject": "سلام",
        "Attachments": 0,
        "Snippet": "Some words",
        "Tags": [],
    }


async def test_a_mail_in_detail_is_marked_read(catcher: Catcher) -> None:
    mail = EmailMessage()
    mail["Subject"], mail["Date"] = "Parts", "Mon, 23 Nov 2026 10:00:00 +0100"
    mail.set_content("plain 文字")
    mail.add_alternative("<p>rich</p>", subtype="html")
    mail.add_attachment(b"%PDF-1", maintype="application", subtype="pdf", filename="bill Größe.pdf")
    await catcher.send(mail.as_bytes(), sender="")
    found = await catcher.json("/api/v1/message/latest")
    assert (found["Text"].strip(), found["HTML"].strip(), found["ReturnPath"]) == (
        "plain 文字",
        "<p>rich</p>",
        "",
    )
    assert found["Date"] == "2026-11-23T09:00:00.000Z"
    (part,) = found["Attachments"]
    assert (part["FileName"], part["ContentType"], part["Size"]) == ("bill Größe.pdf", "application/pdf", 6)
    answer = await catcher.http.get(f"/api/v1/message/{found['ID']}/part/{part['PartID']}")
    assert answer.content == b"%PDF-1"
    assert "bill%20Gr%C3%B6%C3%9Fe.pdf" in answer.headers["content-disposition"]
    listing = await catcher.json("/api/v1/messages")
    assert listing["unread"] == 0
    assert listing["messages"][0]["Read"] is True


async def test_the_source_comes_back_byte_for_byte(catcher: Catcher) -> None:
    raw = "Subject: dots\r\n\r\n.one\r\n..two\r\n.\r\nعربی\r\n".encode() + b"\xff raw\r\n" + b"x" * 5000 + b"\r\n"
    await catcher.send(raw)
    assert (await catcher.http.get("/api/v1/message/latest/raw")).content == raw
    assert (await catcher.json("/api/v1/message/latest/headers")) == {"Subject": ["dots"]}


async def test_an_address_in_utf8_is_taken(catcher: Catcher) -> None:
    def deliver() -> None:
        with smtplib.SMTP("127.0.0.1", catcher.port) as client:
            client.ehlo()
            assert {"8bitmime", "smtputf8"} <= client.esmtp_features.keys()
            assert client.esmtp_features["size"] == str(50 * 1024 * 1024)
            client.sendmail("us@example.com", ["用户@例子.广告"], letter(To="x"), ["SMTPUTF8", "BODY=8BITMIME"])

    await asyncio.to_thread(deliver)
    assert (await catcher.json("/api/v1/message/latest"))["Bcc"] == [{"Name": "", "Address": "用户@例子.广告"}]


async def test_pages_are_newest_first(catcher: Catcher) -> None:
    for number in range(5):
        await catcher.send(letter(f"mail {number}"))
    page = await catcher.json("/api/v1/messages", start=1, limit=2)
    assert [m["Subject"] for m in page["messages"]] == ["mail 3", "mail 2"]
    assert (page["total"], page["count"], page["start"]) == (5, 2, 1)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("invoice", ["Your invoice", "Other"]),
        ("subject:invoice", ["Your invoice"]),
        ("to:ANN@example.com", ["Other", "Your invoice"]),
        ("from:billing@", ["Your invoice"]),
        ("message-id:<two@example.com>", ["Other"]),
        ('"kind regards"', ["Other"]),
        ("regards kind", ["Other"]),
        ("hidden@example.com", ["Your invoice"]),
        ("from:ann", []),
        ("100%", []),
    ],
)
async def test_search(catcher: Catcher, query: str, found: list[str]) -> None:
    first = letter("Your invoice", "1000 euros", To="Ann <ann@example.com>", From="billing@example.com")
    await catcher.send(first, ["ann@example.com", "hidden@example.com"])
    await catcher.send(
        letter("Other", "The invoice\n\nKind  regards", To="ann@example.com", Message_ID="<two@example.com>")
    )
    result = await catcher.json("/api/v1/search", query=query)
    assert sorted(m["Subject"] for m in result["messages"]) == sorted(found)
    assert result["messages_count"] == len(found)
    assert result["total"] == 2


async def test_search_sees_what_came_after_the_last_search(catcher: Catcher) -> None:
    for number in (1, 2):
        await catcher.send(letter(f"needle {number}"))
        assert (await catcher.json("/api/v1/search", query="needle", limit=1))["messages_count"] == number


async def test_delete_some_then_all(catcher: Catcher) -> None:
    for number in range(3):
        await catcher.send(letter(f"mail {number}"))
    ids = [m["ID"] for m in (await catcher.json("/api/v1/messages"))["messages"]]
    answer = await catcher.http.request("DELETE", "/api/v1/messages", json={"IDs": [ids[0], "unknown"]})
    assert answer.text == "ok"
    assert (await catcher.json("/api/v1/messages"))["total"] == 2
    assert (await catcher.http.get(f"/api/v1/message/{ids[0]}")).status_code == 404
    await catcher.http.delete("/api/v1/messages")
    assert (await catcher.json("/api/v1/search", query="mail"))["total"] == 0
    assert (await catcher.http.get("/api/v1/message/latest")).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "named"),
    [
        ("GET", "/api/v1/messages?start=-1", "", 400, "start"),
        ("GET", "/api/v1/messages?limit=x", "", 400, "limit"),
        ("GET", "/api/v1/search", "", 400, "query"),
        ("GET", "/api/v1/search?query=%22%22", "", 400, "query"),
        ("GET", "/api/v1/message/nope/raw", "", 404, "nope"),
        ("DELETE", "/api/v1/messages", "{", 400, "body"),
        ("DELETE", "/api/v1/messages", '{"IDs": "x"}', 400, "IDs"),
        ("DELETE", "/api/v1/messages", "[]", 400, "IDs"),
    ],
)
async def test_bad_requests_say_why(
    catcher: Catcher, method: str, path: str, body: str, status: int, named: str
) -> None:
    await catcher.send(letter())
    answer = await catcher.http.request(method, path, content=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert named in answer.json()["detail"]
    assert (await catcher.json("/api/v1/messages"))["total"] == 1


async def test_info_and_health(catcher: Catcher) -> None:
    await catcher.send(letter())
    info = await catcher.json("/api/v1/info")
    assert (info["Messages"], info["Unread"], info["RuntimeStats"]["SMTPAccepted"]) == (1, 1, 1)
    for path in ("/health/live", "/health/ready"):
        assert (await catcher.json(path)) == {"status": "ok"}


async def test_mails_are_there_after_a_restart(catcher: Catcher) -> None:
    await catcher.send(letter("still here"))
    again = Store(catcher.store.path)
    assert [m["Subject"] for m in again.page(0, 10).messages] == ["still here"]
    again.close()


async def test_many_at_once_share_commits_and_none_is_lost(catcher: Catcher, monkeypatch: pytest.MonkeyPatch) -> None:
    batches = []
    add = catcher.store.add

    def counted(batch: list[Arrived]) -> None:
        batches.append(len(batch))
        add(batch)

    monkeypatch.setattr(catcher.store, "add", counted)
    commits = GroupCommit(catcher.store)
    mails = [Arrived(f"id{n}", datetime.now(UTC), "", ("a@example.com",), letter(f"mail {n}")) for n in range(100)]
    await asyncio.gather(*(commits.add(mail) for mail in mails))
    assert sum(batches) == 100 == catcher.store.counts()[0]
    assert len(batches) < 10


async def test_no_250_when_the_commit_fails(catcher: Catcher, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: list[Arrived]) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(catcher.store, "add", full)
    with pytest.raises(smtplib.SMTPDataError) as refused:
        await catcher.send(letter())
    assert refused.value.smtp_code == 451


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "application/xhtml+xml"])
async def test_parts_that_could_run_are_only_downloaded(catcher: Catcher, kind: str) -> None:
    mail = EmailMessage()
    mail.set_content("see file")
    main, sub = kind.split("/")
    mail.add_attachment(b"<script>alert(1)</script>", maintype=main, subtype=sub, filename="x")
    await catcher.send(mail.as_bytes())
    answer = await catcher.http.get("/api/v1/message/latest/part/2")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
