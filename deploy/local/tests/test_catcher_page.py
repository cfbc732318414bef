"""The catcher as a process of its own: its start and end, and its page in a real browser."""

import asyncio
import os
import re
import signal
import smtplib
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

CHROMIUM = Path("/usr/bin/chromium")
needs_browser = pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium here")


@dataclass(frozen=True)
class Running:
    process: asyncio.subprocess.Process
    smtp_port: int
    url: str

    async def send(self, *mails: EmailMessage) -> None:
        def deliver() -> None:
            with smtplib.SMTP("127.0.0.1", self.smtp_port) as client:
                for mail in mails:
                    client.send_message(mail, "us@example.com", ["a@example.com"])

        await asyncio.to_thread(deliver)

    async def end(self, by: signal.Signals) -> int:
        if self.process.returncode is None:
            self.process.send_signal(by)
        return await self.process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


async def launch(**env: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "postroom_local.catcher",
        env=os.environ | env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def start(home: Path) -> Running:
    http, smtp = free_port(), free_port()
    process = await launch(POSTROOM_HOME=str(home), POSTROOM_HTTP_PORT=str(http), POSTROOM_CATCHER_SMTP_PORT=str(smtp))
    assert process.stdout is not None
    line = await process.stdout.readline()
    assert f":{http}/".encode() in line, (line, await process.communicate())
    return Running(process, smtp, f"http://127.0.0.1:{http}")


@pytest.fixture
async def catcher(tmp_path: Path) -> AsyncIterator[Running]:
    running = await start(tmp_path)
    yield running
    await running.end(signal.SIGKILL)


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"],
        )
        yield chromium
        await chromium.close()


def letter(subject: str, text: str = "words", html: str = "") -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = subject, "Support <us@example.com>", "Ann <a@example.com>"
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    return mail


async def test_what_got_a_250_survives_kill_9(tmp_path: Path) -> None:
    first = await start(tmp_path)
    await first.send(letter("kept"))
    await first.end(signal.SIGKILL)
    second = await start(tmp_path)
    async with httpx.AsyncClient(base_url=second.url) as http:
        listing = (await http.get("/api/v1/messages")).json()
    assert await second.end(signal.SIGTERM) == 0
    assert [m["Subject"] for m in listing["messages"]] == ["kept"]


async def test_a_wrong_setting_is_one_line_and_an_exit_code(tmp_path: Path) -> None:
    process = await launch(POSTROOM_HOME=str(tmp_path), POSTROOM_CATCHER_SMTP_PORT="none")
    out, error = await process.communicate()
    assert (process.returncode, out) == (2, b"")
    assert error.decode().splitlines() == ["POSTROOM_CATCHER_SMTP_PORT: 'none' is not a port number from 1 to 65535"]


async def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = await launch(
            POSTROOM_HOME=str(tmp_path), POSTROOM_HTTP_PORT=str(port), POSTROOM_CATCHER_SMTP_PORT=str(free_port())
        )
        _, error = await process.communicate()
    assert process.returncode == 2
    assert re.fullmatch(rf"POSTROOM_HTTP_PORT: cannot listen on 127\.0\.0\.1:{port} \(.*\)\n", error.decode())


