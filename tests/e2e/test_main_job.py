"""The main job: a mail comes in and comes out as a routed, timed, acknowledged, answered, surveyed, counted ticket."""

import json
import re
import smtplib
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import httpx
import pytest
from kafka_log import read_topics
from mail_client import answer_to, compose, send, sent_to
from stack import Stack, until

pytestmark = pytest.mark.e2e


async def ticket_about(desk: httpx.AsyncClient, subject: str, **conditions: Any) -> dict[str, Any]:
    """The one ticket with this subject, whole, once its fields are as asked."""

    async def look() -> dict[str, Any] | None:
        items = (await desk.get("/api/v1/tickets", params={"sort": "-opened_at"})).json()["items"]
        found = [one for one in items if one["subject"] == subject]
        assert len(found) <= 1, found
        return (await desk.get(f"/api/v1/tickets/{found[0]['id']}")).json() if found else None

    def fits(ticket: dict[str, Any] | None) -> bool:
        return ticket is not None and all(
            value(ticket[name]) if callable(value) else ticket[name] == value for name, value in conditions.items()
        )

    ticket = await until(look, fits, f"ticket {subject!r} with {sorted(conditions)}")
    assert ticket is not None
    return ticket


def rich_mail(subject: str) -> EmailMessage:
    mail = compose(subject, "Hello, the printer in our office stopped. 打印机坏了。\n", "Ana Ruiz <ana@example.org>")
    mail.add_alternative("<p onclick='x()'>Hello <b>printer</b><script>alert(1)</script></p>", subtype="html")
    mail.add_attachment(b"%PDF-1.4 bill", maintype="application", subtype="pdf", filename="فاکتور ۱.pdf")
    return mail


async def test_a_mail_becomes_a_ticket_that_is_routed_timed_and_acknowledged(stack: Stack) -> None:
    mail = rich_mail("Printer stopped 打印机")
    source = mail.as_bytes()
    await send(stack, mail)
    async with stack.desk() as desk:
        ticket = await ticket_about(desk, mail["Subject"], queue=bool, clocks=lambda clocks: len(clocks) == 2)
        message = ticket["messages"][0]
        assert message["text"].startswith("Hello, the printer")
        assert "script" not in message["html"]
        assert "onclick" not in message["html"]
        assert "<b>printer</b>" in message["html"]
        assert ticket["customer"]["address"] == "ana@example.org"
        assert ticket["customer"]["name"] == "Ana Ruiz"
        assert ticket["language"] == "en"
        [attachment] = message["attachments"]
        assert attachment["name"] == "فاکتور ۱.pdf"
        assert (await desk.get(attachment["url"])).content == b"%PDF-1.4 bill"
        raw = (await desk.get(message["raw_url"])).content
        assert raw.replace(b"\r\n", b"\n") == source.replace(b"\r\n", b"\n")
        assert ticket["routing"]["reason"]
        by_metric = {clock["metric"]: clock for clock in ticket["clocks"]}
        assert set(by_metric) == {"first_reply", "resolution"}
        assert by_metric["first_reply"]["due_at"] < by_metric["resolution"]["due_at"]
    [acknowledgement] = await sent_to(stack, "ana@example.org", f"[#{ticket['number']}]")
    assert acknowledgement["Auto-Submitted"] == "auto-replied"
    assert acknowledgement["In-Reply-To"] == mail["Message-ID"]
    body = acknowledgement.get_body(("plain",))
    assert body is not None
    due = datetime.fromisoformat(by_metric["first_reply"]["due_at"])
    assert f"#{ticket['number']}" in body.get_content()
    assert str(due.year) in body.get_content()


