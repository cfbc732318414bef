"""A real browser, where this machine has one."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import ConsoleMessage, Page, async_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


def _is_error(message: ConsoleMessage) -> bool:
    """An error of the page; a refused log-in is told by the browser too, but is none."""
    return message.type == "error" and not message.text.startswith("Failed to load resource")


@asynccontextmanager
async def page(**options: object) -> AsyncIterator[Page]:
    """A page in headless Chromium; whatever it reports as an error fails the test."""
    errors: list[str] = []
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        opened = await chromium.new_page(**options)  # type: ignore[arg-type]
        opened.on("pageerror", lambda error: errors.append(str(error)))
        opened.on("console", lambda message: errors.append(message.text) if _is_error(message) else None)
        opened.on("dialog", lambda dialog: errors.append(f"dialog: {dialog.message}"))
        yield opened
        await chromium.close()
    assert errors == []