@needs_browser
async def test_mail_appears_by_itself_and_can_be_read_searched_and_deleted(catcher: Running, browser: Browser) -> None:
    page = await browser.new_page()
    await page.goto(catcher.url)
    await expect(page.locator("#nothing")).to_contain_text("No mail yet")
    rtl = letter("درخواست شما", "سلام\n")
    rtl.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="فاکتور.pdf")
    await catcher.send(letter("您好 order", html="<p>rich <b>words</b></p>"), rtl)
    rows = page.locator("#list a")
    await expect(rows).to_have_count(2)
    assert await rows.first.locator(".subject").get_attribute("dir") == "auto"

    await rows.first.click()
    await expect(page.locator("#subject")).to_have_text("درخواست شما")
    await expect(page.locator("#files a")).to_contain_text("فاکتور.pdf")
    await expect(page.locator("#panel pre")).to_have_text("سلام\n")
    await page.locator("[data-view=headers]").click()
    await expect(page.locator("#panel pre")).to_contain_text("Mime-Version: 1.0")

    await page.locator("#search").fill("subject:您好")
    await expect(rows).to_have_count(1)
    await rows.first.click()
    await page.locator("[data-view=html]").click()
    await expect(page.frame_locator("#panel iframe").locator("b")).to_have_text("words")
    await page.locator("#remove").click()
    await expect(page.locator("#nothing")).to_contain_text("Nothing found")
    await page.locator("#search").fill("")
    await expect(page.locator("#counts")).to_have_text("1 mail")
    await page.close()


class Canary:
    """A web server that only counts who comes."""

    def __init__(self) -> None:
        self.visits: list[bytes] = []

    async def __aenter__(self) -> "Canary":
        self._server = await asyncio.start_server(self._visit, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits.append(await reader.readline())
        writer.write(b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<h1>evil</h1>")
        writer.close()


def hostile(canary: str) -> str:
    return f"""<head><meta http-equiv="refresh" content="0;url={canary}/refresh"><base href="{canary}/">
    <link rel="stylesheet" href="{canary}/css"><script src="{canary}/script"></script></head>
    <body onload="fetch('{canary}/onload')"><script>fetch('{canary}/inline'); alert(1);
    parent.document.body.textContent = 'taken'</script><img src="{canary}/pixel"><img src=x onerror="alert(2)">
    <svg onload="alert(3)"></svg><iframe src="{canary}/frame"></iframe><object data="{canary}/object"></object>
    <div style="background:url({canary}/background)">seen</div>
    <form id="f" action="{canary}/form"><button>send</button></form>
    <a id="run" href="javascript:alert(4)">run</a></body>"""


async def watched(browser: Browser) -> tuple[Page, list[str]]:
    page = await browser.new_page()
    dialogs: list[str] = []

    async def note(dialog: object) -> None:
        dialogs.append(dialog.message)  # type: ignore[attr-defined]
        await dialog.dismiss()  # type: ignore[attr-defined]

    page.on("dialog", note)
    return page, dialogs


@needs_browser
async def test_a_hostile_mail_runs_nothing_and_loads_nothing(catcher: Running, browser: Browser) -> None:
    async with Canary() as canary:
        page, dialogs = await watched(browser)
        name = '<img src=x onerror="alert(5)">'
        mail = letter(name, name, hostile(canary.url))
        mail.add_attachment(b"x", maintype="image", subtype="svg+xml", filename=name)
        await catcher.send(mail)
        await page.goto(catcher.url)
        await page.locator("#list a").click()
        await page.locator("[data-view=html]").click()
        frame = page.frame_locator("#panel iframe")
        await expect(frame.locator("div")).to_have_text("seen")
        await frame.locator("button").click()
        await frame.locator("#run").click()
        await page.locator("[data-view=text]").click()
        await expect(page.locator("#panel pre")).to_have_text(f"{name}\n")
        await expect(page.locator("#subject")).to_have_text(name)

        # The page of the mail opened by itself is held as tightly.
        mail_id = page.url.rpartition("/")[2]
        await page.goto(f"{catcher.url}/view/{mail_id}.html", wait_until="load")
        await expect(page.locator("div")).to_have_text("seen")
        assert (dialogs, canary.visits) == ([], [])
        await page.close()


@needs_browser
async def test_the_hostile_mail_would_run_if_it_could(browser: Browser) -> None:
    async with Canary() as canary:
        page, dialogs = await watched(browser)
        await page.set_content(hostile(canary.url), wait_until="commit")
        await page.wait_for_url(f"{canary.url}/refresh")
        assert dialogs
        assert canary.visits
        await page.close()