async def test_a_free_agent_gets_the_ticket_and_the_reason_is_told(stack: Stack) -> None:
    async with stack.desk() as desk:
        agent = (
            await desk.post(
                "/api/v1/agents",
                json={"name": "Sara", "email": "sara@example.com", "queues": ["billing"], "availability": "available"},
            )
        ).json()
        for other in (await desk.get("/api/v1/agents")).json():
            if other["id"] != agent["id"] and other["availability"] == "available":
                await desk.put(f"/api/v1/agents/{other['id']}/availability", json={"availability": "away"})
        await send(stack, compose("Wrong invoice for May", "The invoice is wrong.\n", "bo@example.net"))
        ticket = await ticket_about(desk, "Wrong invoice for May", agent=agent["id"], status="open")
        assert ticket["queue"] == "billing"
        assert ticket["routing"]["agent"] == agent["id"]
        assert [one["verdict"] for one in ticket["routing"]["candidates"] if one["agent"] == agent["id"]] == ["chosen"]


async def test_reply_answer_solve_survey_and_figures(stack: Stack) -> None:
    mail = compose("Cannot log in since Monday", "It says: wrong password.\n", "Cem Aydın <cem@example.org>")
    await send(stack, mail)
    async with stack.desk() as desk:
        ticket = await ticket_about(desk, mail["Subject"], queue=bool, clocks=bool)
        url = f"/api/v1/tickets/{ticket['number']}"
        answered = await desk.post(f"{url}/replies", json={"text": "Please try the link.\n", "status": "pending"})
        assert answered.status_code == 201, answered.text
        found = await sent_to(stack, "cem@example.org", "Cannot log in", count=2)
        reply = next(one for one in found if one["Auto-Submitted"] is None)
        assert reply["In-Reply-To"] == mail["Message-ID"]
        assert "Please try the link." in reply.get_content()
        ticket = await ticket_about(desk, mail["Subject"], status="pending", clocks=_met, messages=_sent)

        # the customer answers our mail, and a colleague of theirs with nothing but our Message-ID
        await send(stack, answer_to(reply, "It works, thanks!\n", "Cem Aydın <cem@example.org>"))
        other = compose("Fw: something else", "For me too.\n", "dora@example.org", In_Reply_To=reply["Message-ID"])
        await send(stack, other)
        ticket = await ticket_about(desk, mail["Subject"], messages=lambda messages: len(messages) == 4, status="open")
        assert ticket["messages"][2]["evidence"]["kind"] == "own-token"

        solved = await desk.patch(url, json={"status": "solved"})
        assert solved.status_code == 200
        links = re.findall(r"http://[^\s\"<>]+rating=5", _plain(await _survey(stack)))
        async with stack.plain("") as browser:
            page = await browser.get(links[0])
        assert page.status_code == 200
        ticket = await ticket_about(desk, mail["Subject"], csat=bool)
        assert ticket["csat"]["rating"] == 5
        await _figures_agree(desk)


def _met(clocks: list[dict[str, Any]]) -> bool:
    return any(clock["metric"] == "first_reply" and clock["state"] == "met" for clock in clocks)


def _sent(messages: list[dict[str, Any]]) -> bool:
    return len(messages) == 2 and messages[1]["delivery"]["state"] == "sent"


def _plain(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


async def _survey(stack: Stack) -> EmailMessage:
    found = await sent_to(stack, "cem@example.org", "", count=3)
    return next(one for one in found if "rating=5" in _plain(one))


async def _figures_agree(desk: httpx.AsyncClient) -> None:
    today = datetime.now(UTC).date()
    span = {"from": str(today - timedelta(days=1)), "to": str(today + timedelta(days=1))}

    async def figures() -> dict[str, Any]:
        response = await desk.get("/api/v1/analytics/summary", params=span)
        assert response.status_code == 200, response.text
        return dict(response.json())

    tickets = (await desk.get("/api/v1/tickets", params={"limit": 200})).json()["items"]
    solved = sum(1 for one in tickets if one["status"] == "solved")
    summary = await until(
        figures,
        lambda told: told["opened"] == len(tickets) and told["solved"] == solved and told["csat"]["answers"] == 1,
        f"figures for {len(tickets)} opened and {solved} solved",
    )
    assert summary["backlog"] == len(tickets) - solved
    assert summary["csat"]["percent"] == 100
    assert summary["first_reply"]["count"] == 1
    assert summary["sla"]["first_reply"]["met"] == 1
    for group in ("day", "queue", "channel", "agent"):
        rows = (await desk.get("/api/v1/analytics/series", params={**span, "group_by": group})).json()["rows"]
        assert sum(row["opened"] for row in rows) == len(tickets), group


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto-Submitted": "auto-replied"},
        {"List-Id": "<announce.example.net>", "Precedence": "list"},
        {"X-Autoreply": "yes"},
    ],
    ids=["auto-reply", "list", "older auto-reply mark"],
)
async def test_machines_get_no_acknowledgement(stack: Stack, headers: dict[str, str]) -> None:
    subject = f"Out of office {len(json.dumps(headers))}"
    mail = compose(subject, "I am away.\n", "robot@example.net")
    for name, value in headers.items():
        mail[name] = value
    await send(stack, mail)
    person = compose(f"After {subject}", "Hello.\n", "eve@example.net")
    await send(stack, person)
    async with stack.desk() as desk:
        await ticket_about(desk, subject, queue=bool)
    await sent_to(stack, "eve@example.net", f"After {subject}")
    async with stack.plain(stack.catcher_url) as http:
        found = (await http.get("/api/v1/search", params={"query": "to:robot@example.net"})).json()
    assert found["messages"] == []


async def test_the_same_mail_twice_is_one_message(stack: Stack) -> None:
    mail = compose("Sent twice by my phone", "Once.\n", "fay@example.org")
    await send(stack, mail)
    await send(stack, mail)
    answer = answer_to(mail, "And now the next.\n", "fay@example.org")
    await send(stack, answer)
    async with stack.desk() as desk:
        ticket = await ticket_about(desk, mail["Subject"], messages=lambda messages: len(messages) == 2)
    assert [one["text"].strip() for one in ticket["messages"]] == ["Once.", "And now the next."]


async def test_a_stale_write_is_refused_and_changes_nothing(stack: Stack) -> None:
    await send(stack, compose("Two agents at once", "Hello.\n", "gil@example.org"))
    async with stack.desk() as desk:
        ticket = await ticket_about(desk, "Two agents at once", queue=bool)
        url = f"/api/v1/tickets/{ticket['id']}"
        seen = (await desk.get(url)).headers["etag"]
        assert (await desk.patch(url, json={"priority": "high"}, headers={"If-Match": seen})).status_code == 200
        stale = await desk.patch(url, json={"priority": "low"}, headers={"If-Match": seen})
        assert stale.status_code == 412
        assert stale.headers["content-type"] == "application/problem+json"
        assert stale.json()["type"] == "urn:postroom:problem:stale"
        assert (await desk.get(url)).json()["priority"] == "high"


async def test_search_finds_words_in_any_script(stack: Stack) -> None:
    text = "سلام، می‌خواهم اشتراکم را لغو کنم. 我想取消订阅。 Grüße aus Köln\n"
    await send(stack, compose("Kündigung", text, "hana@example.org"))
    async with stack.desk() as desk:
        await ticket_about(desk, "Kündigung")
        for words in ("取消", "اشتراکم لغو", "اشتراكم", "köln", "koln grusse", "hana@example.org"):
            found = (await desk.get("/api/v1/tickets", params={"q": words})).json()["items"]
            assert [one["subject"] for one in found] == ["Kündigung"], words
        assert (await desk.get("/api/v1/tickets", params={"q": "取消 nowhere"})).json()["items"] == []


def test_smtp_refuses_what_it_must(stack: Stack) -> None:
    with smtplib.SMTP("127.0.0.1", stack.smtp_port, timeout=20) as smtp:
        smtp.ehlo("tester.example.org")
        smtp.mail("a@example.org")
        code, text = smtp.rcpt("nobody@example.com")
        assert (code, text[:5]) == (550, b"5.1.1")
        limit = int(smtp.esmtp_features["size"])
        code, text = smtp.docmd("RSET")
        code, text = smtp.docmd(f"MAIL FROM:<a@example.org> SIZE={limit + 1}")
        assert (code, text[:5]) == (552, b"5.3.4")


@pytest.mark.parametrize(
    "raw",
    [
        b"\r\n",
        b"no headers at all\r\n",
        b"\x00\xff\xfe\r\n\r\n\x80\x81",
        b"From: @@@\r\nContent-Type: multipart/mixed\r\n\r\nx",
    ],
    ids=["empty", "no headers", "binary", "multipart without boundary"],
)
async def test_broken_mail_becomes_a_readable_ticket(stack: Stack, raw: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", stack.smtp_port, timeout=20) as smtp:
        smtp.ehlo()
        smtp.mail("broken@example.org")
        smtp.rcpt("support@example.com")
        code, text = smtp.data(raw)
    assert code == 250
    contact = text.decode().split()[-1]
    async with stack.desk() as desk:

        async def look() -> httpx.Response:
            return await desk.get(f"/api/v1/messages/{contact}/raw")

        response = await until(look, lambda answer: answer.status_code == 200, f"message {contact}")
        assert response.content.rstrip() == raw.rstrip()


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/api/v1/tickets/999999", None, 404),
        ("GET", "/api/v1/tickets?limit=0", None, 422),
        ("GET", "/api/v1/tickets?cursor=nonsense", None, 422),
        ("POST", "/api/v1/tickets/1/replies", {"text": " "}, 422),
        ("PATCH", "/api/v1/tickets/1", {"status": "gone"}, 422),
        ("PATCH", "/api/v1/tickets/1", {"stauts": "open"}, 422),
        ("PATCH", "/api/v1/tickets/1", {"queue": "nowhere"}, 422),
        ("PUT", "/api/v1/settings/schedule/x", {"name": "x", "timezone": "Mars/Base", "hours": []}, 422),
        ("PUT", "/api/v1/settings/mailbox/x", {"address": "support@example.com", "name": "x"}, 422),
        ("DELETE", "/api/v1/settings/queue/billing", None, 409),
    ],
)
async def test_bad_requests_are_problems(
    stack: Stack, method: str, path: str, body: dict[str, Any] | None, status: int
) -> None:
    async with stack.desk() as desk:
        response = await desk.request(method, path, json=body)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["detail"]


async def test_nothing_without_a_token(stack: Stack) -> None:
    async with stack.plain(stack.desk_url) as nobody:
        for path in ("/api/v1/tickets", "/api/v1/agents", "/api/v1/settings/mailbox", "/api/v1/analytics/summary"):
            assert (await nobody.get(path)).status_code == 401, path
        assert (await nobody.get("/")).url.path == "/login"


async def test_one_mail_is_one_trace_in_every_event(stack: Stack) -> None:
    await send(stack, compose("Trace me", "Hello.\n", "ida@example.org"))
    async with stack.desk() as desk:
        ticket = await ticket_about(desk, "Trace me", queue=bool, clocks=bool)
    await sent_to(stack, "ida@example.org", "Trace me")
    topics = ["inbound", "contacts", "tickets", "routing", "sla", "delivery"]

    async def traces() -> dict[str, set[str]]:
        records = await read_topics(
            stack.environ["POSTROOM_KAFKA_URL"], [f"{stack.environ['POSTROOM_NAMESPACE']}.{topic}" for topic in topics]
        )
        contact = ticket["messages"][0]["id"]
        found: dict[str, set[str]] = {}
        for record in records:
            if record.headers.get("ce_subject") in (ticket["id"], contact):
                found.setdefault(record.topic, set()).add(record.headers["traceparent"][3:35])
        return found

    found = await until(traces, lambda told: len(told) == len(topics), "events on every topic")
    assert len(set.union(*found.values())) == 1, found
